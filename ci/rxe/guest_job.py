# SPDX-License-Identifier: Apache-2.0
"""One command in one guest: the folder that both sides see, and what became of the command.

ci/rxe/run writes what to do into the folder; the guest's kernel has its console there, and ci/rxe/guest/job
writes there: standard output and error of the command, the kernel's log, and at last the exit status.
"""
import collections
import os
import pathlib
import shlex
import shutil
import sys
import time

import processes
import splats

HERE = pathlib.Path(__file__).resolve().parent
POLL_S = 0.05
PASSED_ON = ("OBJ_", "GTEST_", "UCX_", "MESON_")

# What became of a command. status: None if it did not end. failure: why that is no success, or "".
Ending = collections.namedtuple("Ending", "status timed_out failure log")


def environment(kind, devices):
    """Of the command: little of ours, so that the guest does not depend on who calls."""
    chosen = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    return {**chosen, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb",
            "OBJ_RXE_GUEST": kind, "OBJ_RXE_DEVICES": devices}


def prepare(folder, command, variables):
    """Writes the job. `command` runs in our working directory."""
    shutil.copytree(HERE / "guest", folder / "guest")
    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    (folder / "environment").write_text("\n".join(exports) + "\n")
    (folder / "command").write_text(
        f"cd {shlex.quote(os.getcwd())} || exit 125\nexec {shlex.join(command)}\n")
    for name in ("console", "stdout", "stderr"):
        (folder / name).touch()


class Copier:
    """Passes on what a growing file has got since the last time."""

    def __init__(self, path, out):
        self.file = path.open("rb")
        self.out = out.buffer

    def copy(self):
        data = self.file.read()
        if data:
            self.out.write(data)
            self.out.flush()


def wait_for(guest, folder, limit_s):
    """Until the command or the guest has ended, or the time is over; meanwhile passes its output on. Whether
    the time is over."""
    copiers = [Copier(folder / "stdout", sys.stdout), Copier(folder / "stderr", sys.stderr)]
    deadline = time.monotonic() + limit_s
    while True:
        has_ended = (folder / "status").exists() or guest.poll() is not None
        for copier in copiers:
            copier.copy()
        if has_ended:
            return False
        if time.monotonic() >= deadline:
            return True
        time.sleep(POLL_S)


def read(folder, name):
    path = folder / name
    return path.read_text(errors="replace").replace("\r", "") if path.exists() else ""


def judge(folder, timed_out, limit_s):
    """What became of the command, by what is in the folder."""
    log = read(folder, "dmesg") or read(folder, "console")
    found = splats.splats(read(folder, "console") + read(folder, "dmesg"))
    word = read(folder, "status").strip()
    status = int(word) if word.isdigit() else None
    if word == "no-device":
        failure = "no RDMA device could be made: " + read(folder, "devices.log").strip()
    elif timed_out:
        failure = f"took longer than GUEST_LIMIT_S={limit_s:g} s"
    elif status is None:
        failure = "the guest ended before the command did"
    elif status != 0:
        failure = f"the command exited with status {status}"
    else:
        failure = ""
    if found:
        failure += f"{'; ' if failure else ''}its kernel complained: {found[0].strip()}"
    return Ending(status, timed_out, failure, log)


def execute(boot, folder, limit_s):
    """Boots a guest, and switches it off after the command or the limit, and when interrupted."""
    with (folder / "console").open("wb") as console:
        with processes.running(boot.command, stdout=console, stderr=console,
                               env={**os.environ, **boot.environment}) as guest:
            timed_out = wait_for(guest, folder, limit_s)
    return judge(folder, timed_out, limit_s)
