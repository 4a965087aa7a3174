#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a copy of a source in which one piece of text is replaced by another.

Fails unless the text is there exactly once, so that a mutant cannot silently become the original when
the source changes.
Usage: mutate.py SOURCE OUTPUT BEFORE AFTER
"""
import pathlib
import sys

if __name__ == "__main__":
    source, output, before, after = sys.argv[1:]
    text = pathlib.Path(source).read_text()
    if text.count(before) != 1:
        sys.exit(f"{source}: found {text.count(before)} times, not once: {before}")
    pathlib.Path(output).write_text(text.replace(before, after))
