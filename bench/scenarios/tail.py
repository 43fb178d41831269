"""One call in a hundred keeps a core busy for 5 ms: what becomes of the others."""

import math
from statistics import median

from driver import sides
from driver.stats import Case, Metric, Scenario

# 20 slow calls a second take a tenth of a core.
RATE, SLOW_EVERY, SLOW_MICROS = 2000, 100, 5000
# Runs without slow calls and with them take turns, for as long as this for each second of the bench's. A machine's own
# pauses of some milliseconds strike some of the runs; of all of them the median is taken.
PARTS, SECONDS = 8, 2
CONNECTIONS = 8

RATIO = Metric("ratio", "p99 with / without", 2)
SHOWN = [RATIO, Metric("p99", "p99 µs with slow calls", 0), Metric("quiet_p99", "p99 µs without", 0),
         Metric("p50", "p50 µs with", 0), Metric("quiet_p50", "p50 µs without", 0),
         Metric("p99.9", "p99.9 µs with", 0), Metric("quiet_p99.9", "p99.9 µs without", 0),
         Metric("server_us", "server µs/call")]


def _curve(latency):
    """Latency in milliseconds over the nines of the share of calls it holds for: 1 is p90, 2 is p99."""
    shares = [float(key[1:]) for key in latency if key[0] == "p"]
    return [(-math.log10(1 - share / 100), latency[f"p{share:g}"] / 1000) for share in shares
            if 0 < share <= 99.9]


def _sides(bench, scenario):
    wanted = [sides.WEFT, sides.CALLBACK, sides.ASYNC]
    if bench.has_flag(sides.WEFT.server, "--take-over"):
        wanted.insert(1, sides.WEFT.with_flags("weft, take-over", "--take-over"))
    return bench.present(wanted, scenario)


def run(bench):
    scenario = Scenario("H", "Tail isolation",
                        f"An open loop of {RATE} calls a second over {CONNECTIONS} connections; latency counts from "
                        "when a call was due. One call in a hundred, chosen at random, costs its handler 5 ms of CPU; "
                        "shown is the latency of the others, beside runs without slow calls that take turns with it, the "
                        f"median of {PARTS} each. "
                        "weft's client makes the load for all; the servers have one loop and may use every core.")
    present = _sides(bench, scenario)
    flags = ["-c", CONNECTIONS, "--rate", RATE]
    slow = [*flags, "--slow-every", SLOW_EVERY, "--slow", SLOW_MICROS]
    seconds = max(0.2, SECONDS * bench.seconds)

    def measure(side, server):
        parts = [(bench.client(sides.WEFT, server, flags, seconds), bench.client(sides.WEFT, server, slow, seconds))
                 for _ in range(PARTS)]
        quiet, busy = ({key: median(run["latency"][key] for run in runs) for key in runs[0]["latency"]}
                       for runs in zip(*parts))
        shown = {"ratio": busy["p99"] / quiet["p99"],
                 "server_us": median(run["server_cpu"] / max(1, run["calls"]) * 1e6 for _, run in parts)}
        for key in ("p50", "p99", "p99.9"):
            shown[key], shown[f"quiet_{key}"] = busy[key], quiet[key]
        case.lines[side.name] = _curve(busy)
        return shown

    case = Case(f"{RATE}/s, 1 % of the calls 5 ms", SHOWN, [], [RATIO, SHOWN[1]])
    case.line_axes = ("nines of the calls (1: p90, 2: p99, 3: p99.9)", "latency beside slow calls, ms, last round")
    with bench.servers(present, scenario, bench.all_cores) as servers:
        bench.rounds_of(case, present, servers, measure)
    scenario.cases.append(case)
    return scenario
