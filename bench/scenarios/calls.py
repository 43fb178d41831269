"""Client and server both of a side: single calls, many calls, large messages, streams, TLS."""

from driver import sides
from driver.machine import AwakeCores
from driver.stats import (BYTES, CALLS, CLIENT_CPU, MEGABYTES, MESSAGES, P50, P99, P999, PER_CPU,
                          SERVER_CPU, Case, Scenario, figures)

COSTS = [PER_CPU, SERVER_CPU, CLIENT_CPU, P50, P99, P999, BYTES]
MIB = 1024 * 1024
POLL_MICROS = 1000


def size_text(size):
    return f"{size // MIB} MiB" if size >= MIB else f"{size // 1024} KiB" if size >= 1024 else f"{size} B"


def _flags(connections, outstanding, size):
    return ["-c", connections, "-m", outstanding, "--bytes", size]


def _compare(bench, scenario, present, servers, case, flags, payload=None):
    def run(side, server):
        return figures(bench.client(side, server, flags), payload)

    bench.rounds_of(case, present, servers, run)
    scenario.cases.append(case)


def one_at_a_time(bench):
    scenario = Scenario("A", "One call at a time",
                        "One connection, one call under way, 64 B: the round trip. A core that sleeps takes "
                        "tens of microseconds to wake in a virtual machine, so the figures are taken with the "
                        "cores kept awake (/dev/cpu_dma_latency at 0) and as the system is by default.")
    present = bench.present(sides.PAIRS, scenario)
    with bench.servers(present, scenario) as servers:
        def compare(name):
            case = Case(name, [P50, P99, P999, CALLS, SERVER_CPU, CLIENT_CPU, BYTES], ["raw", "weft"],
                        [P50, P99])
            _compare(bench, scenario, present, servers, case, _flags(1, 1, 64))

        if AwakeCores.possible():
            with AwakeCores():
                compare("1×1, 64 B, cores kept awake")
            if not AwakeCores.has_effect():
                scenario.notes.append("this kernel has one way to sleep only (no cpuidle driver), so both are the "
                                      "same: what a wake-up costs is up to the hypervisor")
        else:
            scenario.notes.append("/dev/cpu_dma_latency cannot be opened: cores could not be kept awake")
        compare("1×1, 64 B, cores as by default")
    _polling(bench, scenario)
    return scenario


def _polling(bench, scenario):
    """Both ends look for work before they sleep. Servers of its own: they keep the core busy."""
    wanted = [sides.RAW.with_flags("raw", "--poll").with_client_flags("--poll", POLL_MICROS)]
    if bench.has_flag(sides.WEFT.server, "--poll-spin"):
        wanted.append(sides.WEFT.with_flags("weft", "--poll-spin", POLL_MICROS)
                      .with_client_flags("--poll", POLL_MICROS))
    present = bench.present(wanted, scenario)
    case = Case("1×1, 64 B, polling", [P50, P99, P999, CALLS], ["raw"], [P50])
    for _ in range(bench.rounds):
        for side in present:
            with bench.servers([side], scenario) as servers:
                bench.one_round(case, side, servers,
                                lambda of, server: figures(bench.client(of, server, _flags(1, 1, 64))))
    bench.close(case)
    scenario.cases.append(case)


def many_under_way(bench):
    scenario = Scenario("B", "Many calls under way",
                        "Connections × calls under way on each. What a core can serve, and what a call costs.")
    present = bench.present(sides.PAIRS, scenario)
    with bench.servers(present, scenario) as servers:
        for connections, outstanding, size in ((1, 100, 64), (8, 32, 64), (1, 100, 1024), (8, 32, 1024)):
            case = Case(f"{connections}×{outstanding}, {size_text(size)}", [CALLS, *COSTS], ["weft"],
                        [CALLS, SERVER_CPU])
            _compare(bench, scenario, present, servers, case, _flags(connections, outstanding, size))
    return scenario


