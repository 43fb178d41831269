"""What weft sets itself (docs/reference/performance.md), held against a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    letter: str
    what: str
    measure: object  # function of a Lookup: the value, or None where it was not measured
    limit: float
    at_least: bool = False
    unit: str = ""
    digits: int = 2

    def met(self, value):
        return value >= self.limit if self.at_least else value <= self.limit

    def limit_text(self):
        return f"{'≥' if self.at_least else '≤'} {self.limit:,g}{self.unit}"


class Lookup:
    """Figures of a run by scenario, case, side and metric; knows whether those it gave were disturbed."""

    def __init__(self, scenarios):
        self._cases = {(scenario.letter, case.name): case
                       for scenario in scenarios for case in scenario.cases}
        self.disturbed = False

    def _find(self, letter, case, *sides):
        found = self._cases.get((letter, case))
        self.disturbed |= found is not None and not found.disturbed.isdisjoint(sides)
        return found

    def ratio(self, letter, case, side, reference, key):
        found = self._find(letter, case, side, reference)
        return found.ratio(side, reference, key) if found else None

    def value(self, letter, case, side, key, scale=1.0):
        found = self._find(letter, case, side)
        value = found.median(side, key) if found else None
        return value * scale if value is not None else None

    def case_with(self, letter, word):
        """The name of the scenario's first case that has the word in it."""
        return next((name for of, name in self._cases if of == letter and word in name), "")


def _over_floor(case, limit):
    return Target("E", f"server CPU of {case} under h2load, × floor",
                  lambda run: run.ratio("E", case, "weft", "floor", "server_us"), limit)


def _calls(case, limit):
    return Target("B", f"{case}, thousand calls/s",
                  lambda run: run.value("B", case, "weft", "calls_per_s", 1e-3), limit, True, " k", 0)


def _both_cpus(run):
    server = run.value("B", "1×100, 64 B", "weft", "server_us")
    client = run.value("B", "1×100, 64 B", "weft", "client_us")
    return max(server, client) if server is not None and client is not None else None


def _tls(run):
    tls = run.value("G", "8×32, 64 B", "weft TLS", "server_us")
    plain = run.value("G", "8×32, 64 B", "weft", "server_us")
    return tls - plain if tls is not None and plain is not None else None


def _isolation(run):
    case = run.case_with("H", "")
    taken_over = run.value("H", case, "weft, take-over", "ratio")
    return taken_over if taken_over is not None else run.value("H", case, "weft", "ratio")


def _overload(key, scale=1.0, side="weft"):
    return lambda run: run.value("K", "twice the capacity", side, key, scale)


def _memory(word):
    return lambda run: run.value("F", run.case_with("F", word), "weft", "bytes", 1 / 1024)


