"""Load generators beside each other: what a call costs whoever makes it, against the floor."""

import base64
import json
import resource
import time
from pathlib import Path

from driver import sides
from driver.processes import run_text
from driver.stats import CALLS, CLIENT_CPU, Case
from scenarios import h2load

PROTO = Path(__file__).parents[1] / "proto" / "echo.proto"
SHAPES = ((1, 100, 400_000), (8, 32, 800_000))
SIZE = 64
RUN_SECONDS = 120


def _commands(bench, address, connections, streams, calls):
    """The generators, by name, with the same load."""
    shape = ["-c", connections, "-m", streams, "-n", calls]
    payload = base64.b64encode(bytes(i % 251 for i in range(SIZE))).decode()
    found = {
        "h2load": h2load.command(address, connections, streams, h2load.body_file(bench, SIZE), calls),
        "weft's client": [bench.programs / sides.WEFT.client, address, *shape],
    }
    weft = bench.programs / "weft"
    if bench.has_flag(weft.name, "bench"):
        found["weft bench"] = [weft, "bench", address, "perf.Echo/Unary", "--proto", PROTO, "-I", PROTO.parent,
                               "--quiet", "-d", json.dumps({"payload": payload}), *shape]
    return found


def _run(bench, name, command, calls):
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    cpu, begun = used(), time.perf_counter()
    run_text(name, command, [bench.client_core], RUN_SECONDS)
    took = time.perf_counter() - begun
    return {"client_us": (used() - cpu) / calls * 1e6, "calls_per_s": calls / took}


def compare(bench, scenario):
    """Adds a case for each shape of load."""
    if bench.only and "floor" not in bench.only:
        return
    for connections, streams, calls in SHAPES:
        calls = max(connections * streams * 2, int(calls * bench.scale))
        case = Case(f"load generators, {connections}×{streams}, 64 B, of the floor", [CLIENT_CPU, CALLS],
                    ["h2load"], [CLIENT_CPU])
        case.notes.append("start and end of the generators included")
        with bench.start(sides.FLOOR) as floor:
            runs = {}
            for _ in range(bench.rounds):
                for name, command in _commands(bench, floor.address, connections, streams, calls).items():
                    runs.setdefault(name, []).append(_run(bench, name, command, calls))
        for name, results in runs.items():
            case.add(name, results)
        scenario.cases.append(case)