def as_production(bench):
    scenario = Scenario("L", "A call as production sends it",
                        "8×32, 64 B: bare, and with what production sends beside the message: a deadline, a bearer "
                        "token of 700 bytes that stays the same, a traceparent that differs each time, and three more "
                        "fields of which one does. nghttp2: its server under weft's client.")
    present = bench.present([sides.WEFT, sides.ASYNC, sides.CALLBACK, sides.NGHTTP2_UNDER_WEFT], scenario)
    with bench.servers(present, scenario) as servers:
        bare = Case("bare", [CALLS, *COSTS], ["weft"], [CALLS, SERVER_CPU])
        production = Case("production", [CALLS, *COSTS], ["weft"], [CALLS, SERVER_CPU])
        for case, more in ((bare, []), (production, ["--timeout", 10_000, "--production"])):
            _compare(bench, scenario, present, servers, case, [*_flags(8, 32, 64), *more])
        for side in present:
            costs = [(case.median(side.name, "server_us"), case.median(side.name, "client_us"))
                     for case in (bare, production)]
            if all(all(cost) for cost in costs):
                production.notes.append(f"{side.name}: {costs[1][0] / costs[0][0]:.2f} × the bare call's CPU on the "
                                        f"server, {costs[1][1] / costs[0][1]:.2f} × on the client")
    return scenario


def large_messages(bench):
    scenario = Scenario("C", "Large messages",
                        "1 MiB there and back, four under way on one connection (Thrift: on four, since with "
                        "several on one both of its sides may stand in a write). MB/s counts one direction.")
    present = bench.present(sides.PAIRS, scenario)
    with bench.servers(present, scenario) as servers:
        case = Case("1×4, 1 MiB", [MEGABYTES, SERVER_CPU, CLIENT_CPU, P50, P99], ["weft"], [MEGABYTES])
        _compare(bench, scenario, present, servers, case, _flags(1, 4, MIB), MIB)
    return scenario


def streams(bench):
    scenario = Scenario("D", "Bidirectional streams",
                        "64 B messages echoed on streams of one connection: streams × messages under way on "
                        "each. Latency is that of a message.")
    present = bench.present([side for side in sides.PAIRS if side.streams], scenario)
    with bench.servers(present, scenario) as servers:
        for count, messages in ((8, 64), (100, 1), (1, 1)):
            case = Case(f"{count} streams × {messages}, 64 B", [MESSAGES, *COSTS], ["weft"], [MESSAGES])
            _compare(bench, scenario, present, servers, case,
                     [*_flags(1, count, 64), "--stream", "--messages", messages])
    return scenario


def over_tls(bench):
    scenario = Scenario("G", "TLS 1.3",
                        "B and C over TLS, beside plaintext in the same run: what the cipher costs, and what "
                        "comes with it.")
    plain = bench.present([sides.WEFT, sides.ASYNC, sides.CALLBACK], scenario)
    present = [form for side in plain for form in (side, side.with_tls(bench.certificate))]
    with bench.servers(present, scenario) as servers:
        for connections, outstanding, size in ((1, 100, 64), (8, 32, 64), (8, 32, 1024), (1, 4, MIB)):
            large = size >= MIB
            first = [MEGABYTES] if large else [CALLS]
            case = Case(f"{connections}×{outstanding}, {size_text(size)}", [*first, *COSTS],
                        ["weft", "weft TLS"], [*first, SERVER_CPU])
            _compare(bench, scenario, present, servers, case, _flags(connections, outstanding, size), size)
            for side in plain:
                plain_cpu = case.median(side.name, "server_us")
                tls_cpu = case.median(f"{side.name} TLS", "server_us")
                if plain_cpu and tls_cpu:
                    case.notes.append(f"{side.name}: TLS adds {tls_cpu - plain_cpu:.2f} µs of server CPU a call")
    return scenario
