#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file lacks its licence line or header, or speaks of what is not there.

Each check is a function of a file's name and text that yields (line number, complaint).
Usage: check_text.py [root]
"""
import bisect
import pathlib
import re
import subprocess
import sys

SOURCE = {".c", ".cc", ".h", ".hh", ".py", ".sh", ".build", ".scd", ""}
UNCHECKED = {"LICENSE", ".gitignore", "ci/check_text.py", "tests/meta/check_text_test.py"}
UNCHECKED_FOLDER = "tests/fuzz/corpus/"  # bytes for fuzzers, some of which happen to be text

UNOWNED_TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))")
DOCUMENT = re.compile(r"(?<![\w/.-])docs/[\w./-]*\w")
CHAPTER = re.compile(r'"([^"]+)"\s+in\s+(docs/[\w./-]+\.md)')
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home/\w+|root)/\w")
PLAIN_ASSERT = re.compile(r"(?<!\w)assert\(")
VAGUE_NAMES = {"util", "utils", "common", "helper", "helpers", "misc"}


def by_line(text, pattern, complaint):
    for number, line in enumerate(text.splitlines(), 1):
        for match in pattern.finditer(line):
            yield number, f"{complaint}: {match[0]}"


def licence(name, text, _root):
    path = pathlib.PurePosixPath(name)
    if path.suffix in SOURCE and "SPDX-License-Identifier: Apache-2.0" not in text[:200]:
        yield 1, "no SPDX-License-Identifier line"


def header(name, text, _root):
    """Line 2 of a header is "// path -- purpose"; where another file has one, it is its own."""
    lines = text.splitlines() + ["", ""]
    named = re.match(r"(?://|#) (\S+) -- \S", lines[1])
    if named and "/" in named[1] and named[1] != name:
        yield 2, f"calls itself {named[1]}"
    if not named and name.endswith(".hh"):
        yield 2, f'line 2 should begin "// {name} -- "'


def unowned_todo(name, text, _root):
    yield from by_line(text, UNOWNED_TODO, "not a TODO(#issue)")


def machine_path(name, text, _root):
    yield from by_line(text, MACHINE_PATH, "a path of somebody's machine")


def plain_assert(name, text, _root):
    """They vanish under NDEBUG, and the test then passes whatever happens."""
    if name.startswith("tests/") and not name.endswith(".py"):
        yield from by_line(text, PLAIN_ASSERT, "use EXPECT or ASSERT")


def vague_name(name, _text, _root):
    for part in pathlib.PurePosixPath(name).parts:
        if part.split(".")[0] in VAGUE_NAMES:
            yield 1, f"says nothing in its name: {part}"


def missing_document(name, text, root):
    for number, line in enumerate(text.splitlines(), 1):
        for match in DOCUMENT.finditer(line):
            if not (root / match[0]).exists():
                yield number, f"there is no {match[0]}"


def unwrapped(text):
    """`text` as one line, and the offset in it at which each line of `text` begins."""
    whole, starts = "", []
    for line in text.splitlines():
        starts.append(len(whole))
        whole += re.sub(r"^\s*(//|#|\*)?\s*", "", line) + " "
    return whole, starts


def has_chapter(document, title):
    """As a heading, or as the bold words that a paragraph begins with."""
    begins = rf"^(#+ {re.escape(title)}$|\*\*{re.escape(title)}\.?\*\*)"
    return re.search(begins, document.read_text(), re.MULTILINE)


def missing_chapter(name, text, root):
    whole, starts = unwrapped(text)
    for match in CHAPTER.finditer(whole):
        document = root / match[2]
        if document.exists() and not has_chapter(document, match[1]):
            yield bisect.bisect(starts, match.start()), f"{match[2]} has no chapter {match[1]}"


CHECKS = [licence, header, unowned_todo, machine_path, plain_assert, vague_name, missing_document,
          missing_chapter]


def project_files(root):
    # Whoever owns the clone: CI machines check out as one user and test as another.
    command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in listed.split("\0") if name and (root / name).is_file())


def violations(root):
    names = [name for name in project_files(root)
             if name not in UNCHECKED and not name.startswith(UNCHECKED_FOLDER)]
    if not names:
        yield f"no files under {root}: wrong root?"
    for name in names:
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue  # a fuzzing corpus, an image
        for check in CHECKS:
            for number, complaint in check(name, text, root):
                yield f"{name}:{number}: {complaint}"


if __name__ == "__main__":
    found = list(violations(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    print("\n".join(found) or "text: ok")
    sys.exit(bool(found))
