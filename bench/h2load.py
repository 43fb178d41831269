#!/usr/bin/env python3
"""Runs h2load against echo servers in turn and prints what a call costs each of them.

    h2load.py --bin build/release/bin [--rounds 3] [--json FILE] [--only SCENARIO ...]

Each server has a core of its own and h2load another; the servers take turns within a round, so that what
the machine does meanwhile strikes all of them. The CPU is the server process's own (utime + stime) over the
run. Medians of the rounds are printed, and ratios to the first server, the floor.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SERVER_CORE, CLIENT_CORE = 0, 1
TICKS = os.sysconf("SC_CLK_TCK")
LISTENING = re.compile(r"listening on .*:(\d+)")
START_SECONDS = 10
RUN_SECONDS = 120

# name: connections, calls under way on each, bytes of payload, calls
SCENARIOS = {
    "1x1 64 B": (1, 1, 64, 20_000),
    "1x100 64 B": (1, 100, 64, 400_000),
    "8x32 64 B": (8, 32, 64, 1_000_000),
    "8x32 1 KiB": (8, 32, 1024, 500_000),
}


# Measured where they were built.
PEERS = {
    "nghttp2": "bench_nghttp2_server",
    "grpc++ callback": "bench_grpcpp_callback_server",
    "grpc++ async": "bench_grpcpp_async_server",
}


class Server:
    """A server process on its core; knows its port and what it has used."""

    def __init__(self, name, command, tls=False):
        self.name, self.tls = name, tls
        self.process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *command], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.port = self._port()

    def _port(self):
        for line in self.process.stdout:
            found = LISTENING.search(line)
            if found:
                return int(found.group(1))
        raise SystemExit(f"{self.name}: ended before it listened")

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.terminate()
        self.process.wait(START_SECONDS)


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def grpc_message(size):
    """A perf.Msg in gRPC's framing."""
    message = b"\x0a" + varint(size) + bytes(i % 251 for i in range(size))
    return b"\x00" + len(message).to_bytes(4, "big") + message


def load(server, scenario, body):
    """(CPU microseconds of the server for a call, calls per second) of one run."""
    connections, streams, _, calls = scenario
    scheme = "https" if server.tls else "http"
    before = server.cpu_seconds()
    done = subprocess.run(
        ["taskset", "-c", str(CLIENT_CORE), "h2load", "-t", "1", "-c", str(connections),
         "-m", str(streams), "-n", str(calls), "-d", body, "-H", "content-type: application/grpc",
         "-H", "te: trailers", f"{scheme}://127.0.0.1:{server.port}/perf.Echo/Unary"],
        capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    used = server.cpu_seconds() - before
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", done.stdout)
    succeeded = re.search(r"(\d+) succeeded, (\d+) failed", done.stdout)
    if not rate or not succeeded or int(succeeded.group(1)) != calls:
        raise SystemExit(f"{server.name}: h2load did not succeed\n{done.stdout}{done.stderr}")
    return used / calls * 1e6, float(rate.group(1))


def measure(servers, name, rounds):
    scenario = SCENARIOS[name]
    runs = {server.name: [] for server in servers}
    with tempfile.NamedTemporaryFile() as body:
        body.write(grpc_message(scenario[2]))
        body.flush()
        for server in servers:
            load(server, (*scenario[:3], scenario[3] // 10), body.name)
        for _ in range(rounds):
            for server in servers:
                runs[server.name].append(load(server, scenario, body.name))
    return runs


def report(name, runs):
    print(f"\n{name}: {SCENARIOS[name][0]} connections, {SCENARIOS[name][1]} calls under way on each")
    print(f"  {'server':<16} {'CPU us/call':>12} {'spread':>16} {'calls/s':>12} {'x floor':>8}")
    floor = None
    result = {}
    for server, values in runs.items():
        cpu = statistics.median(value[0] for value in values)
        rate = statistics.median(value[1] for value in values)
        floor = floor or cpu
        spread = f"{min(v[0] for v in values):.2f} - {max(v[0] for v in values):.2f}"
        print(f"  {server:<16} {cpu:>12.2f} {spread:>16} {rate:>12,.0f} {cpu / floor:>8.2f}")
        result[server] = {"cpu_us": cpu, "calls_per_s": rate, "runs": values}
    sys.stdout.flush()
    return result


def certificate(folder):
    """Paths of a self-signed certificate and its key."""
    cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"],
        check=True, capture_output=True)
    return cert, key


def commands(programs, folder):
    """name: (command line, whether it speaks TLS), the floor first."""
    cert, key = certificate(folder)
    weft = [str(programs / "bench_echo_server"), "--port", "0"]
    found = {
        "floor": ([str(programs / "bench_floor_server"), "0"], False),
        "weft": (weft, False),
        "weft TLS": ([*weft, "--tls-cert", cert, "--tls-key", key], True),
    }
    for peer, program in PEERS.items():
        if (programs / program).exists():
            found[peer] = ([str(programs / program), "0"], False)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="folder of the programs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--without", nargs="*", default=[], help="servers to leave out")
    parser.add_argument("--only", nargs="*", choices=SCENARIOS, default=list(SCENARIOS))
    arguments = parser.parse_args()
    results, servers = {}, []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, (command, tls) in commands(arguments.bin, folder).items():
                if name not in arguments.without:
                    servers.append(Server(name, command, tls))
            for name in arguments.only:
                results[name] = report(name, measure(servers, name, arguments.rounds))
        finally:
            for server in servers:
                server.stop()
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
