"""What tests with programs of others share: a running server of weft's."""

import shutil
import subprocess
import unittest

SERVER = []


def run(*command, **more):
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **more)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class Served(unittest.TestCase):
    """Each test has a server of its own (peers/serve_peers.h), which has to end well."""

    FLAGS = ()

    def setUp(self):
        self.process = subprocess.Popen([*SERVER, *self.FLAGS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def tearDown(self):
        self.process.stdin.close()
        self.assertEqual(self.process.wait(timeout=30), 0)
        self.process.stdout.close()

    def curl(self, *arguments, **more):
        done = run("curl", "-sS", "--max-time", "30", *arguments, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


def main(arguments):
    """`arguments`: of the program; the first is the server."""
    SERVER[:] = [arguments[1]]
    unittest.main(argv=[arguments[0], *arguments[2:]])
