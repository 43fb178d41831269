#!/usr/bin/env python3
"""The page of edge::docs() in headless Chromium.

usage: docs_test.py SERVER
"""

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main, needs


@needs("chromium")
class Page(Served):
    def dom(self, path):
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                                   "--virtual-time-budget=10000", "--dump-dom", self.url + path],
                                  capture_output=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_it_lists_every_operation(self):
        with urllib.request.urlopen(self.url + "/openapi.json", timeout=10) as answer:
            document = json.load(answer)
        dom = self.dom("/docs#library.Library.WatchBooks")
        self.assertIn("<h1>Library</h1>", dom)
        ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
        self.assertEqual(sorted(re.findall(r'<details class="operation[^>]* id="([^"]*)"', dom)), sorted(ids))
        # The one that the address names is open, and can be called in each form.
        self.assertEqual(re.findall(r"<option value=\"([^\"]*)\"", dom),
                         ["application/json", "application/x-ndjson", "text/event-stream"])


if __name__ == "__main__":
    main(sys.argv)
