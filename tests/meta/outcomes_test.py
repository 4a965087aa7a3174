#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The counts that ci/test prints: no failure, crash, hang or unexpected skip gets lost on the way."""
import json
import unittest

import planted_tree  # noqa: F401 -- makes the modules in ci/ importable
import expected_skips
import outcomes
from outcomes import Outcome

GTEST = """[==========] Running 3 tests from 1 test suite.
[ RUN      ] Ring.wraps
[       OK ] Ring.wraps (3 ms)
[ RUN      ] Ring.maps
../tests/ring_test.cc:7: Skipped
needs root
[  SKIPPED ] Ring.maps (0 ms)
[ RUN      ] All/Ring.fits/2
[  FAILED  ] All/Ring.fits/2, where GetParam() = 4-byte object <00> (1 ms)
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Ring.maps
[  FAILED  ] 1 test, listed below:
[  FAILED  ] All/Ring.fits/2, where GetParam() = 4-byte object <00>
"""
PASSING = "[ RUN      ] Ring.wraps\n[       OK ] Ring.wraps (3 ms)\n"


def meson(result, stdout=""):
    record = {"name": "objd:unit / base/ring", "result": result, "stdout": stdout}
    return outcomes.of_meson_log(json.dumps(record) + "\n")


class MesonLog(unittest.TestCase):
    def test_counts_each_case_once(self):
        self.assertEqual([(case.kind, case.test) for case in meson("FAIL", GTEST)],
                         [("pass", "base/ring/Ring.wraps"), ("skip", "base/ring/Ring.maps"),
                          ("fail", "base/ring/All/Ring.fits/2")])

    def test_keeps_the_reason_of_a_skip(self):
        self.assertIn("needs root", meson("FAIL", GTEST)[1].reason)

    def test_counts_a_crash_although_all_cases_so_far_passed(self):
        for result in ["FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"]:
            with self.subTest(result):
                self.assertEqual(meson(result, PASSING)[-1],
                                 Outcome("fail", "base/ring", result.lower()))

    def test_counts_a_test_of_another_kind_as_one(self):
        self.assertEqual(meson("OK"), [Outcome("pass", "base/ring")])
        self.assertEqual(meson("SKIP", "no device\n"), [Outcome("skip", "base/ring", "no device")])
        self.assertEqual(meson("FAIL"), [Outcome("fail", "base/ring", "fail")])


class WholeTier(unittest.TestCase):
    def test_lines_round_trip(self):
        self.assertEqual(outcomes.parse("pass a\nskip b no such device\n"),
                         [Outcome("pass", "a"), Outcome("skip", "b", "no such device")])

    def test_line_that_is_no_outcome_is_a_failure(self):
        for line in ["hello world", "pass"]:
            with self.subTest(line):
                self.assertEqual(outcomes.parse(line + "\n")[0].kind, "fail")

    def test_failed_build_is_a_failure(self):
        self.assertEqual(outcomes.of_tier([], 1, 77)[0].kind, "fail")

    def test_exit_code_counts_although_all_cases_passed(self):
        found = outcomes.of_tier([Outcome("pass", "a")], 1, 77)
        self.assertEqual(outcomes.summary(found), "1 passed, 1 failed, 0 skipped")

    def test_failure_is_not_counted_twice(self):
        found = outcomes.of_tier([Outcome("fail", "a")], 1, 77)
        self.assertEqual(outcomes.summary(found), "0 passed, 1 failed, 0 skipped")

    def test_silent_success_is_one_pass_and_exit_code_77_one_skip(self):
        self.assertEqual(outcomes.summary(outcomes.of_tier([], 0, 77)),
                         "1 passed, 0 failed, 0 skipped")
        self.assertEqual(outcomes.summary(outcomes.of_tier([], 77, 77)),
                         "0 passed, 0 failed, 1 skipped")


class ExpectedSkips(unittest.TestCase):
    RULES = expected_skips.parse("# a comment\n\nalways * base/ring/Ring.ma* -- needs root\n")

    def judge(self, *found):
        return expected_skips.judge(self.RULES, "release", found)

    def test_expected_skip_stays_a_skip(self):
        skip = Outcome("skip", "base/ring/Ring.maps", "needs root")
        self.assertEqual(self.judge(skip), [skip])

    def test_unexpected_skip_becomes_a_failure(self):
        self.assertEqual(self.judge(Outcome("skip", "base/ring/Ring.wraps"))[0].kind, "fail")

    def test_pass_where_a_skip_is_expected_becomes_a_failure(self):
        self.assertEqual(self.judge(Outcome("pass", "base/ring/Ring.maps"))[0].kind, "fail")

    def test_rule_of_another_tier_does_not_count(self):
        rules = expected_skips.parse("always tsan base/* -- too slow\n")
        skip = Outcome("skip", "base/ring")
        self.assertEqual(expected_skips.judge(rules, "asan", [skip])[0].kind, "fail")
        self.assertEqual(expected_skips.judge(rules, "tsan", [skip]), [skip])

    def test_rule_that_names_no_test_becomes_a_failure(self):
        found = {"release": [Outcome("pass", "base/other")]}
        self.assertEqual(len(expected_skips.unused(self.RULES, found)), 1)
        found["asan"] = [Outcome("skip", "base/ring/Ring.maps")]
        self.assertEqual(expected_skips.unused(self.RULES, found), [])

    def test_rule_without_a_reason_or_of_an_unknown_condition_is_refused(self):
        for line in ["always * base/ring", "sometimes * base/ring -- for fun"]:
            with self.subTest(line), self.assertRaises(ValueError):
                expected_skips.parse(line)


if __name__ == "__main__":
    unittest.main()
