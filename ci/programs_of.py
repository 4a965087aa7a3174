#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What must be built for some suites of tests: targets for ninja, relative to the build directory, a line each.

Usage: programs_of.py BUILD SUITE...
"""
import json
import os
import subprocess
import sys


def introspected(build, what):
    return json.loads(subprocess.run(["meson", "introspect", f"--{what}", build], capture_output=True, check=True).stdout)


def programs_of(tests, targets, suites):
    """Files of the targets that tests of these suites run, as `meson introspect` tells them."""
    files = {target["id"]: target["filename"] for target in targets}
    # A suite is "PROJECT:SUITE".
    chosen = [test for test in tests if suites & {suite.split(":")[-1] for suite in test["suite"]}]
    return sorted({file for test in chosen for target in test["depends"] for file in files[target]})


if __name__ == "__main__":
    folder = sys.argv[1]
    for path in programs_of(introspected(folder, "tests"), introspected(folder, "targets"), set(sys.argv[2:])):
        print(os.path.relpath(path, os.path.realpath(folder)))
