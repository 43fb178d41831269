"""What Prometheus computes and warns of. {a.metric} is one that weft declares; make.py puts its name there."""

# What a server is to blame for, as OpenTelemetry's conventions for gRPC have it.
FAULTS = "UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
# Long and short window, how many times faster than allowed the budget is used, and how it is told: from the chapter on
# alerting in the SRE workbook. 14.4 for an hour is 2 % of a month's budget, 6 for six hours 5 %, 1 for three days 10 %.
BURNS = (("1h", "5m", 14.4, "2m", "page"), ("6h", "30m", 6, "15m", "page"),
         ("1d", "2h", 3, "1h", "ticket"), ("3d", "6h", 1, "3h", "ticket"))


def ratio_name(window):
    return f"job:weft_server_faults:ratio_rate{window}"


def recordings():
    """The share of calls that failed by a fault of their server, for each job."""
    calls = "sum by (job) (rate({{grpc.server.call.duration}}_count{labels}[{window}]))"
    for window in WINDOWS:
        faults = calls.format(labels=f'{{grpc_status=~"{FAULTS}"}}', window=window)
        everything = calls.format(labels="", window=window)
        # A job without a fault has a share of 0, and not none.
        yield {"record": ratio_name(window), "expr": f"({faults} or 0 * {everything}) / {everything}"}


def burn(long, short, factor, wait, severity, budget):
    limit = f"{factor * budget:.6g}"
    return {"alert": "WeftErrorBudgetBurn", "for": wait,
            "expr": f"{ratio_name(long)} > {limit} and {ratio_name(short)} > {limit}",
            "labels": {"severity": severity, "window": long},
            "annotations": {"summary": "{{ $labels.job }} uses its error budget " + f"{factor:g} times as fast as it may",
                            "description": f"For {long} and still: " + "{{ $value | humanizePercentage }}"
                                           f" of its calls fail by its fault ({FAULTS.replace('|', ', ')}). Board \"weft: service\"."}}


def simple(name, expression, wait, severity, summary, description):
    return {"alert": name, "expr": expression, "for": wait, "labels": {"severity": severity},
            "annotations": {"summary": summary, "description": description}}


def alerts(objective):
    budget = 1 - objective / 100
    for given in BURNS:
        yield burn(*given, budget)
    # Of jobs that weft's processes are in; others have rules of their own.
    yield simple("WeftInstanceDown", "up == 0 and on (job) group by (job) (last_over_time({weft.log.lost}[7d]))", "1m", "ticket",
                 "{{ $labels.instance }} cannot be scraped",
                 "It is gone, it hangs, or the network is cut. Clients leave it out by themselves.")
    yield simple("WeftLoopHeld", "histogram_quantile(0.99, sum by (instance, le) (rate({weft.loop.lag}_bucket[5m]))) > 0.1", "5m", "ticket",
                 "A loop of {{ $labels.instance }} is held for {{ $value | humanizeDuration }}",
                 "A handler blocks or computes on its loop: move it to a thread (docs/guide/slow-handlers.md).")
    yield simple("WeftMemoryNearLimit", "{weft.server.memory} / {weft.server.memory.limit} > 0.8", "5m", "ticket",
                 "{{ $labels.instance }} holds {{ $value | humanizePercentage }} of what clients may make it hold",
                 "At 100 % it refuses requests (ServerOptions::max_memory).")
    yield simple("WeftRefusing", 'sum by (instance, weft_cause) (rate({weft.server.refusals}{weft_cause=~"overload|limit"}[5m])) > 1', "5m", "ticket",
                 "{{ $labels.instance }} refuses {{ $value | humanize }} requests a second: {{ $labels.weft_cause }}",
                 "It has more to do than it can: more instances, or fewer calls.")
    yield simple("WeftConnectionsRefused", "rate({weft.server.connections.refused}[5m]) > 0", "5m", "ticket",
                 "{{ $labels.instance }} closes connections at once",
                 "A limit of connections is reached (ServerOptions::max_connections).")
    answers = 'sum by (job, grpc_target) (rate({{weft.client.resolver.answers}}{{weft_event="{event}"}}[5m])) > 0'
    yield simple("WeftResolverFails", answers.format(event="error") + " unless " + answers.format(event="ok"), "1m", "ticket",
                 "{{ $labels.job }} finds no instance of {{ $labels.grpc_target }}",
                 "Nobody announces it, or the registry cannot be asked. Instances that were found before stay in use.")
    yield simple("WeftFilesNearLimit", "{process.open_fds} / {process.max_fds} > 0.8 and on (job, instance) {weft.log.lost}", "5m", "ticket",
                 "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its files open",
                 "At 100 % it can accept no connection (ulimit -n).")
    yield simple("WeftLogLinesLost", "rate({weft.log.lost}[5m]) > 0", "5m", "ticket",
                 "{{ $labels.instance }} loses log lines", "Its log's disk or reader is too slow.")
