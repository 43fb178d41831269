"""One loop and two, the same load."""

from driver import sides
from driver.stats import CALLS, CLIENT_CPU, P50, P99, SERVER_CPU, Case, Scenario, figures

LOOPS = (1, 2)


def run(bench):
    scenario = Scenario("J", "Threads",
                        "16×32 outstanding, 64 B, for a server with one loop and with two. Where nothing is shared on "
                        "the way of a call, a call costs the same CPU time with both.")
    cores = bench.all_cores
    spare = len(cores) >= 4
    if not spare:
        scenario.notes.append(f"{len(cores)} cores: the client needs those that a second loop would use, so calls "
                              "per second cannot double here; CPU per call is what shows whether loops are in each "
                              "other's way")
    server_cores, client_cores = (cores[:2], cores[2:]) if spare else (cores, cores)
    plain = bench.present([sides.WEFT, sides.ASYNC], scenario)
    forms = [side.with_flags(f"{side.name}, {loops} loop{'s' if loops > 1 else ''}", "--threads", loops)
             for side in plain for loops in LOOPS]
    case = Case("16×32, 64 B" if spare else "16×32, 64 B, cores shared with the client", [CALLS, SERVER_CPU, CLIENT_CPU, P50, P99], ["weft, 1 loop"],
                [CALLS, SERVER_CPU])
    flags = ["-c", 16, "-m", 32, "--threads", len(client_cores)]

    def measure(side, server):
        return figures(bench.client(side, server, flags, cores=client_cores))

    with bench.servers(forms, scenario, server_cores) as servers:
        bench.rounds_of(case, forms, servers, measure)
    scenario.cases.append(case)
    return scenario
