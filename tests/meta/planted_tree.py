# SPDX-License-Identifier: Apache-2.0
"""A small source tree in a temporary directory, for tests of the checks in ci/."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CI = pathlib.Path(__file__).resolve().parents[2] / "ci"
sys.path.insert(0, str(CI))


class PlantedTree(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def plant(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self, script):
        """Exit code and output of the script in ci/ on this tree."""
        done = subprocess.run([sys.executable, CI / script, self.root], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout
