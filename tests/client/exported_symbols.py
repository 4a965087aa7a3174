#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libobj.so exports exactly the functions that obj.h declares and libobj.map lists, and needs only libc
and libstdc++.
Usage: exported_symbols.py libobj.so libobj.map obj.h
"""
import re
import subprocess
import sys

NEEDED = re.compile(r"lib(c|m|stdc\+\+|gcc_s)\.so\.\d+|ld-linux\S*")


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    names = [line.split()[-1] for line in lines if line.split()[-2] != "A"]
    return {name.split("@")[0] for name in names}, {name.rpartition("@")[2] for name in names}


def mapped(path):
    text = re.sub(r"#.*", "", open(path).read())
    return set(re.findall(r"^\s*(obj_\w+);", text, re.M)), set(re.findall(r"^(OBJ_\S+)\s*\{", text, re.M))


def declared(path):
    text = re.sub(r"/\*.*?\*/", "", open(path).read(), flags=re.S)
    return set(re.findall(r"\b(obj_\w+)\(", text))


def needed(library):
    text = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(\S+)\]", text))


def main():
    library, version_map, header = sys.argv[1:]
    in_library, library_versions = exported(library)
    in_map, map_versions = mapped(version_map)
    in_header = declared(header)
    complaints = [f"{name}: in {where}, not in {other}"
                  for have, lack, where, other in [(in_header, in_map, "obj.h", "libobj.map"),
                                                   (in_map, in_header, "libobj.map", "obj.h"),
                                                   (in_map, in_library, "libobj.map", "libobj.so"),
                                                   (in_library, in_map, "libobj.so", "libobj.map")]
                  for name in sorted(have - lack)]
    complaints += [f"version {name} is not in libobj.map" for name in library_versions - map_versions]
    complaints += [f"libobj.so needs {name}" for name in needed(library) if not NEEDED.fullmatch(name)]
    if not in_header or not in_library:
        complaints.append("nothing found: wrong arguments?")
    print("\n".join(complaints) or f"{len(in_header)} functions, all exported, and nothing else")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
