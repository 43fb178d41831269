"""Twice as many calls as a server can answer."""

import threading
import time

from driver import sides
from driver.stats import Case, Metric, Scenario

SPIN_MICROS = 100
CONNECTIONS, OUTSTANDING = 8, 4
SECONDS = 3
TIMEOUT_MS = 500
QUEUE_MS = 100  # what the server's --overload stands for
SAMPLE_SECONDS = 0.1
# So many times the capacity are offered to see what a refusal costs: most of the server's time goes there, or the
# deviations of what calls cost would be larger than the refusals.
FLOOD = 8
LOAD = ["-c", CONNECTIONS, "--spin", SPIN_MICROS]

GOODPUT = Metric("goodput", "goodput / capacity", 2)
SHOWN = [GOODPUT, Metric("per_cpu", "same per CPU second", 2), Metric("capacity", "capacity, calls/s", 0), Metric("offered", "offered, calls/s", 0),
         Metric("refused", "refused, calls/s", 0), Metric("late", "too late, calls/s", 0),
         Metric("call_us", "server µs/call", 1), Metric("refusal_us", "server µs/refusal", 2),
         Metric("refusal", "cost of a refusal, % of a call", 1, 100),
         Metric("p50", "p50 ms of answers", 1, 1e-3), Metric("p99", "p99 ms of answers", 1, 1e-3),
         Metric("grown", "memory grown, MiB", 1, 1 / 2**20)]


class MemoryOverTime:
    """Samples a server's memory beside a run."""

    def __init__(self, server):
        self._server, self._end = server, threading.Event()
        self._begun = time.perf_counter()
        self.samples = [(0.0, server.memory() / 2**20)]
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.wait(SAMPLE_SECONDS):
            self.samples.append((time.perf_counter() - self._begun, self._server.memory() / 2**20))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


class Capacity:
    """What a server answers in a closed loop, measured beside what is compared with it."""

    def __init__(self, bench, server, seconds):
        self._bench, self._server, self._seconds = bench, server, seconds
        self._runs = []

    def measure(self):
        self._runs.append(self._bench.client(
            sides.WEFT, self._server, [*LOAD, "-m", OUTSTANDING], max(0.2, self._seconds / 3)))
        return self

    @property
    def rate(self):
        """Calls a second, of the better run: what disturbs a run takes some away and never adds any."""
        return max(run["calls"] / run["seconds"] for run in self._runs)

    @property
    def cost(self):
        """Seconds of the server's CPU for a call."""
        return min(run["server_cpu"] / run["calls"] for run in self._runs)


def _offer(bench, server, rate, seconds):
    # What is measured begins when the first calls have become too late.
    warm_up = min(bench.warm_up * 3, 2 * TIMEOUT_MS / 1000)
    return bench.client(sides.WEFT, server, [*LOAD, "--rate", round(rate), "--timeout", TIMEOUT_MS],
                        seconds, may_fail=True, warm_up=warm_up)


def _refusal(flood, cost):
    """What a refused call costs the server, as a share of a call: what is left of the CPU time of a run in which
    nearly all is refused, once the answered calls have had theirs, and those too late, taken for as dear.
    None where a server refuses little."""
    late = flood["late"] + flood["failed"]
    if flood["refused"] < 2 * (flood["answered"] + late):
        return None
    left = flood["server_cpu"] - (flood["answered"] + late) * cost
    return max(0.0, left / flood["refused"] / cost)


def _overload(bench, server, seconds):
    """(figures, samples of the memory) of runs at twice the capacity and far beyond, between two at capacity."""
    capacity = Capacity(bench, server, seconds).measure()
    offered = 2 * capacity.rate
    with MemoryOverTime(server) as memory:
        over = _offer(bench, server, offered, seconds)
    flood = _offer(bench, server, FLOOD * capacity.rate, seconds / 2)
    capacity.measure()
    took, answered = over["seconds"], over["answered"]
    sizes = [size for _, size in memory.samples]
    shown = {"goodput": answered / took / capacity.rate, "capacity": capacity.rate,
             "offered": sum(over[key] for key in ("calls", "refused", "late", "failed")) / took,
             "refused": over["refused"] / took, "late": (over["late"] + over["failed"]) / took,
             "p50": over["latency"]["p50"], "p99": over["latency"]["p99"],
             "grown": (max(sizes) - sizes[0]) * 2**20, "call_us": capacity.cost * 1e6}
    if over["server_cpu"] > 0:
        # What a busy machine takes from one run more than from the other does not show here.
        shown["per_cpu"] = answered / over["server_cpu"] * capacity.cost
    refusal = _refusal(flood, capacity.cost)
    if refusal is not None:
        shown["refusal"], shown["refusal_us"] = refusal, refusal * capacity.cost * 1e6
    return shown, memory.samples


def _sides(bench, scenario):
    wanted = [sides.WEFT, sides.ASYNC, sides.CALLBACK]
    if bench.has_flag(sides.WEFT.server, "--overload"):
        wanted.insert(1, sides.WEFT.with_flags(f"weft, queue ≤ {QUEUE_MS} ms", "--overload"))
    return bench.present(wanted, scenario)


def run(bench):
    scenario = Scenario("K", "Overload",
                        f"A handler costs {SPIN_MICROS} µs of CPU. Capacity is what a closed loop gets, before and after; "
                        f"in between twice as much is offered in an open loop, with a deadline of {TIMEOUT_MS} ms. Goodput is what is "
                        f"answered in time. Then {FLOOD} times the capacity, for the cost of a refusal: the server's CPU time that its "
                        "answered calls do not account for. weft's client makes the load for all. By default weft refuses calls that "
                        "would miss their deadline; with a bound on its queue (ServerOptions::max_queue_delay) it "
                        "refuses those that would wait longer.")
    present = _sides(bench, scenario)
    seconds = max(0.3, SECONDS * bench.seconds)
    case = Case("twice the capacity", SHOWN, [], [GOODPUT])
    case.line_axes = ("seconds", "memory of the server, MiB")

    def measure(side, server):
        shown, samples = _overload(bench, server, seconds)
        case.lines.setdefault(side.name, samples)
        return shown

    with bench.servers(present, scenario) as servers:
        bench.rounds_of(case, present, servers, measure)
    scenario.cases.append(case)
    return scenario
