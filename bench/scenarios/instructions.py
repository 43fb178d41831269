"""Instructions of a call, counted by callgrind: steady where clocks are not."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

from driver import callgrind, sides
from driver.processes import Failed, LISTENING, run_text
from driver.stats import Case, Metric, Scenario
from scenarios import h2load

# Start-up and connecting cancel out: the count of few calls is taken from that of many.
FEW, MANY = 1_000, 6_000
SHAPES = ((1, 1), (8, 32))
START_SECONDS, STOP_SECONDS = 60, 60
INSTRUCTIONS = Metric("instructions", "instructions/call", 0)


class Watched:
    """A server under callgrind; `instructions` once it has stopped."""

    def __init__(self, bench, side):
        self.output = bench.folder / "callgrind.server"
        self._said = open(bench.folder / "server.log", "w+")
        self._process = subprocess.Popen(
            callgrind.command(self.output, [bench.programs / side.server, "--port", "0"]), stdout=self._said,
            stderr=subprocess.STDOUT)
        self.address = self._wait_for_address()

    def _wait_for_address(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            found = LISTENING.search(Path(self._said.name).read_text())
            if found:
                return f"127.0.0.1:{found.group(1)}"
            time.sleep(0.05)
        raise Failed("the server did not start under callgrind")

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(STOP_SECONDS)
        self._said.close()
        return callgrind.total(self.output)


def _server_run(bench, side, shape, calls):
    server = Watched(bench, side)
    connections, streams = shape
    run_text("h2load", h2load.command(server.address, connections, streams, h2load.body_file(bench, 64), calls),
             [bench.client_core], 300)
    return server.stop()


def _client_run(bench, side, server, shape, calls):
    output = bench.folder / "callgrind.client"
    connections, streams = shape
    run_text("the client", callgrind.command(output, [bench.programs / side.client, server.address, "-c", connections,
                                               "-m", streams, "-n", calls]), [bench.client_core], 300)
    return callgrind.total(output)


def _per_call(count):
    return {"instructions": (count(MANY) - count(FEW)) / (MANY - FEW)}


def run(bench):
    scenario = Scenario("instructions", "Instructions of a call",
                        "Counted by callgrind, user space only, 64 B. Under it a program is some fifty times slower "
                        "than its peer, so that more calls than usual come with one read where several are under way.")
    if shutil.which("valgrind") is None:
        scenario.notes.append("valgrind is not installed, so nothing was counted")
        return scenario
    servers = bench.present([sides.FLOOR, sides.NGHTTP2, sides.WEFT, sides.ASYNC], scenario)
    clients = bench.present([sides.WEFT, sides.ASYNC], scenario)
    for shape in SHAPES:
        name = f"{shape[0]}×{shape[1]}"
        case = Case(f"servers under h2load, {name}", [INSTRUCTIONS], ["floor", "weft"], [INSTRUCTIONS])
        for side in servers:
            try:
                case.add(side.name, [_per_call(lambda calls, s=side: _server_run(bench, s, shape, calls))])
            except Failed as failed:
                case.notes.append(f"{side.name}: {failed}")
        scenario.cases.append(case)
        case = Case(f"clients of the floor, {name}", [INSTRUCTIONS], ["weft"], [INSTRUCTIONS])
        with bench.start(sides.FLOOR) as floor:
            for side in clients:
                try:
                    case.add(side.name,
                             [_per_call(lambda calls, s=side: _client_run(bench, s, floor, shape, calls))])
                except Failed as failed:
                    case.notes.append(f"{side.name}: {failed}")
        scenario.cases.append(case)
    return scenario
