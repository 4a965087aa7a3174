# SPDX-License-Identifier: Apache-2.0
"""How a guest of User-Mode Linux starts: the kernel is a program, the host's processes run its processes.

Code runs at native speed, on one CPU; a system call takes 10 to 20 us. Needs neither root nor KVM.
"""
import collections
import os
import pathlib
import re
import tempfile

import uml_kernel

Boot = collections.namedtuple("Boot", "command environment")


def cpu():
    """The kernel's threads and the guest's processes take turns, so that one CPU serves them best. Several
    guests spread over those that we may use."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[os.getpid() % len(usable)]


def memory_folder(memory_bytes):
    """Where the file that is the guest's memory has room and may be executed; memory, if possible."""
    folders = ["/dev/shm", tempfile.gettempdir(), "/var/tmp"]
    for folder in folders:
        if os.path.isdir(folder) and os.access(folder, os.W_OK):
            room = os.statvfs(folder)
            if room.f_bavail * room.f_frsize >= memory_bytes and not room.f_flag & os.ST_NOEXEC:
                return folder
    raise uml_kernel.Unbuilt(f"none of {', '.join(folders)} has {memory_bytes >> 20} MiB for the guest's "
                             "memory and may be executed from. Set GUEST_MEMORY to less, e.g. 3G, or "
                             "TMPDIR, or give a container --shm-size")


def write_cpuinfo(folder):
    """The first CPU's chapter."""
    chapter = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    (folder / "cpuinfo").write_text(re.sub(r"(?m)^(siblings|cpu cores)(\s*): .*$", r"\1\2: 1", chapter) + "\n\n")


def boot(folder, out, memory_bytes, say):
    kernel = uml_kernel.find_or_build(say)
    write_cpuinfo(folder)
    command = ["taskset", "--cpu-list", str(cpu()), str(kernel), f"mem={memory_bytes >> 20}M",
               "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={folder}/guest/boot-uml",
               f"obj_job={folder}", f"obj_out={out or ''}", f"uml_dir={folder}/",
               "con=null", "con0=null,fd:1", "ssl=null", "loglevel=5", "random.trust_cpu=1"]
    return Boot(command, {
        "TMPDIR": memory_folder(memory_bytes),
        # The host's C library would register the kernel's thread for restartable sequences, and its copies,
        # the guest's processes, would inherit an address that is not theirs.
        "GLIBC_TUNABLES": "glibc.pthread.rseq=0"})
