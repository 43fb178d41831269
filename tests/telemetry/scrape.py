#!/usr/bin/env python3
"""Has real programs scrape a weft server: scrape.py formats|prometheus --server PROGRAM --tools DIRECTORY

formats     curl fetches both formats, promtool and Prometheus' Python client judge them
prometheus  a Prometheus scrapes servers, over HTTP/1.1 and over TLS, where it speaks HTTP/2, and is asked what it knows

Ends with 77, which ctest shows as skipped, where a program is not there.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from prometheus_server import Prometheus
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import check, skip

SERIES = 10_000
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"


class Server:
    """The program, until the end of a with block; it ends when its input does."""

    def __init__(self, program, *arguments):
        self.command = [program, *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address, self.ca = self.process.stdout.readline().split()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def fetch(address, version, *arguments):
    command = ["curl", "-sS", "--max-time", "30", version, *arguments, f"http://{address}/metrics"]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


def check_text(text, promtool):
    done = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    # 3: what it would name otherwise, such as counters of bytes without the unit; 1: not readable.
    print(done.stderr[:2000])
    check(done.returncode in (0, 3), f"promtool ended with {done.returncode}")
    check("error while linting" not in done.stderr, "promtool cannot read it")


def check_open_metrics(text):
    try:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    except ImportError:
        print("no python3-prometheus-client: OpenMetrics not parsed")
        return
    families = {family.name: family for family in text_string_to_metric_families(text)}
    odd = {sample.labels.get("test_value", "") for sample in families["test_odd"].samples}
    check({'a"b', "a\\b", "a\nb", "a\ufffdb", "", "{}", "ünïcödé"} == odd, f"labels read as {odd}")
    duration = families["grpc_server_call_duration_seconds"]
    check(duration.unit == "seconds" and duration.type == "histogram", "unit and type")
    exemplars = [sample.exemplar for sample in duration.samples if sample.exemplar]
    check(exemplars and exemplars[0].labels["trace_id"] == "07" * 16, "exemplars lead to the trace")
    check(len(families["test_many"].samples) == SERIES, "all series")


def formats(arguments):
    promtool = Path(arguments.tools) / "promtool"
    if not shutil.which("curl"):
        skip("no curl")
    if not promtool.exists():
        skip(f"no {promtool}; ./dev setup test brings it")
    with Server(arguments.server, str(SERIES)) as server:
        for version in ["--http1.1", "--http2-prior-knowledge"]:
            check_text(fetch(server.address, version), promtool)
            check_open_metrics(fetch(server.address, version, "-H", f"accept: {OPEN_METRICS}"))


CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: weft
  scheme: {scheme}
  tls_config: {{ca_file: {ca}}}
  static_configs: [{{targets: ["{address}"]}}]
"""


def config_of(server):
    secure = server.ca != "-"
    return CONFIG.format(scheme="https" if secure else "http", ca=server.ca if secure else '""', address=server.address)


def judge(found):
    """What a Prometheus knows of the server."""
    check(found.wait_for('up{job="weft"} == 1') == 1, "the server is up")
    check(found.value('grpc_server_call_started_total{grpc_method="test.Scraped/Echo"}') == 42, "calls")
    check(found.value('grpc_client_call_duration_seconds_count{grpc_status="NOT_FOUND"}') == 2, "failures")
    check(found.value("histogram_quantile(0.5, grpc_server_call_duration_seconds_bucket"
                      '{grpc_status="OK"})') < 1, "quantiles")
    check(found.value("count(test_many_total)") == SERIES, "all series")
    check(found.value("scrape_samples_scraped") > SERIES, "samples")
    now = time.time()
    exemplars = found.ask("query_exemplars", query="grpc_server_call_duration_seconds_bucket",
                          start=now - 300, end=now + 60)
    check(exemplars and exemplars[0]["exemplars"][0]["labels"]["trace_id"] == "07" * 16, "exemplars")
    targets = found.ask("targets")["activeTargets"]
    check(targets[0]["lastError"] == "", targets[0]["lastError"])


def prometheus(arguments):
    program = Path(arguments.tools) / "prometheus"
    if not program.exists():
        skip(f"no {program}; ./dev setup test brings it")
    for security in ["plaintext", "tls"]:
        with tempfile.TemporaryDirectory() as folder, Server(arguments.server, str(SERIES), security) as server:
            with Prometheus(program, folder, config_of(server)) as found:
                judge(found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["formats", "prometheus"])
    parser.add_argument("--server", required=True)
    parser.add_argument("--tools", required=True)
    arguments = parser.parse_args()
    {"formats": formats, "prometheus": prometheus}[arguments.what](arguments)
    print("as it should be")


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    main()
