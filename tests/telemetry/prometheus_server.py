"""A real Prometheus for the tests."""

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import free_port


class Prometheus:
    """One with a configuration, until the end of a with block."""

    def __init__(self, program, folder, text):
        config = Path(folder) / "prometheus.yml"
        config.write_text(text, encoding="utf-8")
        self.port = free_port()
        self.log = Path(folder) / "log"
        self.command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                        f"--web.listen-address=127.0.0.1:{self.port}", "--enable-feature=exemplar-storage"]

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + urllib.parse.urlencode(query)
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def value(self, expression):
        result = self.ask("query", query=expression)["result"]
        return float(result[0]["value"][1]) if result else None

    def wait_for(self, expression):
        """The value of an expression, once there is one."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                value = self.value(expression)
            except OSError:
                value = None
            if value is not None:
                return value
            time.sleep(0.2)
        raise SystemExit(f"failed: no {expression}\n{self.log.read_text(errors='replace')[-3000:]}")
