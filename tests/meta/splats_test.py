#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ci/rxe takes for a fault of the guest's kernel: the faults that kernels have, and nothing of a healthy log."""
import sys
import unittest

import planted_tree

sys.path.insert(0, str(planted_tree.CI / "rxe"))
import splats  # noqa: E402

FAULTS = [
    "WARNING: CPU: 0 PID: 58 at drivers/misc/lkdtm/bugs.c:85 lkdtm_WARNING+0x39/0x40",
    "WARNING: possible circular locking dependency detected",
    "BUG: kernel NULL pointer dereference, address: 0000000000000000",
    "kernel BUG at drivers/infiniband/sw/rxe/rxe_resp.c:120!",
    "BUG: KASAN: use-after-free in rxe_completer+0x1/0x2 [rdma_rxe]",
    "Oops: 0000 [#1] PREEMPT SMP NOPTI",
    "general protection fault, probably for non-canonical address 0xdead000000000108",
    "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b",
    "INFO: task objd:123 blocked for more than 120 seconds.",
    "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [objd:77]",
    "rcu: INFO: rcu_preempt self-detected stall on CPU",
    "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
    "Unable to handle kernel paging request at virtual address 0000000000000008",
    "watchdog: Watchdog detected hard LOCKUP on cpu 1",
    "list_del corruption. prev->next should be ffff888, but was 0",
    "refcount_t: underflow; use-after-free.",
    "Out of memory: Killed process 88 (objd) total-vm:4096kB",
]
HEALTHY = """Linux version 6.1.192 (root@vm) (gcc (Debian 12.2.0-14+deb12u1) 12.2.0)
rcu: Preemptible hierarchical RCU implementation.
rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.
Checking that ptrace can change system call numbers...OK
ftrace: allocating 40521 entries in 159 pages
Adding 364707840 bytes to physical memory to account for exec-shield gap
rdma_rxe: loaded
rxe0: rxe_newlink: already configured on rdma0
..MP-BIOS bug: 8254 timer not connected to IO-APIC
"""


class Splats(unittest.TestCase):
    def test_each_fault_is_found_in_a_long_log(self):
        for fault in FAULTS:
            with self.subTest(fault):
                line = f"[    4.209049] {fault}"
                self.assertEqual(splats.splats(HEALTHY + line + "\n" + HEALTHY), [line])

    def test_healthy_log_has_none(self):
        self.assertEqual(splats.splats(HEALTHY), [])


if __name__ == "__main__":
    unittest.main()
