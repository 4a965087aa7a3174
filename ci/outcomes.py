# SPDX-License-Identifier: Apache-2.0
"""What became of test cases: the lines that tiers report, and how Meson's logs become such lines.

A line is "pass TEST", "fail TEST [REASON]" or "skip TEST [REASON]"; TEST has no spaces.
Usage: outcomes.py MESON_TESTLOG.json >> $CI_RESULTS
"""
import collections
import json
import re
import sys

Outcome = collections.namedtuple("Outcome", "kind test reason", defaults=[""])

# GoogleTest, e.g. "[  FAILED  ] Suite.case, where GetParam() = 3 (1 ms)". The lists at the end of its
# output carry no time.
CASE = re.compile(r"^\[ +(RUN|OK|SKIPPED|FAILED) +\] ([^\s,]+)(?:,.*)?(?: \(\d+ ms\))?$")
TIMED = re.compile(r" \(\d+ ms\)$")
REASON_MAX = 300
KINDS = {"OK": "pass", "SKIPPED": "skip", "FAILED": "fail"}


def parse_line(line):
    kind, _, rest = line.partition(" ")
    if kind not in KINDS.values() or not rest:
        return Outcome("fail", "results", f"no outcome: {line[:REASON_MAX]}")
    test, _, reason = rest.partition(" ")
    return Outcome(kind, test, reason)


def parse(text):
    return [parse_line(line) for line in text.splitlines() if line]


def of_tier(found, exit_code, skipped_code):
    """`found`, and what the exit code of the whole tier adds to it."""
    if exit_code == skipped_code:
        return found + [Outcome("skip", "tier", "exit code 77")]
    if exit_code != 0 and not any(outcome.kind == "fail" for outcome in found):
        return found + [Outcome("fail", "tier", f"exit code {exit_code}")]
    return found or [Outcome("pass", "tier")]


def summary(found):
    count = collections.Counter(outcome.kind for outcome in found)
    return f"{count['pass']} passed, {count['fail']} failed, {count['skip']} skipped"


def gtest_cases(output):
    """The cases of one GoogleTest run, in order, with the first lines that those not passed printed."""
    cases = []
    lines = output.splitlines()
    since = 0
    for number, line in enumerate(lines):
        match = CASE.match(line)
        if not match:
            continue
        if match[1] == "RUN":
            since = number
        elif TIMED.search(line):
            said = [] if match[1] == "OK" else lines[since + 1:number]
            cases.append(Outcome(KINDS[match[1]], match[2], "; ".join(said)[:REASON_MAX]))
    return cases


def of_meson_test(record):
    """One line of Meson's testlog.json as outcomes."""
    name = record["name"].split(" / ")[-1].replace(" ", "_")
    result = record["result"]
    cases = [case._replace(test=f"{name}/{case.test}")
             for case in gtest_cases(record.get("stdout", ""))]
    if result in {"OK", "EXPECTEDFAIL"}:
        return cases or [Outcome("pass", name)]
    if result == "SKIP":
        reason = record.get("stdout", "").strip().splitlines()[-1:]
        return cases or [Outcome("skip", name, " ".join(reason))]
    if any(case.kind == "fail" for case in cases):
        return cases
    # It crashed, hung or failed outside a case.
    return cases + [Outcome("fail", name, result.lower())]


def of_meson_log(text):
    return [outcome for line in text.splitlines() if line.strip()
            for outcome in of_meson_test(json.loads(line))]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as log:
        for outcome in of_meson_log(log.read()):
            print(*outcome)