TARGETS = [
    Target("A", "one call at a time, cores awake, p50, × raw",
           lambda run: run.ratio("A", "1×1, 64 B, cores kept awake", "weft", "raw", "p50"), 1.15),
    Target("A", "the same, both polling before they block, × raw",
           lambda run: run.ratio("A", "1×1, 64 B, polling", "weft", "raw", "p50"), 1.2),
    _calls("1×100, 64 B", 1000),
    Target("B", "1×100, 64 B: CPU of a call, the costlier of server and client", _both_cpus, 1, unit=" µs"),
    _calls("8×32, 64 B", 900),
    _calls("8×32, 1 KiB", 600),
    Target("C", "1 MiB echo", lambda run: run.value("C", "1×4, 1 MiB", "weft", "megabytes_per_s"), 2200,
           True, " MB/s", 0),
    Target("D", "bidirectional streams, thousand messages/s",
           lambda run: run.value("D", "8 streams × 64, 64 B", "weft", "calls_per_s", 1e-3), 1500, True, " k", 0),
    _over_floor("8×32, 64 B", 2),
    _over_floor("1×100, 64 B", 3),
    _over_floor("8×32, 1 KiB", 1.4),
    _over_floor("1×1, 64 B", 1.1),
    Target("E", "calls/s of 8×32, 64 B under h2load, × floor (h2load's limit)",
           lambda run: run.ratio("E", "8×32, 64 B", "weft", "floor", "calls_per_s"), 0.95, True),
    Target("E", "weft bench, CPU of a call, × h2load",
           lambda run: run.ratio("E", "load generators, 8×32, 64 B, of the floor", "weft bench", "h2load",
                                 "client_us"), 1),
    Target("F", "memory of an idle connection", _memory("connections"), 2.5, unit=" KiB"),
    Target("F", "memory of a pending call of 64 B", _memory("pending"), 1.06, unit=" KiB"),
    Target("G", "TLS 1.3, 8×32, 64 B: server CPU over plaintext", _tls, 0.4, unit=" µs"),
    Target("H", "p99 beside slow calls, × without them", _isolation, 1.2),
    Target("I", "start-up to the first answer",
           lambda run: run.value("I", "start-up", "weft", "first_answer", 1e3), 20, unit=" ms", digits=1),
    Target("I", "compiling a hello server",
           lambda run: run.value("I", "compiling a hello server", "weft", "compile"), 3, unit=" s"),
    Target("I", "size of a hello server",
           lambda run: run.value("I", "size of a hello server", "weft", "size", 1e-6), 1.5, unit=" MB"),
    Target("I", "clean build of library and tools",
           lambda run: run.value("I", "clean build of the library and the tools", "weft", "minutes", 1 / 60), 5,
           unit=" min", digits=1),
    Target("J", "two loops, calls/s × one loop, where the client has cores to spare",
           lambda run: run.ratio("J", "16×32, 64 B", "weft, 2 loops", "weft, 1 loop", "calls_per_s"), 1.9, True),
    Target("J", "two loops, server CPU of a call × one loop",
           lambda run: run.ratio("J", run.case_with("J", "16×32"), "weft, 2 loops", "weft, 1 loop", "server_us"),
           1.1),
    Target("K", "goodput at twice the capacity, × capacity", _overload("goodput"), 0.95, True),
    # The side that bounds its queue refuses the most, so that the cost shows.
    Target("K", "cost of a refusal, of a call's", _overload("refusal", 100, "weft, queue ≤ 100 ms"), 10, unit=" %",
           digits=1),
]


def rows(scenarios):
    """(target, value or None, whether it was disturbed) of those whose scenario was run."""
    letters, found = {scenario.letter for scenario in scenarios}, []
    for target in TARGETS:
        if target.letter in letters:
            run = Lookup(scenarios)
            found.append((target, target.measure(run), run.disturbed))
    return found


DISTURBED = ("* beside other processes that used more than a quarter of a core: calls per second and latencies are "
             "worse than the program's own")


def _measured(target, value, disturbed):
    if value is None:
        return "not measured"
    return f"{value:,.{target.digits}f}{target.unit}{' *' if disturbed else ''}"


def markdown(scenarios):
    found = rows(scenarios)
    lines = ["| | what | target | measured | met |", "|---|---|---:|---:|---|"]
    for target, value, disturbed in found:
        met = "–" if value is None else "yes" if target.met(value) else "**no**"
        measured = _measured(target, value, disturbed).replace("*", "\\*")
        lines.append(f"| {target.letter} | {target.what} | {target.limit_text()} | {measured} | {met} |")
    if any(disturbed for _, _, disturbed in found):
        lines += ["", DISTURBED.replace("*", "\\*") + "."]
    return "\n".join(lines)


def terminal(scenarios):
    found = rows(scenarios)
    lines = []
    for target, value, disturbed in found:
        met = " ?" if value is None else "ok" if target.met(value) else "NO"
        lines.append(f"  {met}  {target.letter}  {target.what}: {_measured(target, value, disturbed)} "
                     f"({target.limit_text()})")
    if any(disturbed for _, _, disturbed in found):
        lines.append(f"  {DISTURBED}")
    return "\n".join(lines)
