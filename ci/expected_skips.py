# SPDX-License-Identifier: Apache-2.0
"""Which tests may be skipped on this machine: a skip that nobody expects is a failure, and so is an
expected one that did not happen, since the list then promises less than what runs."""
import collections
import fnmatch
import os
import pathlib
import re
import shutil
import tempfile

from outcomes import Outcome

Rule = collections.namedtuple("Rule", "condition tier test")


def cpu_has(flag):
    return flag in pathlib.Path("/proc/cpuinfo").read_text().split()


def huge_pages_free():
    pools = pathlib.Path("/sys/kernel/mm/hugepages").glob("*/free_hugepages")
    return any(int(pool.read_text()) > 0 for pool in pools)


def rdma_device_up():
    """One with a port that is up; see tests/rxe/."""
    states = pathlib.Path("/sys/class/infiniband").glob("*/ports/*/state")
    return any("ACTIVE" in state.read_text() for state in states)


def room_for_large_file():
    """As tests/tools/large_file_test.sh asks for it."""
    meminfo = pathlib.Path("/proc/meminfo").read_text()
    available_kib = int(re.search(r"^MemAvailable:\s+(\d+)", meminfo, re.MULTILINE)[1])
    disk_bytes = shutil.disk_usage(tempfile.gettempdir()).free
    return available_kib >= 4 << 20 and disk_bytes >= 3 << 30


CONDITIONS = {
    "always": lambda: True,
    "unprivileged": lambda: os.geteuid() != 0,
    "no-avx2": lambda: not cpu_has("avx2"),
    "no-avx512": lambda: not cpu_has("avx512f"),
    "no-huge-pages": lambda: not huge_pages_free(),
    "no-rdma": lambda: not rdma_device_up(),
    "little-room": lambda: not room_for_large_file(),
}


def parse(text):
    """The rules in `text`; "CONDITION TIER TEST -- REASON", # begins a comment."""
    rules = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        rule, separator, reason = line.partition(" -- ")
        if not separator or not reason:
            raise ValueError(f"no reason in: {line}")
        condition, tier, test = rule.split()
        if condition not in CONDITIONS:
            raise ValueError(f"no condition {condition} in: {line}")
        rules.append(Rule(condition, tier, test))
    return rules


def load(path):
    """The rules that hold on this machine."""
    return [rule for rule in parse(path.read_text()) if CONDITIONS[rule.condition]()]


def rules_for(rules, tier, outcome):
    return [rule for rule in rules if fnmatch.fnmatchcase(tier, rule.tier)
            and fnmatch.fnmatchcase(outcome.test, rule.test)]


def judge_one(rules, tier, outcome):
    expected = bool(rules_for(rules, tier, outcome))
    if outcome.kind == "skip" and not expected:
        return Outcome("fail", outcome.test, f"skipped: {outcome.reason}")
    if outcome.kind == "pass" and expected:
        return Outcome("fail", outcome.test, "ran, but expected_skips.txt says that it cannot here")
    return outcome


def judge(rules, tier, found):
    """`found`, with skips that nobody expects, and passes where a skip was, turned into failures."""
    return [judge_one(rules, tier, outcome) for outcome in found]


def unused(rules, found_by_tier):
    """A failure for each rule that names no test of any tier (after a run of all of them)."""
    used = {rule for tier, found in found_by_tier.items() for outcome in found
            for rule in rules_for(rules, tier, outcome)}
    return [Outcome("fail", rule.test, "is in expected_skips.txt but there is no such test")
            for rule in rules if rule not in used]
