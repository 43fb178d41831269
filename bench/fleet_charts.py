#!/usr/bin/env python3
"""Draws what the fleet's scenarios came to (weft_fleet --full --json) for the guide.

usage: fleet_charts.py JSON FOLDER
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))

from driver import charts  # noqa: E402

SECONDS = "seconds since the calls began"
# scenario -> (title, what the lines are)
DRAWN = {
    "grey": ("one of ten instances becomes a hundred times slower at second 5", "p99 in ms"),
    "overload": ("three times as many calls as five instances can serve",
                 "answers within 200 ms, of the capacity"),
    "rolling": ("fifty instances are replaced, one after the other", "p99 in ms"),
    "dead": ("one of ten instances dies at second 3", "p99 in ms"),
}


def draw(outcome, title, axis):
    # The last seconds have only calls of clients that were about to end.
    lines = {name.removeprefix("p99 in ms ").removeprefix("goodput of capacity "): list(enumerate(values[:-2]))
             for name, values in outcome["series"].items()}
    return charts.line_chart(SimpleNamespace(name=title, lines=lines, line_axes=(SECONDS, axis)))


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for outcome in json.loads(Path(sys.argv[1]).read_text()):
        if outcome["scenario"] in DRAWN:
            path = folder / f"{outcome['scenario']}.svg"
            path.write_text(draw(outcome, *DRAWN[outcome["scenario"]]))
            print(path)


main()
