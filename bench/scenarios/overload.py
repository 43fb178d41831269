"""Twice as many calls as a server can answer."""

import threading
import time

from driver import sides
from driver.stats import Case, Metric, Scenario

SPIN_MICROS = 100
CONNECTIONS, OUTSTANDING = 8, 4
SECONDS = 3
TIMEOUT_MS = 500
QUEUE_MS = 20
SAMPLE_SECONDS = 0.1

GOODPUT = Metric("goodput", "goodput / capacity", 2)
SHOWN = [GOODPUT, Metric("per_cpu", "same per CPU second", 2), Metric("capacity", "capacity, calls/s", 0), Metric("offered", "offered, calls/s", 0),
         Metric("refused", "refused, calls/s", 0), Metric("late", "too late, calls/s", 0),
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


def _overload(bench, server, seconds):
    """(figures, samples of the memory) of a run at capacity and one at twice of it."""
    spin = ["-c", CONNECTIONS, "--spin", SPIN_MICROS]
    # The overload is measured once the first calls have become too late.
    warm_up = min(bench.warm_up * 3, 2 * TIMEOUT_MS / 1000)
    full = bench.client(sides.WEFT, server, [*spin, "-m", OUTSTANDING], max(0.2, seconds / 2))
    capacity = full["calls"] / full["seconds"]
    cost = full["server_cpu"] / full["calls"]
    with MemoryOverTime(server) as memory:
        over = bench.client(sides.WEFT, server, [*spin, "--rate", round(2 * capacity),
                                                 "--timeout", TIMEOUT_MS], seconds, may_fail=True, warm_up=warm_up)
    took = over["seconds"]
    sizes = [size for _, size in memory.samples]
    answered = over["answered"]
    shown = {"goodput": answered / took / capacity, "capacity": capacity,
             "offered": sum(over[key] for key in ("calls", "refused", "late", "failed")) / took,
             "refused": over["refused"] / took, "late": (over["late"] + over["failed"]) / took,
             "p50": over["latency"]["p50"], "p99": over["latency"]["p99"],
             "grown": (max(sizes) - sizes[0]) * 2**20}
    if over["server_cpu"] > 0:
        # What a busy machine takes from one run more than from the other does not show here.
        shown["per_cpu"] = answered / over["server_cpu"] * cost
    late = over["late"] + over["failed"]
    if over["refused"] > answered / 10 and late < over["refused"] / 5:
        # What is left of the CPU time once the answered calls have had theirs, and the late ones, which are
        # taken for as dear.
        left = over["server_cpu"] - (answered + late) * cost
        shown["refusal"] = max(0.0, left / over["refused"] / cost)
    return shown, memory.samples


def _sides(bench, scenario):
    wanted = [sides.WEFT, sides.ASYNC, sides.CALLBACK]
    if bench.has_flag(sides.WEFT.server, "--max-queue-delay"):
        wanted.insert(1, sides.WEFT.with_flags(f"weft, queue ≤ {QUEUE_MS} ms", "--max-queue-delay", QUEUE_MS))
    return bench.present(wanted, scenario)


def run(bench):
    scenario = Scenario("K", "Overload",
                        f"A handler costs {SPIN_MICROS} µs of CPU. Capacity is what a closed loop gets; then twice as "
                        f"much is offered in an open loop, with a deadline of {TIMEOUT_MS} ms. Goodput is what is "
                        "answered in time. weft's client makes the load for all. By default weft refuses calls that "
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
