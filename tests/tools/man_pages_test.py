#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual page of libobj against obj.h: prototypes, statuses, and an example that compiles.

Usage: man_pages_test.py OBJ_H LIBOBJ_SCD COMPILER...
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HEADER, PAGE, *COMPILER = sys.argv[1:]


def squeezed(text):
    """`text` as C sees its blanks: one where there are some, none inside brackets."""
    return re.sub(r"\(\s+", "(", re.sub(r"\s+", " ", text)).strip()


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def literal_blocks(page):
    """What stands between two lines of ```; a backslash escapes the next character there."""
    blocks = re.findall(r"^```\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(r"\\(.)", r"\1", block) for block in blocks]


class LibobjPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.header = without_comments(pathlib.Path(HEADER).read_text())
        cls.page = pathlib.Path(PAGE).read_text()
        cls.prototypes = [
            squeezed(found[0])
            for found in re.finditer(r"^[a-z][^;{}#]*?\bobj_\w+\([^;{}]*\);", cls.header, re.MULTILINE)
        ]

    def test_finds_the_functions_of_the_header(self):
        names = {re.search(r"(obj_\w+)\(", prototype)[1] for prototype in self.prototypes}
        self.assertEqual(names, set(re.findall(r"\b(obj_\w+)\(", self.header)))
        self.assertGreater(len(names), 30)

    def test_has_every_prototype_as_it_is(self):
        shown = squeezed(" ".join(literal_blocks(self.page)))
        for prototype in self.prototypes:
            with self.subTest(prototype):
                self.assertIn(prototype, shown)

    def test_has_no_function_that_the_header_lacks(self):
        known = set(re.findall(r"\b(obj_\w+)\(", self.header))
        shown = set(re.findall(r"\b(obj_\w+)\(", " ".join(literal_blocks(self.page))))
        self.assertEqual(shown - known, set())

    def test_explains_every_status(self):
        prose = re.sub(r"^```\n.*?^```$", "", self.page, flags=re.DOTALL | re.MULTILINE)
        statuses = re.findall(r"\bOBJ_E\w+(?= = -)", self.header)
        self.assertGreater(len(statuses), 10)
        for name in statuses:
            self.assertIn(f"*{name}*", prose)

    def test_has_an_example_that_compiles(self):
        program = next(block for block in literal_blocks(self.page) if "int main" in block)
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "example.c")
            source.write_text(program)
            include = pathlib.Path(HEADER).parent.parent
            subprocess.run([*COMPILER, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{include}",
                            "-fsyntax-only", str(source)], check=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
