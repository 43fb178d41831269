#!/usr/bin/env python3
"""Writes Grafana's boards and Prometheus' rules: make.py [--check] [--objective 99.9]

Metrics stand in the expressions as weft declares them, {grpc.server.call.duration}. Their names in Prometheus come from
docs/reference/metrics.md, which weft's tests keep equal to the declarations in the code, so a board cannot name a
metric that is not there. --check writes nothing and ends with 1 where a file is not what would be written.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from boards import BOARDS
from rules import alerts, recordings

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent / "docs" / "reference" / "metrics.md"
ROW = re.compile(r"^\| `([a-z0-9_.]+)` \| `([a-zA-Z0-9_]+)` \|")
PLACEHOLDER = re.compile(r"\{([a-z]+(?:\.[a-z_]+)+)\}")
PANEL_WIDTH, PANEL_HEIGHT, PANELS_IN_A_ROW = 8, 8, 3
SOURCE = {"type": "prometheus", "uid": "${source}"}


def declared():
    """Prometheus' names by weft's."""
    rows = (ROW.match(line) for line in REFERENCE.read_text(encoding="utf-8").splitlines())
    return {row[1]: row[2] for row in rows if row}


class Names:
    def __init__(self):
        self._names = declared()

    def fill_in(self, text):
        def name(match):
            if match[1] not in self._names:
                raise SystemExit(f"make.py: no metric {match[1]!r} is declared; docs/reference/metrics.md lists them")
            return self._names[match[1]]
        return PLACEHOLDER.sub(name, text)


def variables(board):
    """What a reader chooses above the panels."""
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    labels = [{"name": name, "label": name, "type": "query", "datasource": SOURCE, "refresh": 2, "sort": 1,
               "multi": True, "includeAll": True, "allValue": ".*",
               "current": {"text": "All", "value": "$__all"}, "query": f"label_values({of}, {label})"}
              for name, label, of in board.variables]
    return [source, *labels]


def panel(number, given):
    row, column = divmod(number, PANELS_IN_A_ROW)
    return {"id": number + 1, "type": "timeseries", "title": given.title, "description": given.about,
            "datasource": SOURCE,
            "gridPos": {"x": column * PANEL_WIDTH, "y": row * PANEL_HEIGHT, "w": PANEL_WIDTH, "h": PANEL_HEIGHT},
            "fieldConfig": {"defaults": {"unit": given.unit, "min": 0}, "overrides": []},
            "options": {"tooltip": {"mode": "multi", "sort": "desc"}, "legend": {"showLegend": True}},
            "targets": [{"refId": chr(ord("A") + i), "datasource": SOURCE, "expr": line.expression,
                         "legendFormat": line.legend} for i, line in enumerate(given.lines)]}


def board_text(board, names):
    found = {"uid": f"weft-{board.name}", "title": board.title, "tags": ["weft"], "schemaVersion": 38, "version": 1,
             "editable": True, "refresh": "10s", "time": {"from": "now-30m", "to": "now"}, "timezone": "",
             "templating": {"list": variables(board)},
             "panels": [panel(number, given) for number, given in enumerate(board.panels)]}
    return names.fill_in(json.dumps(found, indent=1)) + "\n"


def quoted(text):
    return json.dumps(text, ensure_ascii=False)  # a string of JSON is one of YAML


def rule_lines(rule):
    kind = "record" if "record" in rule else "alert"
    yield f"      - {kind}: {rule[kind]}"
    yield f"        expr: {quoted(rule['expr'])}"
    if "for" in rule:
        yield f"        for: {rule['for']}"
    for part in ("labels", "annotations"):
        if part in rule:
            yield f"        {part}:"
            yield from (f"          {key}: {quoted(value)}" for key, value in rule[part].items())


def rules_text(about, name, rules, names):
    lines = [f"# {about} Made by deploy/make.py.", "groups:", f"  - name: {name}", "    rules:"]
    for rule in rules:
        lines.extend(rule_lines(rule))
    return names.fill_in("\n".join(lines)) + "\n"


def files(objective):
    names = Names()
    found = {HERE / "grafana" / f"{board.name}.json": board_text(board, names) for board in BOARDS}
    found[HERE / "prometheus" / "recording.yml"] = rules_text(
        "What the alerts ask for, computed once.", "weft-recording", recordings(), names)
    found[HERE / "prometheus" / "alerts.yml"] = rules_text(
        f"For an objective of {objective:g} % of calls without a fault of the server.", "weft-alerts", alerts(objective), names)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--objective", type=float, default=99.9, help="per cent of calls that are to end well (99.9)")
    arguments = parser.parse_args()
    if not 0 < arguments.objective < 100:
        parser.error(f"--objective is above 0 and below 100, not {arguments.objective:g}")
    old = {path: text for path, text in files(arguments.objective).items()
           if not path.exists() or path.read_text(encoding="utf-8") != text}
    if arguments.check:
        for path in old:
            print(f"{path.relative_to(HERE.parent)} is not what deploy/make.py writes", file=sys.stderr)
        sys.exit(1 if old else 0)
    for path, text in old.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
