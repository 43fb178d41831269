#!/usr/bin/env python3
"""Runs the curl lines of docs/guide/edge.md, rest.md and openapi.md and compares what they print with what the pages show.

usage: guide_test.py SERVER
"""

import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main, needs

GUIDE = Path(__file__).resolve().parents[2] / "docs/guide"
# A block of sh, and the one of json or text that follows it, unless a heading stands between.
ANSWERED = re.compile(r"^```sh\n([^`]*)```\n([^`#]*)(?:```(json|text)\n([^`]*)```)?", re.MULTILINE)


def json_values(text):
    decoder, at, values = json.JSONDecoder(), 0, []
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        values.append(value)
    return values


@needs("curl")
class Guide(Served):
    def test_lines_of_the_page_on_protocols(self):
        self.run_lines("edge.md")

    def test_lines_of_the_page_on_paths(self):
        self.run_lines("rest.md")

    @needs("jq")
    def test_lines_of_the_page_on_openapi(self):
        self.run_lines("openapi.md", 2)

    def run_lines(self, page, least=3):
        blocks = ANSWERED.findall((GUIDE / page).read_text())
        self.assertGreaterEqual(len(blocks), least)
        for command, _, language, expected in blocks:
            with self.subTest(command):
                done = subprocess.run(["sh", "-ec", command], env={**os.environ, "URL": self.url},
                                      capture_output=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                if language == "json":
                    self.assertEqual(json_values(done.stdout.decode()), json_values(expected))
                elif language == "text":
                    self.assertEqual(done.stdout.decode().replace("\r", "").split("\n"), expected.split("\n"))


if __name__ == "__main__":
    main(sys.argv)
