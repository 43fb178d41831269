"""What the tests share: a running edge_server."""

import shutil
import subprocess
import unittest

SERVER = []


def run(*command, **more):
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **more)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class Served(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def tearDown(self):
        self.process.stdin.close()
        self.assertEqual(self.process.wait(timeout=30), 0)
        self.process.stdout.close()


def main(arguments):
    SERVER[:] = [arguments[1]]
    unittest.main(argv=arguments[:1])
