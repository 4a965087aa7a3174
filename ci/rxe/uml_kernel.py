# SPDX-License-Identifier: Apache-2.0
"""The User-Mode Linux kernel: built once from Debian's sources, then kept.

It is kept under $OBJ_RXE_CACHE (default: objd/ in the user's cache folder) as uml-HASH, by what it is made
of: uml/config, the patches, the version of the sources, the compiler. $OBJ_RXE_UML_KERNEL names another.
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import time

import processes

UML = pathlib.Path(__file__).resolve().parent / "uml"
PACKAGE = "linux-source-6.1"
SOURCES = pathlib.Path("/usr/src") / f"{PACKAGE}.tar.xz"
# For other hardware, or read by people only.
LEFT_OUT = ["*.rst", "arch/*/boot/dts/*", "drivers/gpu/drm/amd/include/*", "tools/testing/*"]
BUILD_BYTES = 2 << 30  # 1.3 GB of sources, were nothing left out, and the objects
REQUIRED = ["INFINIBAND_USER_ACCESS", "INFINIBAND_ADDR_TRANS", "RDMA_RXE", "VETH", "DUMMY", "NET_SCH_NETEM",
            "HOSTFS", "OVERLAY_FS", "IO_URING", "DETECT_HUNG_TASK", "LKDTM"]
TAIL_LINES = 20


class Unbuilt(Exception):
    """There is no kernel; says why and what to do."""


def cache_folder():
    if "OBJ_RXE_CACHE" in os.environ:
        return pathlib.Path(os.environ["OBJ_RXE_CACHE"])
    home = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return home / "objd"


def output_of(*command):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.strip() if run.returncode == 0 else ""


def source_version():
    version = output_of("dpkg-query", "-W", "-f", "${Version}", PACKAGE)
    if not SOURCES.exists():
        raise Unbuilt(f"{SOURCES} is not there. Run ci/setup, or: apt-get install {PACKAGE} "
                      "bc flex bison xz-utils")
    return version or f"size {SOURCES.stat().st_size}"


def key():
    """Names a kernel by what it is made of."""
    parts = [source_version(), output_of("gcc", "-dumpfullversion"), repr((LEFT_OUT, REQUIRED))]
    parts += [path.read_text() for path in sorted(UML.iterdir())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@contextlib.contextmanager
def locked(path, say):
    """One builder at a time, also among processes; the kernel lets go for one that dies."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that builds the kernel")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def step(log, *command, **options):
    with processes.running(command, stdout=log, stderr=log, **options) as process:
        status = process.wait()
    if status != 0:
        raise Unbuilt(f"{command[0]} exited with status {status}")


def unpack(folder, log):
    folder.mkdir()
    options = ["--strip-components=1", "--wildcards", f"--directory={folder}"]
    options += [f"--exclude=*/{pattern}" for pattern in LEFT_OUT]
    step(log, "tar", "--extract", "--xz", f"--file={SOURCES}", *options)
    for patch in sorted(UML.glob("*.patch")):
        step(log, "patch", "--strip=1", f"--input={patch}", cwd=folder)


def configure(source, build, log):
    step(log, "make", "-s", "ARCH=um", f"O={build}", "x86_64_defconfig", cwd=source)
    merge = ["scripts/kconfig/merge_config.sh", "-O", build, "-m", build / ".config", UML / "config"]
    step(log, *merge, cwd=source, env={**os.environ, "ARCH": "um"})
    step(log, "make", "-s", "ARCH=um", f"O={build}", "olddefconfig", cwd=source)
    configuration = (build / ".config").read_text().splitlines()
    missing = [name for name in REQUIRED if f"CONFIG_{name}=y" not in configuration]
    if missing:
        raise Unbuilt(f"the configuration lost {', '.join(missing)}")


def compile_kernel(source, build, log):
    make = ["make", "-s", "ARCH=um", f"O={build}", f"-j{len(os.sched_getaffinity(0))}"]
    if shutil.which("ccache"):
        make.append("CC=ccache gcc")
    step(log, *make, "linux", cwd=source)


def build_into(kernel, work, log):
    unpack(work / "source", log)
    (work / "build").mkdir()
    configure(work / "source", work / "build", log)
    compile_kernel(work / "source", work / "build", log)
    stripped = work / "linux"
    step(log, "strip", "-o", stripped, work / "build" / "linux")
    stripped.rename(kernel)  # whole or not at all


def require_room(folder):
    free = shutil.disk_usage(folder).free
    if free < BUILD_BYTES:
        raise Unbuilt(f"building it takes {BUILD_BYTES >> 20} MiB and {folder} has {free >> 20}. "
                      "Choose another folder with OBJ_RXE_CACHE")


def build(kernel, say):
    """REQUIRES: the lock."""
    work = kernel.with_name(kernel.name + ".building")
    log_path = kernel.with_name(kernel.name + ".log")
    shutil.rmtree(work, ignore_errors=True)  # of a build that was interrupted
    require_room(kernel.parent)
    work.mkdir()
    say(f"building the guest's kernel, once, which takes minutes; log: {log_path}")
    started = time.monotonic()
    try:
        with log_path.open("wb") as log:
            build_into(kernel, work, log)
    except Unbuilt as problem:
        tail = log_path.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        raise Unbuilt(f"the guest's kernel could not be built: {problem}; end of {log_path}:\n"
                      + "\n".join(tail)) from problem
    finally:
        shutil.rmtree(work, ignore_errors=True)
    say(f"built {kernel} in {time.monotonic() - started:.0f} s")


def find_or_build(say):
    """The kernel's path. Raises Unbuilt."""
    if "OBJ_RXE_UML_KERNEL" in os.environ:
        return pathlib.Path(os.environ["OBJ_RXE_UML_KERNEL"])
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    kernel = folder / f"uml-{key()}"
    if not kernel.exists():
        with locked(folder / f"{kernel.name}.lock", say):
            if not kernel.exists():
                build(kernel, say)
    return kernel
