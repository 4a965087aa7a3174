#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy on the project's C++ sources, and skips those that passed before.

What passed is remembered by the hash of all that the answer depends on: the preprocessed source, the
flags, the .clang-tidy files above it and the version of clang-tidy.
Usage: tidy.py BUILD_DIR [SOURCE...]
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "objd-tidy"
TIDY = "clang-tidy-19"


def output_of(command, directory="."):
    return subprocess.run(command, cwd=directory, capture_output=True, check=True).stdout


def compilations(build, wanted):
    """One entry per C++ source below the root: a source built twice is looked at once."""
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if source.suffix == ".cc" and source.is_relative_to(ROOT):
            entries.setdefault(source.relative_to(ROOT).as_posix(), entry)
    return {name: entry for name, entry in entries.items() if not wanted or name in wanted}


def settings(source):
    files = [folder / ".clang-tidy" for folder in source.parents if folder.is_relative_to(ROOT)]
    return b"".join(file.read_bytes() for file in files if file.exists())


def key(name, entry, version):
    command = shlex.split(entry["command"])
    command = command[1:] if command[0].endswith("ccache") else command
    preprocess = command[:command.index("-o")] + ["-E", "-o", "-", entry["file"]]
    # The dependency file would be overwritten, and Ninja would wonder.
    for flag in ("-MD", "-MQ", "-MF"):
        if flag in preprocess:
            at = preprocess.index(flag)
            del preprocess[at:at + (1 if flag == "-MD" else 2)]
    digest = hashlib.sha256(version + settings(ROOT / name))
    digest.update(entry["command"].encode())
    digest.update(output_of(preprocess, entry["directory"]))
    return digest.hexdigest()


def check(build, name, entry, version):
    """Empty if the source is clean, else what clang-tidy says."""
    passed = CACHE / key(name, entry, version)
    if passed.exists():
        return ""
    done = subprocess.run([TIDY, "-p", build, "--quiet", "--warnings-as-errors=*", ROOT / name],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        passed.touch()
        return ""
    return done.stdout or done.stderr


def main():
    build = pathlib.Path(sys.argv[1])
    version = output_of([TIDY, "--version"])
    CACHE.mkdir(parents=True, exist_ok=True)
    todo = compilations(build, set(sys.argv[2:]))
    if not todo:
        sys.exit("no sources: is the build directory configured?")
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = {name: pool.submit(check, build, name, entry, version)
                   for name, entry in sorted(todo.items())}
        for name, answer in answers.items():
            said = answer.result()
            if said:
                failures += 1
                print(f"==== {name}\n{said}", flush=True)
    print(f"{len(todo)} sources, {failures} with findings")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
