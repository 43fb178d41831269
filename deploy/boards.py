"""What the boards show. {a.metric} is one that weft declares; make.py puts its name in Prometheus there."""

from dataclasses import dataclass, field


@dataclass
class Line:
    expression: str
    legend: str


@dataclass
class Panel:
    title: str
    unit: str  # as Grafana calls it
    about: str
    lines: list[Line]


@dataclass
class Board:
    name: str
    title: str
    panels: list[Panel]
    # Name, label, and the metric whose series have it.
    variables: list[tuple[str, str, str]] = field(default_factory=list)


SERVER = 'job=~"$job",instance=~"$instance"'
METHOD = SERVER + ',grpc_method=~"$method"'
TARGET = SERVER + ',grpc_target=~"$target"'


def rate(metric, labels, by, suffix=""):
    return f"sum by ({by}) (rate({{{metric}}}{suffix}{{{labels}}}[$__rate_interval]))"


def quantile(share, metric, labels, by):
    return f"histogram_quantile({share}, " + rate(metric, labels, f"le, {by}", "_bucket") + ")"


def now(metric, labels, by):
    return f"sum by ({by}) ({{{metric}}}{{{labels}}})"


def quantiles(metric, labels, by, legend):
    return [Line(quantile(share, metric, labels, by), f"{legend} {name}") for share, name in ((0.5, "p50"), (0.99, "p99"))]


SERVICE = Board("service", "weft: service", variables=[
    ("job", "job", "{grpc.server.call.started}"),
    ("instance", "instance", '{grpc.server.call.started}{job=~"$job"}'),
    ("method", "grpc_method", '{grpc.server.call.started}{job=~"$job"}')], panels=[
        Panel("Calls", "reqps", "Calls that have begun, by method.",
              [Line(rate("grpc.server.call.started", METHOD, "grpc_method"), "{{grpc_method}}")]),
        Panel("Failures", "reqps", "Calls that have not ended with OK, by status.",
              [Line(rate("grpc.server.call.duration", METHOD + ',grpc_status!="OK"', "grpc_method, grpc_status", "_count"),
                    "{{grpc_method}} {{grpc_status}}")]),
        Panel("Time of a call", "s", "From a call's headers to its status.",
              quantiles("grpc.server.call.duration", METHOD, "grpc_method", "{{grpc_method}}")),
        Panel("Calls under way", "short", "By method.",
              [Line(now("weft.server.calls.active", METHOD, "grpc_method"), "{{grpc_method}}")]),
        Panel("Refused before a handler", "reqps", "By cause: overload, deadline, limit, headers, method, not_grpc.",
              [Line(rate("weft.server.refusals", SERVER, "weft_cause"), "{{weft_cause}}")]),
        Panel("Waiting for the loop", "s", "From a call's headers to its first middleware. Long: the server has too much to do.",
              quantiles("weft.server.call.wait", METHOD, "grpc_method", "{{grpc_method}}")),
        Panel("Bytes received", "Bps", "Request messages, compressed, without framing.",
              [Line(rate("grpc.server.call.rcvd_total_compressed_message_size", METHOD, "grpc_method", "_sum"), "{{grpc_method}}")]),
        Panel("Bytes sent", "Bps", "Response messages, compressed, without framing.",
              [Line(rate("grpc.server.call.sent_total_compressed_message_size", METHOD, "grpc_method", "_sum"), "{{grpc_method}}")]),
        Panel("Calls by instance", "reqps", "Uneven: look at the clients' balancing.",
              [Line(rate("grpc.server.call.started", METHOD, "instance"), "{{instance}}")]),
    ])

