"""What services send: messages of other shapes and sizes, compressed, over TLS, to many instances, with retries."""

from driver import sides
from driver.stats import BYTES, CALLS, CLIENT_CPU, MESSAGES, P50, P99, SERVER_CPU, Case, Scenario, figures

COSTS = [SERVER_CPU, CLIENT_CPU, P50, P99, BYTES]
KIB = 1024


def run(bench):
    scenario = Scenario("M", "What services send",
                        "Streams whose messages differ in size, documents of nested messages and texts, plain and "
                        "compressed, the headers of production over TLS, a channel to many instances, retries. gRPC C++ "
                        "has no zstd: beside its gzip stands weft's.")
    plain = bench.present([sides.WEFT, sides.ASYNC], scenario)
    with bench.servers(plain, scenario) as servers:
        _case(bench, scenario, plain, servers, "8 streams × 64, 16 B to 4 KiB",
              ["-c", 1, "-m", 8, "--bytes", 4 * KIB, "--stream", "--messages", 64, "--sizes-differ"], MESSAGES)
        for size, under_way in ((KIB, 32), (8 * KIB, 16), (64 * KIB, 4)):
            _case(bench, scenario, plain, servers, f"8×{under_way}, documents of {size // KIB} KiB",
                  ["-c", 8, "-m", under_way, "--bytes", size, "--document"])
        _case(bench, scenario, plain, servers, "8×32, 64 B", ["-c", 8, "-m", 32])
        _case(bench, scenario, plain, servers, "8×32, 64 B, retries on", ["-c", 8, "-m", 32, "--retries"])
    _compressed(bench, scenario, plain)
    _over_tls(bench, scenario, plain)
    _many_instances(bench, scenario, plain)
    _compare(scenario)
    return scenario


def _case(bench, scenario, present, servers, name, flags, first=CALLS):
    case = Case(name, [first, *COSTS], ["weft"], [first, SERVER_CPU])
    bench.rounds_of(case, present, servers, lambda side, server: figures(bench.client(side, server, flags)))
    scenario.cases.append(case)
    return case


def _compressed(bench, scenario, plain):
    forms = [side.with_flags(f"{side.name}, {name}", "--compress", name).with_client_flags("--compress", name)
             for side in plain for name in (("gzip", "zstd") if side is sides.WEFT else ("gzip",))]
    with bench.servers(forms, scenario) as servers:
        for size in (KIB, 8 * KIB, 100 * KIB):
            case = _case(bench, scenario, forms, servers, f"8×4, documents of {size // KIB} KiB, compressed",
                         ["-c", 8, "-m", 4, "--bytes", size, "--document"])
            case.references[:] = ["weft, gzip"]


def _over_tls(bench, scenario, plain):
    forms = [side.with_tls(bench.certificate) for side in plain]
    with bench.servers(forms, scenario) as servers:
        case = _case(bench, scenario, forms, servers, "8×32, 64 B, as production over TLS 1.3",
                     ["-c", 8, "-m", 32, "--timeout", 10_000, "--production"])
        case.references[:] = ["weft TLS"]


def _many_instances(bench, scenario, plain):
    # One process that listens at every address of this machine is 50 instances to a client.
    forms = [side.with_flags(side.name, "--host", "0.0.0.0") for side in plain]
    with bench.servers(forms, scenario) as servers:
        _case(bench, scenario, forms, servers, "2 channels × 128, 64 B, to 50 instances in turn",
              ["-c", 2, "-m", 128, "--instances", 50])


def _compare(scenario):
    """Notes what weft's calls cost beside gRPC's, both sides of a call together."""
    for case in scenario.cases:
        ours, theirs = ([(case.median(name, "server_us") or 0) + (case.median(name, "client_us") or 0)
                         for name in case.rows if name.startswith(prefix)] for prefix in ("weft", "gRPC"))
        if ours and theirs and ours[0]:
            case.notes.append(f"gRPC's calls cost {theirs[0] / ours[0]:.1f} × the CPU of weft's, both sides together")
