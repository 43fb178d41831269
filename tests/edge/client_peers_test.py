#!/usr/bin/env python3
"""Channels by Connect and gRPC-Web: to weft's server over sockets, and to connect-node's, where WEFT_NODE_MODULES names a node_modules folder
that has @connectrpc/connect-node 2.1.2 and @bufbuild/protobuf 2.

usage: client_peers_test.py SERVER CLIENT
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import NODE_MODULES, without_packages
from served import Served, main, needs, run

HERE = Path(__file__).resolve().parent
CLIENT = []
LACKING = without_packages(["@connectrpc/connect", "@connectrpc/connect-node", "@bufbuild/protobuf"])


def calls(target):
    done = run(CLIENT[0], target)
    assert done.returncode == 0, done.stderr
    return dict(line.split(": ", 1) for line in done.stdout.decode().splitlines() if not line.startswith("count")), [
        line for line in done.stdout.decode().splitlines() if line.startswith("count")]


class Checks:
    def check(self, url):
        for scheme in ("connect+", "grpc-web+"):
            with self.subTest(scheme):
                told, counts = calls(scheme + url)
                self.assertEqual(told["hello"], "Hello, node me yes")
                self.assertEqual(told["compressed"], "Hello, " + "n" * 33 + " me yes")
                self.assertRegex(told["error"], "^INVALID_ARGUMENT: name is required detail you ")
                self.assertRegex(told["deadline"], "^DEADLINE_EXCEEDED")
                self.assertEqual(counts, ["count: 5 OK", "count: 100 OUT_OF_RANGE: no more than 100"])
                self.assertEqual(told["sum"], "500500")


class OwnServer(Served, Checks):
    def test_calls_are_answered(self):
        self.check(self.url)


@needs("node")
@needs("protoc")
@unittest.skipIf(LACKING, LACKING)
class ConnectNode(unittest.TestCase, Checks):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        descriptors = f"{self.folder}/greeter.pb"
        made = run("protoc", f"-I{HERE}", "--include_imports", f"--descriptor_set_out={descriptors}", "greeter.proto")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.process = subprocess.Popen(["node", HERE / "connect_node_server.mjs", descriptors, NODE_MODULES],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def tearDown(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        shutil.rmtree(self.folder)

    def test_calls_are_answered(self):
        self.check(f"http://127.0.0.1:{self.port}")


if __name__ == "__main__":
    if LACKING:
        print("skipped with connect-node:", LACKING)
    CLIENT[:] = [sys.argv.pop(2)]
    main(sys.argv)
