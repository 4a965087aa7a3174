#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""objbench as it is called: every promised figure is known, and nothing is left behind, however it ends.

A build whose numbers would mean nothing must refuse; then only that is tested.
Usage: command_test.py OBJBENCH BUILD_MAY_REPORT(true|false)
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

OBJBENCH, MAY_REPORT = sys.argv[1], sys.argv[2] == "true"
DEADLINE_S = 120

FIGURES = """
    local_get_hit_10k local_get_hit_1m local_get_hit_2_clients local_put_1k_awake local_put_1k_asleep
    local_put_1k_64_in_flight local_put_64m local_put_1g local_delete local_evict idle_cpu
    ucx_tcp_pull_64m ucx_tcp_pull_1g ucx_shm_pull_64m ucx_tcp_multi_get_4k ucx_tcp_get_4k_cached
    ucx_tcp_get_4k_cold pull_rate_limit_error pull_fairness get_64k_beside_prefetch
    directory_updates directory_lookups directory_round_trip directory_updates_1_backup
    directory_updates_2_backups directory_failover verbs_pull_64m verbs_get_4k_cached
    verbs_multi_get_4k verbs_source_cpu spill_write_1m spill_read_1m spill_write_4k restore_4k
    spill_cpu spill_rss_growth working_set_3x""".split()


class Scratch:
    """A directory for one call's sockets and logs."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name)
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def start(self, *arguments):
        return subprocess.Popen([OBJBENCH, *arguments], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(self.path)})

    def run(self, *arguments):
        process = self.start(*arguments)
        process.out, process.err = process.communicate(timeout=DEADLINE_S)
        return process

    def daemon(self):
        """The process id of the objd that was started here; nothing if there is none."""
        for command_line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = command_line.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if pathlib.Path(words[0]).name == "objd" and any(str(self.path) in w for w in words):
                return int(command_line.parent.name)
        return None

    def left(self):
        return list(self.path.iterdir())


def wait_until(predicate):
    deadline = time.monotonic() + DEADLINE_S
    while not (found := predicate()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)
    return found


class Arguments(unittest.TestCase):
    def test_list_has_every_promised_figure_and_no_other(self):
        with Scratch() as scratch:
            done = scratch.run("figures", "--list")
        self.assertEqual([line.split()[0] for line in done.out.splitlines()], FIGURES)
        self.assertEqual(done.returncode, 0)

    def test_wrong_arguments_exit_with_2_and_say_why(self):
        wrong = (["figures", "no_such_figure"], ["figures", "--repeat", "0"], ["local", "--op", "x"],
                 ["local", "--size", "1Q"], ["local", "--socket", "a", "--memory", "1G"], ["remote", "--spawn", "1"],
                 ["remote", "--socket", "a", "--spawn", "2"], ["remote", "--readers", "0"], ["what"], [])
        with Scratch() as scratch:
            for arguments in wrong:
                done = scratch.run(*arguments)
                self.assertEqual((done.returncode, done.out), (2, ""), arguments)
                self.assertNotEqual(done.err, "", arguments)


@unittest.skipIf(MAY_REPORT, "an optimized build")
class Refusal(unittest.TestCase):
    def test_a_build_whose_numbers_mean_nothing_prints_none(self):
        with Scratch() as scratch:
            for arguments in (["figures", "local_delete"], ["local", "--seconds", "1"],
                              ["remote", "--seconds", "1"]):
                done = scratch.run(*arguments)
                self.assertEqual((done.returncode, done.out), (2, ""))
                self.assertIn("build", done.err)


@unittest.skipUnless(MAY_REPORT, "this build refuses to measure")
class Measuring(unittest.TestCase):
    def test_a_figure_is_one_json_object_and_nothing_is_left(self):
        with Scratch() as scratch:
            done = scratch.run("figures", "local_delete", "--repeat", "1", "--json")
            self.assertEqual(scratch.left(), [])
        figure = json.loads(done.out)
        self.assertGreater(figure["value"], 0)
        self.assertGreater(figure["samples"], 0)
        self.assertIn("cpu", done.err)

    def test_remote_reports_what_readers_got_and_nothing_is_left(self):
        with Scratch() as scratch:
            done = scratch.run("remote", "--readers", "2", "--size", "64K", "--seconds", "1",
                               "--chunk", "32K", "--json")
            self.assertEqual((scratch.left(), scratch.daemon()), ([], None))
        self.assertEqual(done.returncode, 0, done.err)
        report = json.loads(done.out)
        self.assertEqual(report["object_chunk_size"], 32768)
        # 128 MiB of objects in each round, got by both readers.
        self.assertEqual(report["gets"], 2 * 2048 * report["rounds"])
        self.assertAlmostEqual(report["objects_per_second"], report["gets"] / report["seconds"], 0)
        self.assertLessEqual(report["p50_ns"], report["max_ns"])

    def test_remote_refuses_a_cluster_of_too_few_nodes(self):
        with Scratch() as scratch:
            done = scratch.run("remote", "--socket", "/nowhere.sock")
        self.assertEqual(done.returncode, 2)
        self.assertIn("need 2 nodes, not 1", done.err)

    def test_what_cannot_be_measured_is_printed_with_the_reason(self):
        with Scratch() as scratch:
            done = scratch.run("figures", "local_delete", "--objd", "/bin/false", "--json")
        figure = json.loads(done.out)
        self.assertIsNone(figure["value"])
        self.assertIn("not measured: objd exited with status 1", figure["note"])
        self.assertEqual(done.returncode, 0)

    def test_an_interrupted_run_leaves_neither_files_nor_processes(self):
        with Scratch() as scratch:
            process = scratch.start("figures", "idle_cpu")
            wait_until(scratch.daemon)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE_S)
            self.assertEqual(process.returncode, -signal.SIGINT)
            self.assertEqual((scratch.left(), scratch.daemon()), ([], None))

    def test_a_daemon_that_dies_is_named_and_costs_one_figure(self):
        with Scratch() as scratch:
            process = scratch.start("figures", "local_put_1k_asleep", "local_delete", "--repeat", "1",
                                    "--json")
            os.kill(wait_until(scratch.daemon), signal.SIGKILL)
            out, _ = process.communicate(timeout=DEADLINE_S)
            self.assertEqual((scratch.left(), scratch.daemon()), ([], None))
        died, measured = (json.loads(line) for line in out.splitlines())
        self.assertIn("objd killed by signal 9", died["note"])
        self.assertGreater(measured["value"], 0)

    def test_every_kind_of_load_runs_and_is_told(self):
        with Scratch() as scratch:
            for op, ops in (("get", {"get"}), ("put", {"put"}), ("delete", {"delete"}),
                            ("mixed", {"get", "put"})):
                done = scratch.run("local", "--op", op, "--seconds", "1", "--objects", "100",
                                   "--threads", "2", "--processes", "2", "--in-flight", "3", "--json")
                self.assertEqual(done.returncode, 0, done.err)
                report = json.loads(done.out)
                self.assertEqual({entry["op"] for entry in report["latencies"]}, ops)
                self.assertGreater(report["operations_per_second"], 0)
            self.assertEqual(scratch.left(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
