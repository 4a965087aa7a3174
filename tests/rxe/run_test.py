#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ci/rxe/run is believed: what fails in a guest fails outside, and nothing of a guest stays behind.

Run by ci/tiers/35-rxe, outside of any guest. A line for each case goes to $CI_RESULTS, if that is set.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = ROOT / "ci" / "rxe" / "run"
LIMIT_S = 120
COMPLAINED, TIMED_OUT, NO_GUEST = 120, 124, 125


def run(*arguments, **environment):
    return subprocess.run([RUN, *arguments], capture_output=True, text=True, check=False, cwd=ROOT,
                          env={**os.environ, **environment}, timeout=LIMIT_S)


def processes_with(word):
    """Running ones that have the word in their command line."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in path.read_bytes().decode(errors="replace"):
                found.append(path.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return [process for process in found if int(process) != os.getpid()]


class Run(unittest.TestCase):
    def kept_log(self, done):
        """The kernel's log that the output of a failed run names."""
        path = pathlib.Path(re.search(r"the kernel's log: (\S+)", done.stderr)[1])
        self.addCleanup(path.unlink)
        return path.read_text()

    def test_exit_status_and_both_outputs_are_the_commands(self):
        done = run("sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertEqual((done.returncode, done.stdout), (3, "out\n"))
        self.assertIn("err\n", done.stderr)
        self.assertIn("exited with status 3", done.stderr)
        self.assertIn("Linux version", self.kept_log(done))

    def test_command_is_root_beside_a_device_and_starts_here(self):
        done = run("sh", "-c", "id -u; pwd; cat /sys/class/infiniband/rxe0/ports/1/state; echo $OBJ_SEED",
                   OBJ_SEED="42")
        self.assertEqual(done.stdout.splitlines(), ["0", str(ROOT), "4: ACTIVE", "42"], done.stderr)

    def test_arguments_arrive_as_they_are(self):
        odd = ["two words", "it's", '"$HOME"', "a\nb", ""]
        done = run("python3", "-c", "import sys; print(sys.argv[1:])", *odd)
        self.assertEqual(done.stdout, f"{odd}\n", done.stderr)

    def test_only_what_is_below_out_stays(self):
        with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as other:
            done = run("--out", out, "sh", "-c", 'echo kept > "$1/file"; echo lost > "$2/file"', "-", out, other)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(pathlib.Path(out, "file").read_text(), "kept\n")
            self.assertFalse(pathlib.Path(other, "file").exists())

    def test_two_devices_face_each_other(self):
        done = run("--two-devices", "sh", "-c", "ls /sys/class/infiniband; ip -brief address show dev vb")
        self.assertEqual(done.stdout.splitlines()[:2], ["rxa", "rxb"], done.stderr)
        self.assertIn("10.77.0.2/32", done.stdout)

    def test_complaint_of_the_kernel_fails_a_command_that_succeeds(self):
        done = run("sh", "-c", "echo WARNING > /sys/kernel/debug/provoke-crash/DIRECT")
        self.assertEqual(done.returncode, COMPLAINED, done.stderr)
        self.assertIn("lkdtm_WARNING", self.kept_log(done))

    def test_panic_is_no_success_and_its_log_is_kept(self):
        done = run("sh", "-c", "echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT; echo still here")
        self.assertEqual((done.returncode, done.stdout), (NO_GUEST, ""), done.stderr)
        self.assertIn("Kernel panic", self.kept_log(done))

    def test_time_limit_ends_the_guest_and_what_was_said_is_shown(self):
        with tempfile.TemporaryDirectory() as temporary:
            done = run("sh", "-c", "echo begins; sleep 4713 & sleep 4713", GUEST_LIMIT_S="4", TMPDIR=temporary)
            self.assertEqual((done.returncode, done.stdout), (TIMED_OUT, "begins\n"), done.stderr)
            self.assertEqual((processes_with(temporary), os.listdir(temporary)), ([], []))
        self.kept_log(done)

    def test_command_that_is_not_there_fails(self):
        done = run("no-such-program")
        self.assertEqual(done.returncode, 127, done.stderr)
        self.kept_log(done)

    def interrupted(self, number):
        """What is left of a run that a signal ends: exit status, its folders."""
        with tempfile.TemporaryDirectory() as temporary:
            process = subprocess.Popen([RUN, "sh", "-c", "echo up; sleep 4714"], stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.DEVNULL, cwd=ROOT,
                                       env={**os.environ, "TMPDIR": temporary})
            self.addCleanup(process.stdout.close)
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(number)
            status = process.wait(LIMIT_S)
            deadline = time.monotonic() + 10
            while processes_with(temporary) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertEqual(processes_with(temporary), [])
            return status, list(pathlib.Path(temporary).glob("objd-rxe-*"))

    def test_terminated_run_leaves_nothing(self):
        self.assertEqual(self.interrupted(signal.SIGTERM), (128 + signal.SIGTERM, []))

    def test_killed_run_leaves_no_process(self):
        self.assertEqual(self.interrupted(signal.SIGKILL)[0], -signal.SIGKILL)

    def test_wrong_use_is_told_before_anything_starts(self):
        for arguments in [[], ["--out", "/no/such/folder", "true"], ["--uml", "--qemu", "true"]]:
            with self.subTest(arguments):
                self.assertEqual(run(*arguments).returncode, 2)

    def test_host_form_runs_here_or_says_why_not(self):
        has_device = any("ACTIVE" in state.read_text() for state
                         in pathlib.Path("/sys/class/infiniband").glob("*/ports/*/state"))
        done = run("--host", "sh", "-c", "exit 5")
        self.assertEqual(done.returncode, 5 if has_device else NO_GUEST, done.stderr)

    def test_without_sources_the_package_is_named(self):
        # A view of this machine without them, as a container has it.
        hidden = ["unshare", "--mount", "sh", "-c",
                  'mount -t tmpfs none /usr/src && unset OBJ_RXE_UML_KERNEL && exec "$@"', "-"]
        if os.geteuid() != 0:
            hidden[1:1] = ["--user", "--map-root-user"]
        done = subprocess.run([*hidden, RUN, "true"], capture_output=True, text=True, check=False, cwd=ROOT,
                              timeout=LIMIT_S)
        self.assertEqual(done.returncode, NO_GUEST, done.stderr)
        self.assertIn("apt-get install linux-source-6.1", done.stderr)


class Result(unittest.TextTestResult):
    """Reports each case as ci/outcomes.py reads it."""

    def report(self, kind, test, reason=""):
        if "CI_RESULTS" in os.environ:
            with open(os.environ["CI_RESULTS"], "a", encoding="utf-8") as results:
                print(kind, f"run/{test.id().split('.')[-1]}", reason, file=results)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.report("pass", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.report("fail", test, str(err[1]).splitlines()[0])

    def addError(self, test, err):
        super().addError(test, err)
        self.report("fail", test, (str(err[1]).splitlines() or [""])[0])


if __name__ == "__main__":
    unittest.main(testRunner=unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result))
