"""Figures of several rounds, and what they are called."""

import statistics
from dataclasses import dataclass, field


def summary(values):
    """Median and spread of the rounds."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "runs": list(values)}


@dataclass(frozen=True)
class Metric:
    key: str
    label: str
    digits: int = 2
    scale: float = 1.0  # shown value = value * scale


CALLS = Metric("calls_per_s", "k calls/s", 1, 1e-3)
MESSAGES = Metric("calls_per_s", "k msgs/s", 1, 1e-3)
MEGABYTES = Metric("megabytes_per_s", "MB/s", 0)
SERVER_CPU = Metric("server_us", "server µs/call")
CLIENT_CPU = Metric("client_us", "client µs/call")
# What the calls per second are where each side has its core to itself: steadier than those on a busy machine.
PER_CPU = Metric("per_cpu_s", "k calls/CPU s", 1, 1e-3)
P50 = Metric("p50", "p50 µs", 1)
P99 = Metric("p99", "p99 µs", 1)
P999 = Metric("p99.9", "p99.9 µs", 1)
BYTES = Metric("bytes_per_call", "bytes/call", 0)


@dataclass
class Case:
    """One comparison: rows of sides, columns of metrics. The first of `metrics` is what ratios are
    made of, and `charts` what is drawn."""

    name: str
    metrics: list
    references: list = field(default_factory=list)
    charts: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)  # side: {metric key: summary}
    notes: list = field(default_factory=list)
    lines: dict = field(default_factory=dict)  # side: [(x, y)], a chart over time or rate
    line_axes: tuple = ("", "")
    disturbed: set = field(default_factory=set)  # sides beside whose runs others used the machine

    def add(self, side, runs):
        """`runs`: a dictionary of figures for each round."""
        if runs:
            keys = [key for key in runs[0] if all(key in run for run in runs)]
            self.rows[side] = {key: summary([run[key] for run in runs]) for key in keys}

    def median(self, side, key):
        return self.rows[side][key]["median"] if key in self.rows.get(side, {}) else None

    def ratio(self, side, reference, key):
        """How many times the reference's median this side's is; None where either is missing."""
        value, base = self.median(side, key), self.median(reference, key)
        return value / base if value is not None and base else None

    def to_json(self):
        ratios = {reference: {side: self.ratio(side, reference, self.metrics[0].key)
                              for side in self.rows} for reference in self.references
                  if reference in self.rows}
        return {"name": self.name, "metrics": [metric.key for metric in self.metrics],
                "rows": self.rows, "ratios": ratios, "lines": self.lines, "disturbed": sorted(self.disturbed), "notes": self.notes}


@dataclass
class Scenario:
    letter: str
    title: str
    about: str
    cases: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def to_json(self):
        return {"letter": self.letter, "title": self.title, "about": self.about,
                "notes": self.notes, "cases": [case.to_json() for case in self.cases]}


def figures(result, payload=None):
    """What the tables show of a client program's result."""
    calls = result["calls"]
    if calls == 0:
        return {}
    latency = result["latency"]
    shown = {
        "calls_per_s": calls / result["seconds"],
        "server_us": result["server_cpu"] / calls * 1e6,
        "client_us": result["client_cpu"] / calls * 1e6,
        "bytes_per_call": (result["bytes_sent"] + result["bytes_received"]) / calls,
        "p50": latency["p50"], "p99": latency["p99"], "p99.9": latency["p99.9"],
    }
    costlier = max(result["server_cpu"], result["client_cpu"])
    if costlier > 0:
        shown["per_cpu_s"] = calls / costlier
    if payload:
        shown["megabytes_per_s"] = shown["calls_per_s"] * payload / 1e6
    return shown
