#!/usr/bin/env python3
"""Go's package net/rpc, unmodified, as client of weft's server and as server of weft's channels. Skipped without the program go (Debian's
golang-go, 450 MB, which ./dev setup does not install).

usage: go_test.py SERVER CLIENT FOLDER
"""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main, run

HERE = Path(__file__).resolve().parent
CLIENT = []
FOLDER = []

ANSWERS = {
    "multiply": "value: 56",
    "divide": "quo: 3 rem: 2",
    "error": "UNKNOWN: divide by zero",
    "upper": 'value: "GR\\303\\234N"',
    "sum": "value: 500500",
    "echo": "the same",
}


def build(name):
    """The program of a folder here."""
    program = Path(FOLDER[0]) / name
    environment = dict(os.environ, GOCACHE=str(Path(FOLDER[0]) / "go_cache"), GOFLAGS="", GO111MODULE="auto", CGO_ENABLED="0")
    done = subprocess.run(["go", "build", "-o", str(program), str(HERE / name / "main.go")], env=environment, capture_output=True,
                          timeout=150, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return str(program)


def told(done):
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, (lines, done.stderr)
    return dict(line.split(": ", 1) for line in lines if not line.startswith("wait: ")), [
        line for line in lines if line.startswith("wait: ")]


class GoClient(Served):
    """Go's clients call weft."""

    def check(self, codec):
        answers, failures = told(run(build("go_client"), codec, f"127.0.0.1:{self.port}"))
        self.assertEqual(failures, [])
        self.assertEqual(answers["multiply"], "56")
        self.assertEqual(answers["divide"], "{3 2}")
        self.assertEqual(answers["error"], "INVALID_ARGUMENT: divide by zero")
        self.assertEqual(answers["unknown"], "UNIMPLEMENTED: there is no method 'Power' in acme.v1.Calculator")
        self.assertEqual(answers["upper"], "GRACE")
        self.assertEqual(answers["sum"], "500500")
        self.assertEqual(answers["echo"], "true")
        self.assertEqual(answers["together"], "true")
        self.assertEqual(answers["waited"], "true")

    def test_json(self):
        self.check("json")

    def test_gob(self):
        self.check("gob")

    def test_gob_over_http(self):
        self.check("http")


class GoServer(unittest.TestCase):
    """weft calls Go's servers."""

    def setUp(self):
        self.process = subprocess.Popen([build("go_server")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ports = [int(self.process.stdout.readline()) for _ in range(3)]

    def tearDown(self):
        self.process.stdin.close()
        self.assertEqual(self.process.wait(timeout=30), 0)
        self.process.stdout.close()

    def check(self, target):
        answers, waits = told(run(CLIENT[0], target))
        self.assertEqual(answers, ANSWERS)
        self.assertEqual(waits, ["wait: value: 60", "wait: value: 20", "wait: value: 40"])

    def test_json(self):
        self.check(f"go+json://127.0.0.1:{self.ports[0]}")

    def test_gob(self):
        self.check(f"go+gob://127.0.0.1:{self.ports[1]}")

    def test_gob_over_http(self):
        self.check(f"go+http://127.0.0.1:{self.ports[2]}")


if __name__ == "__main__":
    if shutil.which("go") is None:
        print("skipped: the program go is not installed; Debian's package golang-go has it")
        sys.exit(77)
    CLIENT[:] = [str(Path(sys.argv[2]).resolve())]
    FOLDER[:] = [str(Path(sys.argv[3]).resolve())]
    main([sys.argv[0], sys.argv[1], *sys.argv[4:]])