CLIENT = Board("client", "weft: calls to others", variables=[
    ("job", "job", "{grpc.client.attempt.started}"),
    ("instance", "instance", '{grpc.client.attempt.started}{job=~"$job"}'),
    ("target", "grpc_target", '{grpc.client.attempt.started}{job=~"$job"}')], panels=[
        Panel("Calls", "reqps", "Calls that have ended, as the application counts them.",
              [Line(rate("grpc.client.call.duration", TARGET, "grpc_target, grpc_method", "_count"), "{{grpc_target}} {{grpc_method}}")]),
        Panel("Failures", "reqps", "Calls that have not ended with OK, after all their attempts.",
              [Line(rate("grpc.client.call.duration", TARGET + ',grpc_status!="OK"', "grpc_target, grpc_status", "_count"),
                    "{{grpc_target}} {{grpc_status}}")]),
        Panel("Time of a call", "s", "With all its attempts.",
              quantiles("grpc.client.call.duration", TARGET, "grpc_target", "{{grpc_target}}")),
        Panel("Attempts for each call", "short", "1: nothing is retried. More: instances fail.",
              [Line(rate("grpc.client.attempt.started", TARGET, "grpc_target") + " / "
                    + rate("grpc.client.call.duration", TARGET, "grpc_target", "_count"), "{{grpc_target}}")]),
        Panel("Failed attempts", "reqps", "By status. The application does not see those that a retry made good.",
              [Line(rate("grpc.client.attempt.duration", TARGET + ',grpc_status!="OK"', "grpc_target, grpc_status", "_count"),
                    "{{grpc_target}} {{grpc_status}}")]),
        Panel("Attempts under way", "short", "By target.",
              [Line(now("weft.client.attempts.active", TARGET, "grpc_target"), "{{grpc_target}}")]),
        Panel("Waiting for a connection", "s", "Time that a call waits for a connection with room for it.",
              quantiles("weft.client.call.wait", TARGET, "grpc_target", "{{grpc_target}}")),
        Panel("Instances", "short", "What the resolver has found last. 0: nothing yet. Where it finds none any more, the last ones stay in use.",
              [Line("min by (grpc_target) ({weft.client.resolver.endpoints}{" + TARGET + "})", "{{grpc_target}}")]),
        Panel("What became of instances", "cps", "Found, gone, ejected, probing, back, unhealthy, healthy; once for each loop.",
              [Line(rate("weft.client.endpoint.events", TARGET, "grpc_target, weft_event"), "{{grpc_target}} {{weft_event}}")]),
        Panel("Policies", "cps", "What breakers, limits, budgets and retries did.",
              [Line(rate("weft.policy.events", SERVER, "weft_policy, weft_event"), "{{weft_policy}} {{weft_event}}")]),
    ])

RUNTIME = Board("runtime", "weft: processes", variables=[
    ("job", "job", "{process.start_time}"),
    ("instance", "instance", '{process.start_time}{job=~"$job"}')], panels=[
        Panel("Processor", "percentunit", "1 is a whole core.",
              [Line(rate("process.cpu", SERVER, "instance"), "{{instance}}")]),
        Panel("Memory", "bytes", "Resident.", [Line(now("process.resident_memory", SERVER, "instance"), "{{instance}}")]),
        Panel("Memory held for clients", "percentunit", "Of ServerOptions::max_memory. At 1 requests are refused.",
              [Line(now("weft.server.memory", SERVER, "instance") + " / " + now("weft.server.memory.limit", SERVER, "instance"),
                    "{{instance}}")]),
        Panel("Lag of loops", "s", "How late a timer of a loop runs. Long: a handler holds its loop.",
              [Line(quantile(0.99, "weft.loop.lag", SERVER, "instance, weft_loop"), "{{instance}} {{weft_loop}} p99")]),
        Panel("Rounds of loops", "cps", "How often a loop has looked for events.",
              [Line(rate("weft.loop.rounds", SERVER, "instance, weft_loop"), "{{instance}} {{weft_loop}}")]),
        Panel("Connections", "short", "Of clients, now.", [Line(now("weft.server.connections", SERVER, "instance"), "{{instance}}")]),
        Panel("Connections opened and ended", "cps", "Many: clients do not keep them.",
              [Line(rate("weft.server.connections.opened", SERVER, "instance"), "{{instance}} opened"),
               Line(rate("weft.server.connections.closed", SERVER, "instance, weft_by"), "{{instance}} ended by {{weft_by}}")]),
        Panel("Connections refused and failed", "cps", "Refused by a limit; failed in TLS or without HTTP/2.",
              [Line(rate("weft.server.connections.refused", SERVER, "instance"), "{{instance}} refused"),
               Line(rate("weft.server.connections.failed", SERVER, "instance"), "{{instance}} failed")]),
        Panel("Open files", "percentunit", "Of those that may be open.",
              [Line(now("process.open_fds", SERVER, "instance") + " / " + now("process.max_fds", SERVER, "instance"), "{{instance}}")]),
        Panel("Threads", "short", "A program of weft's has few.", [Line(now("process.threads", SERVER, "instance"), "{{instance}}")]),
        Panel("Log lines lost", "cps", "Lines that no sink took.", [Line(rate("weft.log.lost", SERVER, "instance"), "{{instance}}")]),
    ])

BOARDS = [SERVICE, CLIENT, RUNTIME]
