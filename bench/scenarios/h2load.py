"""h2load as the common client of every HTTP/2 server: what remains is the server."""

import re
import shutil

from driver import sides
from driver.http2 import grpc_message
from driver.processes import Failed, run_text
from driver.stats import BYTES, CALLS, SERVER_CPU, Case, Metric, Scenario

CASES = ((1, 1, 64, 20_000), (1, 100, 64, 400_000), (8, 32, 64, 800_000), (8, 32, 1024, 400_000))
# Beside the floor, the peers would take minutes for as many calls.
SLOW = {"gRPC callback": 0.15, "gRPC async": 0.15, "nghttp2": 0.7}
RUN_SECONDS = 120
MEAN = Metric("mean", "mean µs", 1)


def body_file(bench, size):
    path = bench.folder / f"body-{size}"
    path.write_bytes(grpc_message(bytes(i % 251 for i in range(size))))
    return path


_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


def parse(text, calls):
    """h2load's report as figures; None where a call failed."""
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", text)
    succeeded = re.search(r"(\d+) succeeded, (\d+) failed", text)
    received = re.search(r"traffic: .*?\((\d+)\) total", text)
    times = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", text)
    if not rate or not succeeded or int(succeeded.group(1)) != calls:
        return None
    found = {"calls_per_s": float(rate.group(1))}
    if received:
        found["bytes_per_call"] = int(received.group(1)) / calls
    if times:
        found["mean"] = float(times.group(1)) * _UNITS[times.group(2)]
    return found


def command(address, connections, streams, body, calls):
    return ["h2load", "-t", "1", "-c", connections, "-m", streams, "-n", calls, "-d", body,
            "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://{address}/perf.Echo/Unary"]


def load(bench, server, connections, streams, body, calls):
    before = server.cpu_seconds()
    text = run_text("h2load", command(server.address, connections, streams, body, calls), [bench.client_core],
                    RUN_SECONDS)
    found = parse(text, calls)
    if found is None:
        raise Failed(f"h2load did not succeed: {text.strip()[-400:]}")
    return {**found, "server_us": (server.cpu_seconds() - before) / calls * 1e6}


def run(bench):
    scenario = Scenario("E", "One client for all: h2load",
                        "The floor cuts frames and answers with header blocks encoded once: no HPACK decoding, no "
                        "streams, no protobuf. Bytes are those that h2load receives.")
    if shutil.which("h2load") is None:
        scenario.notes.append("h2load is not installed (nghttp2-client), so nothing was measured")
        return scenario
    present = bench.present(sides.HTTP2_SERVERS, scenario)
    with bench.servers(present, scenario) as servers:
        for connections, streams, size, calls in CASES:
            body = body_file(bench, size)
            name = f"{connections}×{streams}, {'1 KiB' if size == 1024 else f'{size} B'}"
            case = Case(name, [SERVER_CPU, CALLS, MEAN, BYTES], ["floor", "weft"], [SERVER_CPU])

            def measure(side, server):
                count = max(connections * streams * 2, int(
                    calls * bench.scale * (SLOW.get(side.name, 1) if streams > 1 else 1)))
                return load(bench, server, connections, streams, body, count)

            for side in present:  # the first run after a start pays for pages and caches
                if side.name in servers:
                    load(bench, servers[side.name], connections, streams, body,
                         max(connections * streams * 2, int(calls * bench.scale * 0.05)))
            bench.rounds_of(case, present, servers, measure)
            scenario.cases.append(case)
    return scenario
