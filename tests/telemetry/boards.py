#!/usr/bin/env python3
"""Tries the boards and rules of deploy/: boards.py files|fleet --tools DIRECTORY --bin DIRECTORY

files  they are what deploy/make.py writes, and promtool reads the rules and has them fire when they should
fleet  a Prometheus scrapes the example fleet: it finds the instance that is killed, and every expression has an answer

Ends with 77, which ctest shows as skipped, where a program is not there.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from prometheus_server import Prometheus
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import check, skip

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
# What has no series as long as nothing goes wrong, or as long as a program does not use it.
SILENT = {"Failures", "Failed attempts", "Refused before a handler", "Policies"}


def files(arguments):
    subprocess.run([sys.executable, str(DEPLOY / "make.py"), "--check"], check=True)
    promtool = Path(arguments.tools).resolve() / "promtool"
    if not promtool.exists():
        skip(f"no {promtool}; ./dev setup test brings it")
    with tempfile.TemporaryDirectory() as folder:
        for path in [*(DEPLOY / "prometheus").glob("*.yml"), Path(__file__).with_name("alerts_test.yml")]:
            shutil.copy(path, folder)
        for command in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
            subprocess.run([promtool, *command], cwd=folder, check=True)


class Programs:
    """The fleet, until the end of a with block; each program has a log and says there where its metrics are."""

    def __init__(self, folder, binaries):
        self.folder, self.binaries, self.running = Path(folder), Path(binaries), {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running.values():
            process.kill()
            process.wait(timeout=20)

    def start(self, name, program, *arguments):
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen([self.binaries / program, *arguments], stdout=log, stderr=log)

    def kill(self, name):
        process = self.running.pop(name)
        process.kill()
        process.wait(timeout=20)

    def said(self, name, pattern):
        """What a program has said, once it has."""
        log = self.folder / f"{name}.log"
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = re.search(pattern, log.read_text(errors="replace"))
            if found:
                return found[1]
            time.sleep(0.05)
        raise SystemExit(f"failed: {name} did not say {pattern}\n{log.read_text(errors='replace')[-2000:]}")


def start_fleet(fleet):
    """Addresses of the programs' metrics by their names."""
    fleet.start("registry", "weft", "registry", "--listen", "127.0.0.1:0", "--data", fleet.folder / "registry")
    target = f"weft://{fleet.said('registry', r'listening on ([0-9.:]+)')}/adder"
    for name in ("one", "two", "three"):
        fleet.start(name, "fleet_server", name, target)
    fleet.start("client", "fleet_client", target)
    return {name: fleet.said(name, r"admin port on ([0-9.:]+):") for name in ("one", "two", "three", "client")}


def config_of(addresses):
    rules = [str(DEPLOY / "prometheus" / name) for name in ("recording.yml", "alerts.yml")]
    # JSON is YAML too. The rules' windows are of minutes and days; here all goes by in seconds.
    return json.dumps({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": rules,
                       "scrape_configs": [{"job_name": "fleet", "static_configs": [{"targets": list(addresses)}]}]})


def expressions():
    """(panel, expression) of all boards, as Grafana would send them with everything chosen."""
    for path in sorted((DEPLOY / "grafana").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield panel["title"], re.sub(r"\$(job|instance|method|target)\b", ".*",
                                             target["expr"].replace("$__rate_interval", "30s"))


def judge(fleet, addresses, found):
    found.wait_for('count(up{job="fleet"} == 1) == 4')
    found.wait_for('sum(grpc_server_call_started_total) > 100')
    fleet.kill("two")
    gone = addresses["two"]
    found.wait_for(f'up{{instance="{gone}"}} == 0')
    # The client has left it out before the registry has, since a connection that is reset is heard of at once.
    found.wait_for("sum(weft_client_endpoint_events_total{weft_event=~'ejected|gone'}) > 0 or "
                   "sum(grpc_client_attempt_duration_seconds_count{grpc_status='UNAVAILABLE'}) > 0")
    found.wait_for(f'ALERTS{{alertname="WeftInstanceDown",instance="{gone}"}}')
    for title, expression in expressions():
        found.ask("query", query=expression)
        if title not in SILENT:
            found.wait_for(expression)
    for group in found.ask("rules")["groups"]:
        for rule in group["rules"]:
            check(rule["health"] == "ok", f"{rule['name']}: {rule.get('lastError', rule['health'])}")


def fleet(arguments):
    program = Path(arguments.tools) / "prometheus"
    if not program.exists():
        skip(f"no {program}; ./dev setup test brings it")
    for needed in ("weft", "fleet_server", "fleet_client"):
        if not (Path(arguments.bin) / needed).exists():
            skip(f"{needed} is not built")
    with tempfile.TemporaryDirectory() as folder, Programs(folder, arguments.bin) as programs:
        addresses = start_fleet(programs)
        with Prometheus(program, folder, config_of(addresses.values())) as found:
            judge(programs, addresses, found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["files", "fleet"])
    parser.add_argument("--tools", required=True)
    parser.add_argument("--bin", required=True)
    arguments = parser.parse_args()
    {"files": files, "fleet": fleet}[arguments.what](arguments)
    print("as it should be")


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    main()
