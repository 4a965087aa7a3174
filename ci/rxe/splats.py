# SPDX-License-Identifier: Apache-2.0
"""What in a kernel's log says that the kernel itself went wrong. Pure.

A command may well succeed while the kernel below it complains of a lock, a list or a stall: what was
tested then is not what it seemed. So each such line fails the run.
"""
import re

SPLAT = re.compile("|".join([
    r"\bBUG: ", r"\bkernel BUG at ", r"\bWARNING: ", r"\bOops\b", r"\bKernel panic\b",
    r"\bKASAN: ", r"\bKFENCE: ", r"\bUBSAN: ", r"\bgeneral protection fault\b",
    r"\b[Uu]nable to handle (kernel|page fault)", r"\bblocked for more than \d+ seconds",
    r"\bsoft lockup\b", r"\bhard LOCKUP\b", r"\brcu\w*: .*\b(stalls?|starved)\b", r"\bself-detected stall\b",
    r"\bCall Trace:", r"\blist_(add|del) corruption", r"\brefcount_t: ", r"\bscheduling while atomic",
    r"\bbad unlock balance", r"\bcircular locking dependency", r"\bOut of memory: Killed process",
]))


def splats(log):
    """The lines of a kernel's log that are splats, in order."""
    return [line for line in log.splitlines() if SPLAT.search(line)]
