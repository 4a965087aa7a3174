#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program's --help against its manual pages and its completion: none lacks an option of another.

Usage: reference_test.py PROGRAM COMPLETION MANUAL_PAGE...
"""
import pathlib
import re
import subprocess
import sys
import unittest

PROGRAM, COMPLETION, *PAGES = sys.argv[1:]


def help_of(*command):
    done = subprocess.run([PROGRAM, *command, "--help"], check=True, text=True, capture_output=True)
    # Examples and other prose behind the lists may name options of other programs.
    return done.stdout.split("\nExamples:")[0]


def options_of(text):
    """The long options that a list in a help text defines, one a line."""
    options = set()
    for line in text.splitlines():
        found = re.match(r"\s+((?:-\w,)?--[\w-]+(?:,--[\w-]+)*)", line)
        if found:
            options.update(re.findall(r"--[\w-]+", found[1]))
    return options


def subcommands_of(text):
    block = re.search(r"^Subcommands:\n((?:  .*\n)+)", text + "\n", re.MULTILINE)
    return re.findall(r"^  (\w+)", block[1], re.MULTILINE) if block else []


def completed(*words):
    """What bash would offer after these words."""
    line = " ".join((pathlib.Path(PROGRAM).name, *words))
    script = f"""
      source "$1"
      COMP_LINE=$2 COMP_POINT=${{#2}} COMP_WORDS=($2) COMP_CWORD={len(words)}
      _{pathlib.Path(PROGRAM).name}
      printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, line], check=True, text=True,
                          capture_output=True)
    return set(done.stdout.split())


class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = "\n".join(pathlib.Path(page).read_text() for page in PAGES)
        cls.top = help_of()
        cls.commands = {name: help_of(name) for name in subcommands_of(cls.top)}

    def test_help_can_be_read(self):
        self.assertIn("--help", options_of(self.top))
        self.assertIn("--version", options_of(self.top))

    def test_manual_pages_have_every_option_and_command(self):
        for text in (self.top, *self.commands.values()):
            for option in options_of(text):
                self.assertTrue(f"*{option}*" in self.pages, f"{option} is in no manual page")
        for command in self.commands:
            self.assertTrue(f"*{command}*" in self.pages, f"{command} is in no manual page")

    def test_manual_pages_have_no_option_that_does_not_exist(self):
        known = options_of(self.top).union(*map(options_of, self.commands.values()))
        shown = set(re.findall(r"\*(--[a-z][\w-]*)\*", self.pages))
        self.assertEqual(shown - known, set())

    def test_completion_offers_every_option_and_command(self):
        self.assertEqual(completed("--"), options_of(self.top))
        for command, text in self.commands.items():
            with self.subTest(command):
                self.assertIn(command, completed(command[:2]))
                self.assertLessEqual(options_of(text), completed(command, "--"))

    def test_completion_offers_no_option_that_does_not_exist(self):
        for command, text in self.commands.items():
            with self.subTest(command):
                self.assertLessEqual(completed(command, "--"),
                                     options_of(text) | options_of(self.top))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
