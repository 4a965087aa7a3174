#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_text.py finds planted violations of each kind, and nothing in a tree that keeps the rules."""
import subprocess
import unittest

from planted_tree import PlantedTree

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


class CheckText(PlantedTree):
    def setUp(self):
        super().setUp()
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def expect_found(self, complaint):
        code, output = self.check("check_text.py")
        self.assertEqual(code, 1, output)
        self.assertIn(complaint, output)

    def expect_clean(self):
        self.assertEqual(self.check("check_text.py"), (0, "text: ok\n"))

    def test_accepts_a_tree_that_keeps_the_rules(self):
        self.plant("base/a.hh", LICENCE + "// base/a.hh -- an a.\n// TODO(#12): more of it.\n")
        self.plant("base/a.cc", LICENCE + '#include "base/a.hh"\nstatic_assert(true);\n')
        self.plant("tests/base/a_test.cc", LICENCE + "// What an a does.\nstatic_assert(true);\n")
        self.expect_clean()

    def test_finds_a_missing_licence_line(self):
        for name in ["base/a.cc", "ci/a.py", "meson.build", "ci/script"]:
            with self.subTest(name):
                self.plant(name, "x = 1\n")
                self.expect_found(f"{name}:1: no SPDX-License-Identifier line")

    def test_asks_no_licence_line_of_documents(self):
        self.plant("README.md", "# objd\n")
        self.expect_clean()

    def test_finds_a_header_that_does_not_say_what_it_is_for(self):
        self.plant("base/a.hh", LICENCE + "#pragma once\n")
        self.expect_found('base/a.hh:2: line 2 should begin "// base/a.hh -- "')

    def test_finds_a_file_that_calls_itself_something_else(self):
        self.plant("base/a.hh", LICENCE + "// base/b.hh -- an a.\n")
        self.expect_found("base/a.hh:2: calls itself base/b.hh")

    def test_finds_a_todo_that_nobody_owns(self):
        for word in ["TODO", "FIXME", "XXX"]:
            with self.subTest(word):
                self.plant("base/a.cc", LICENCE + f"\n// {word}: later\n")
                self.expect_found(f"base/a.cc:3: not a TODO(#issue): {word}")

    def test_finds_a_reference_to_a_document_that_is_not_there(self):
        self.plant("base/a.cc", LICENCE + "// See docs/nothing.md.\n")
        self.expect_found("base/a.cc:2: there is no docs/nothing.md")
        self.plant("docs/nothing.md", "# Something\n")
        self.expect_clean()

    def test_finds_a_reference_to_a_chapter_that_is_not_there(self):
        self.plant("docs/notes/pins.md", "# Pins\n\n## Generations\n\n**Bells.** Ring.\n")
        self.plant("base/a.cc", LICENCE + '// See "Generations" in\n// docs/notes/pins.md and "Bells" in\n'
                                          "// docs/notes/pins.md.\n")
        self.expect_clean()
        self.plant("base/a.cc", LICENCE + '\n// See "Releases" in\n// docs/notes/pins.md.\n')
        self.expect_found("base/a.cc:3: docs/notes/pins.md has no chapter Releases")

    def test_finds_a_path_of_somebodys_machine(self):
        self.plant("docs/a.md", "Run it in /home/alice/objd.\n")
        self.expect_found("docs/a.md:1: a path of somebody's machine: /home/alice/o")

    def test_finds_an_assert_that_ndebug_removes_from_a_test(self):
        self.plant("tests/base/a_test.cc", LICENCE + "void f() { assert(1 == 1); }\n")
        self.expect_found("tests/base/a_test.cc:2: use EXPECT or ASSERT")

    def test_finds_a_name_that_says_nothing(self):
        self.plant("base/util.hh", LICENCE + "// base/util.hh -- this and that.\n")
        self.expect_found("says nothing in its name: util.hh")

    def test_leaves_ignored_and_binary_files_alone(self):
        self.plant(".gitignore", "/build/\n")
        self.plant("build/a.cc", "no licence\n")
        (self.root / "tests").mkdir()
        (self.root / "tests" / "corpus.bin").write_bytes(b"\xff\xfe\x00TODO")
        self.expect_clean()


if __name__ == "__main__":
    unittest.main()
