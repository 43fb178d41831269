#!/usr/bin/env python3
"""Where the instructions of a call go: weft's echo server under h2load, stage by stage, with callgrind.

    stages.py --bin build/bench/bin [--calls 20000]

Prints a table in Markdown. Functions are sorted into stages by their names; the kernel's part is not counted.
The server runs twice with different numbers of calls, and the difference is divided, so start-up does not show.
"""

import argparse
import collections
import os
import re
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent.parent))

from driver import callgrind, sides  # noqa: E402
from driver.processes import run_text  # noqa: E402
from scenarios import h2load  # noqa: E402
from scenarios.instructions import Watched  # noqa: E402

CONNECTIONS, STREAMS, PAYLOAD = 8, 32, 64
WARM_CALLS = 2000
RUN_SECONDS = 300

# The first that matches; what the compiler has inlined counts where it stands.
STAGES = [
    ("the handler and the coroutine around it",
     r"Echo|UnaryServing|Task<|coro::|Promise|read_single|write_single"),
    ("the messages: protobuf parses, copies, writes, and allocates their strings",
     r"protobuf|perf::Msg|malloc|_int_free|^free$|operator new|operator delete|basic_string|codec::|unlink_chunk"),
    ("HTTP/2, receiving: frames, known header blocks, windows",
     r"FrameReader|KnownBlocks|Session::Impl::(receive|process|check|begin_data|decode|on_headers|open_peer|deliver"
     r"|credit|sample|admit_data|memo)|Session::memo|StreamRecord::begin|HpackDecoder|huffman_decode|StreamTable|Session::receive|AbuseLimits"),
    ("HTTP/2, sending: header blocks, DATA, the output queue",
     r"HpackEncoder|OutputQueue|FrameWriter|PayloadQueue|Session::Impl|Session::"),
    ("gRPC: the call's record, framing, metadata, status", r"rpc::|weft::Call|Metadata|Deframer|Context|Status"),
    ("the loop, the socket, blocks of memory", r"net::|asio|epoll|Chunk|Bytes|Runnable|readv|writev|recv|syscall|clock"),
]


def run(programs, calls, folder):
    """The instructions of each function of a server that answers so many calls."""
    bench = SimpleNamespace(programs=programs, folder=folder)
    server = Watched(bench, sides.WEFT)
    body = h2load.body_file(bench, PAYLOAD)
    run_text("h2load", h2load.command(server.address, CONNECTIONS, STREAMS, body, calls), sorted(os.sched_getaffinity(0)),
             RUN_SECONDS)
    server.stop()
    return self_costs(server.output)


def self_costs(profile):
    """Instructions of each function without what it calls (callgrind's format: cost lines behind fn= lines, of which
    the one behind calls= belongs to the callee)."""
    names, costs, function, of_callee = {}, collections.Counter(), None, False
    for line in Path(profile).read_text(errors="replace").splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, name = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line).groups()
            if name:
                names[number] = name
            if line.startswith("fn="):
                function = number
        elif line.startswith("calls="):
            of_callee = True
        elif re.match(r"[0-9+*-]", line):
            if not of_callee:
                costs[function] += int(line.split()[1])
            of_callee = False
    by_name = collections.Counter()
    for number, cost in costs.items():
        by_name[names.get(number, number)] += cost
    return by_name


def stage_of(function):
    return next((stage for stage, pattern in STAGES if re.search(pattern, function)), "the rest, most of it memcpy")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--functions", type=int, default=0, help="list so many functions of each stage too")
    arguments = parser.parse_args()
    os.environ.update(callgrind.PLAIN_LIBC)
    with tempfile.TemporaryDirectory() as folder:
        few, many = (run(arguments.bin, WARM_CALLS + n, Path(folder)) for n in (0, arguments.calls))
    stages = collections.defaultdict(collections.Counter)
    for function, cost in many.items():
        stages[stage_of(function)][function] = (cost - few[function]) / arguments.calls
    total = sum(sum(functions.values()) for functions in stages.values())
    print("| stage | instructions | share |\n|---|---|---|")
    for stage, functions in sorted(stages.items(), key=lambda item: -sum(item[1].values())):
        cost = sum(functions.values())
        print(f"| {stage} | {cost:,.0f} | {cost / total:.0%} |")
        for function, own in functions.most_common(arguments.functions):
            print(f"|   {function[:110]} | {own:,.0f} | |")
    print(f"| **a call** | **{total:,.0f}** | |")


if __name__ == "__main__":
    main()
