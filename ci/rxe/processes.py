# SPDX-License-Identifier: Apache-2.0
"""Programs that end no later than we do, whatever ends us."""
import contextlib
import os
import signal
import subprocess

# Outlives us by a moment: it kills the group if its input ends without the word that nothing is left to kill.
KEEPER = 'read -r word; [ "$word" = done ] || kill -9 "-$1"'


@contextlib.contextmanager
def _kept(process):
    with subprocess.Popen(["sh", "-c", KEEPER, "keeper", str(process.pid)], stdin=subprocess.PIPE,
                          start_new_session=True) as keeper:
        try:
            yield
        finally:
            with contextlib.suppress(BrokenPipeError):
                keeper.communicate(b"done\n")


@contextlib.contextmanager
def running(command, **options):
    """A program in a session of its own. It and its children are killed when the block is left, and when this
    process is killed: a guest has threads of its own that nobody else would end."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    with _kept(process):
        try:
            yield process
        finally:
            # Its children, too, also where it has ended and is not yet waited for.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
