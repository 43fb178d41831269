"""h2load as the common client of every HTTP/2 server: what remains is the server."""

import re
import shutil

from driver import sides
from driver.http2 import grpc_message
from driver.processes import Failed, run_text
from driver.stats import BYTES, CALLS, SERVER_CPU, Case, Metric, Scenario

CASES = ((1, 1, 64), (1, 100, 64), (8, 32, 64), (8, 32, 1024))
RUN_SECONDS = 60
MEAN = Metric("mean", "mean µs", 1)


def body_file(bench, size):
    path = bench.folder / f"body-{size}"
    path.write_bytes(grpc_message(bytes(i % 251 for i in range(size))))
    return path


_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


def outcomes(text):
    """How many calls succeeded, failed, errored and timed out; nothing where the report does not say."""
    ended = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text)
    return [int(count) for count in ended.groups()] if ended else []


def parse(text):
    """h2load's report as figures, and how many calls there were; None where one failed."""
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", text)
    ended = outcomes(text)
    received = re.search(r"traffic: .*?\((\d+)\) total", text)
    times = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", text)
    if not rate or not ended or not ended[0] or any(ended[1:]):
        return None
    calls = ended[0]
    found = {"calls_per_s": float(rate.group(1))}
    if received:
        found["bytes_per_call"] = int(received.group(1)) / calls
    if times:
        found["mean"] = float(times.group(1)) * _UNITS[times.group(2)]
    return found, calls


def none_ended(text):
    """Whether the time was over before any call was; a call that failed has ended."""
    ended = outcomes(text)
    return bool(ended) and not any(ended)


def command(address, connections, streams, body, calls=None, seconds=None):
    """A number of calls, or as many as so many seconds hold."""
    length = ["-n", calls] if calls else ["-D", f"{int(seconds * 1000)}ms"]
    return ["h2load", "-t", "1", "-c", connections, "-m", streams, *length, "-d", body,
            "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://{address}/perf.Echo/Unary"]


def load(bench, server, connections, streams, body, seconds):
    before = server.cpu_seconds()
    text = run_text("h2load", command(server.address, connections, streams, body, seconds=seconds),
                    [bench.client_core], RUN_SECONDS)
    if none_ended(text) and seconds < RUN_SECONDS / 8:  # a quick run on a busy machine
        return load(bench, server, connections, streams, body, 4 * seconds)
    used = server.cpu_seconds() - before
    parsed = parse(text)
    if parsed is None:
        raise Failed(f"h2load did not succeed: {text.strip()[-400:]}")
    found, calls = parsed
    return {**found, "server_us": used / calls * 1e6}


def run(bench):
    scenario = Scenario("E", "One client for all: h2load",
                        "The floor cuts frames and answers with header blocks encoded once: no HPACK decoding, no "
                        "streams, no protobuf. Bytes are those that h2load receives.")
    if shutil.which("h2load") is None:
        scenario.notes.append("h2load is not installed (nghttp2-client), so nothing was measured")
        return scenario
    present = bench.present(sides.HTTP2_SERVERS, scenario)
    with bench.servers(present, scenario) as servers:
        for connections, streams, size in CASES:
            body = body_file(bench, size)
            name = f"{connections}×{streams}, {'1 KiB' if size == 1024 else f'{size} B'}"
            case = Case(name, [SERVER_CPU, CALLS, MEAN, BYTES], ["floor", "weft"], [SERVER_CPU])

            def measure(_side, server):
                return load(bench, server, connections, streams, body, bench.seconds)

            for side in present:  # the first run after a start pays for pages and caches
                if side.name in servers:
                    load(bench, servers[side.name], connections, streams, body, bench.warm_up)
            bench.rounds_of(case, present, servers, measure)
            scenario.cases.append(case)
    return scenario
