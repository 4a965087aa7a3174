#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when an #include crosses the folder diagram in docs/architecture.md.

The table below is that diagram; a value names a folder or one file of it. The longest key that
holds a source decides.
Usage: check_layers.py [root]
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": [],
    "store/shared": ["base"],
    "store": ["base"],
    "fabric": ["base"],
    # Whom it talks to, and over what: the vocabulary of everything between nodes.
    "directory": ["base", "fabric/message_transport.hh", "fabric/source_node.hh"],
    "spill": ["base"],
    # libobj sees the daemon only through what it shares with it.
    "client": ["base", "store/shared"],
    "node": ["base", "store", "fabric", "directory", "spill", "client/session"],
    # Operators' tools use the public C API, like everyone else.
    "tools": [],
    # What the daemons' mains share: configuration and signals.
    "tools/daemon": ["base", "node"],
    "tools/objd": ["base", "node", "tools/daemon"],
    "tools/objdir": ["base", "node", "tools/daemon"],
    # Measures the directory as a node speaks to it: there is no public call for that.
    "tools/objbench": ["base", "directory", "fabric"],
    "examples": [],
    "bench": ["base", "store", "fabric", "directory", "spill", "node", "client"],
    "tests": ["base", "store", "fabric", "directory", "spill", "node", "client", "tools"],
}
# Nothing else may look into these.
FOLDERS = {key.split("/")[0] for key in MAY_INCLUDE}
# A foreign API stays behind one folder, so that replacing or faking it touches one folder.
ONLY_IN = {
    r"infiniband/": ["fabric/verbs"],
    r"rdma/": ["fabric/verbs"],
    r"uc[pst]/": ["fabric/ucx"],
    r"openssl/": ["fabric/ucx", "spill/s3"],
    r"liburing": ["spill"],
    r"(lz4|zstd)\.h": ["spill"],
    r"boost/intrusive/": ["store"],
    r"spdlog/": ["base/log.hh", "base/log.cc"],
    r"nlohmann/": ["node", "tools", "tests"],
    r"CLI/": ["tools"],
    r"systemd/": ["tools/objd", "tools/objdir"],
    r"benchmark/": ["bench"],
    r"(gtest|gmock)/": ["tests"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')


def within(path, allowed):
    return any(path == a or path.startswith(a + "/") for a in allowed)


def rule_for(name):
    return max((key for key in MAY_INCLUDE if within(name, [key])), key=len, default=None)


def sources(root):
    for folder in sorted(FOLDERS):
        for source in sorted((root / folder).rglob("*")):
            if source.suffix in {".c", ".cc", ".h", ".hh"}:
                yield source, source.relative_to(root).as_posix()


def violations(root):
    seen = 0
    for source, name in sources(root):
        seen += 1
        rule = rule_for(name)
        allowed = [rule, *MAY_INCLUDE[rule]]
        for number, line in enumerate(source.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match[1]
            if target.split("/")[0] in FOLDERS and not within(target, allowed):
                yield f"{name}:{number}: {rule}/ may not include {target}"
            for pattern, owners in ONLY_IN.items():
                if re.match(pattern, target) and not within(name, owners):
                    yield f"{name}:{number}: only {', '.join(owners)} may include {target}"
    if seen == 0:
        yield f"no sources under {root}: wrong root?"


if __name__ == "__main__":
    found = list(violations(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    print("\n".join(found) or "layers: ok")
    sys.exit(bool(found))
