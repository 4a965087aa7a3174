#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tiers in ci/tiers/ one after the other and adds up what they report.

A tier is an executable file. It writes one line per test case to the file $CI_RESULTS (see
ci/outcomes.py); its output goes to build/ci-logs/NAME.log. Its second comment line says what it is
for, and "# time limit: N s", if there, how long it may take.
Called by ci/test, which explains the arguments.
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import expected_skips
import outcomes

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "ci-logs"
LIMIT_SECONDS = 900
TAIL_LINES = 60
SKIPPED = 77  # exit code, as in Meson


class Tier:
    def __init__(self, path):
        text = path.read_text()
        limit = re.search(r"^# time limit: (\d+) s$", text, re.MULTILINE)
        self.path = path
        self.name = path.name.split("-", 1)[1]
        self.purpose = re.search(r"^# \S+ -- (.*)$", text, re.MULTILINE)[1]
        self.limit_seconds = int(limit[1]) if limit else LIMIT_SECONDS
        self.log = LOGS / f"{self.name}.log"


def all_tiers():
    return [Tier(path) for path in sorted((ROOT / "ci" / "tiers").iterdir())]


def execute(tier, results_path):
    """The tier's exit code; -1 if it took too long. Whatever it started is gone afterwards."""
    environment = {**os.environ, "CI_RESULTS": results_path, "CI_TIER": tier.name}
    with tier.log.open("wb") as log:
        process = subprocess.Popen([tier.path], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return process.wait(tier.limit_seconds)
        except subprocess.TimeoutExpired:
            log.write(f"\ntier took longer than {tier.limit_seconds} s\n".encode())
            return -1
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def run(tier):
    """The tier's outcomes, at least one."""
    with tempfile.NamedTemporaryFile(mode="r") as results:
        code = execute(tier, results.name)
        found = outcomes.parse(results.read())
    return outcomes.of_tier(found, code, SKIPPED)


def report(tier, found, seconds):
    print(f"{outcomes.summary(found)} ({seconds:.0f} s)", flush=True)
    failures = [outcome for outcome in found if outcome.kind == "fail"]
    for outcome in failures:
        print(f"    FAILED {outcome.test}  {outcome.reason}")
    if failures:
        print(f"    ---- end of {tier.log.relative_to(ROOT)}")
        for line in tier.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]:
            print(f"    {line}")
        print("    ----", flush=True)


def choose(names):
    tiers = all_tiers()
    unknown = set(names) - {tier.name for tier in tiers}
    if unknown:
        sys.exit(f"ci/test: no tier {', '.join(sorted(unknown))}; see ci/test --list")
    return [tier for tier in tiers if not names or tier.name in names]


def main():
    parser = argparse.ArgumentParser(prog="ci/test")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--tier", action="append", default=[])
    arguments = parser.parse_args()
    tiers = choose(arguments.tier)
    if arguments.list:
        for tier in tiers:
            print(f"{tier.name:12} {tier.purpose}")
        return 0

    LOGS.mkdir(parents=True, exist_ok=True)
    rules = expected_skips.load(ROOT / "ci" / "expected_skips.txt")
    found_by_tier = {}
    started = time.monotonic()
    for number, tier in enumerate(tiers, 1):
        print(f"[{number:2}/{len(tiers)}] {tier.name:12} ", end="", flush=True)
        tier_started = time.monotonic()
        found = expected_skips.judge(rules, tier.name, run(tier))
        report(tier, found, time.monotonic() - tier_started)
        found_by_tier[tier.name] = found
    everything = [outcome for found in found_by_tier.values() for outcome in found]
    if not arguments.tier:
        stale = expected_skips.unused(rules, found_by_tier)
        for outcome in stale:
            print(f"FAILED {outcome.test}  {outcome.reason}")
        everything += stale
    print(f"{len(tiers)} tiers in {time.monotonic() - started:.0f} s; logs in "
          f"{LOGS.relative_to(ROOT)}/")
    print(outcomes.summary(everything))
    return int(any(outcome.kind == "fail" for outcome in everything))


if __name__ == "__main__":
    sys.exit(main())
