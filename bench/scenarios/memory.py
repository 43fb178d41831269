"""What idle connections, idle streams and pending calls make a server hold."""

import resource
import time

from driver import sides
from driver.http2 import Connection
from driver.processes import Failed
from driver.stats import Case, Metric, Scenario

CONNECTIONS = 10_000
CALLS, CALLS_ON_A_CONNECTION = 10_000, 200
HELD = b"hold" + bytes(60)
# What the first ones bring about once for all (pools, tables) is not charged to the others.
FIRST = 100
SETTLE_SECONDS = 0.3
SPARE_FILES = 200

PER_ITEM = Metric("bytes", "KiB each", 2, 1 / 1024)
TOTAL = Metric("total", "MiB in all", 1, 1 / 2**20)


def _raise_file_limit(wanted):
    """How many files this process, and the servers it starts, may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return max(soft, limit)


def _settled_memory(server):
    time.sleep(SETTLE_SECONDS)
    return server.memory()


def _connect(server, count, number=0):
    connections = []
    for i in range(count):
        connection = Connection(server.port, number + i)
        connection.call(b"x" * 64)
        connections.append(connection)
    return connections


def _growth(server, count, before):
    total = _settled_memory(server) - before
    return {"bytes": total / count, "total": total}


def idle_connections(count):
    def run(_side, server):
        first = _connect(server, FIRST)
        before = _settled_memory(server)
        more = _connect(server, count, FIRST)
        try:
            return _growth(server, count, before)
        finally:
            for connection in first + more:
                connection.close()
    return run


def open_calls(count, payload):
    def run(_side, server):
        connections = _connect(server, (count + FIRST) // CALLS_ON_A_CONNECTION + 1)
        try:
            connections[0].leave_open(FIRST, payload)
            connections[0].settle()
            before = _settled_memory(server)
            left = count
            for connection in connections[1:]:
                connection.leave_open(min(CALLS_ON_A_CONNECTION, left), payload)
                left -= min(CALLS_ON_A_CONNECTION, left)
            for connection in connections[1:]:
                connection.settle()
            return _growth(server, count - left, before)
        finally:
            for connection in connections:
                connection.close()
    return run


def _measure(bench, scenario, name, present, run):
    """Each side with a fresh server: memory that was once used is seldom given back."""
    case = Case(name, [PER_ITEM, TOTAL], ["weft"], [PER_ITEM])
    for side in present:
        try:
            with bench.start(side) as server:
                case.add(side.name, [run(side, server)])
        except (Failed, OSError) as failed:
            case.notes.append(f"{side.name}: {failed}")
    scenario.cases.append(case)


def run(bench):
    scenario = Scenario("F", "Memory",
                        "Growth of the server's proportional set size; what the kernel holds for sockets is not in "
                        "it. Every idle connection has made one call; pending calls and streams have 200 to a "
                        "connection, whose share is in the figure.")
    files = _raise_file_limit(CONNECTIONS + FIRST + SPARE_FILES)
    count = min(max(50, int(CONNECTIONS * bench.scale)), files - FIRST - SPARE_FILES)
    if count < CONNECTIONS * bench.scale:
        scenario.notes.append(f"only {count} connections: the limit of open files is {files}")
    calls = max(50, int(CALLS * bench.scale))
    present = bench.present(sides.HTTP2_SERVERS, scenario)
    _measure(bench, scenario, f"{count:,} idle connections", present, idle_connections(count))
    holding = [side for side in present if side.streams]
    _measure(bench, scenario, f"{calls:,} idle streams", holding, open_calls(calls, None))
    _measure(bench, scenario, f"{calls:,} pending calls of 64 B", holding, open_calls(calls, HELD))
    return scenario
