"""Charts as SVG, written by hand: bars with their spread, and lines. They follow the reader's light or
dark theme."""

import math
from html import escape

WIDTH, LEFT, RIGHT = 760, 130, 84
ROW, BAR, TITLE = 22, 13, 30
PLOT = WIDTH - LEFT - RIGHT
LINES_HEIGHT = 190

STYLE = """
  text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2933; }
  .title { font-weight: 600; font-size: 13px; }
  .small { font-size: 11px; fill: #616e7c; }
  .bar { fill: #9aa5b1; } .own { fill: #1f6feb; } .floor { fill: #c9d1d9; }
  .spread { stroke: #1f2933; stroke-width: 1.2; }
  .grid { stroke: #d9e2ec; stroke-width: 1; }
  .line { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .small { fill: #9da7b3; }
    .bar { fill: #6e7681; } .own { fill: #4493f8; } .floor { fill: #3d444d; }
    .spread { stroke: #e6edf3; } .grid { stroke: #30363d; }
  }
"""
COLOURS = ["#1f6feb", "#d29922", "#3fb950", "#db61a2", "#8b949e", "#f0883e", "#a371f7"]


def nice_ticks(top, count=4):
    """Round values from 0 that reach at least `top`, about `count` of them."""
    if top <= 0:
        return [0, 1]
    step = 10 ** math.floor(math.log10(top / count))
    step *= next(factor for factor in (1, 2, 5, 10) if top / (step * factor) <= count)
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def _number(value):
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _text(x, y, text, kind="", anchor="start"):
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _grid(ticks, top, from_y, to_y):
    out = []
    for tick in ticks:
        x = LEFT + PLOT * tick / top
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{from_y:.1f}" x2="{x:.1f}" y2="{to_y:.1f}"/>')
        out.append(_text(x, to_y + 13, _number(tick), "small", "middle"))
    return out


def _kind(side):
    return "own" if side.startswith("weft") else "floor" if side in ("raw", "floor") else "bar"


def bars(case, metric, y):
    """(elements, height) of a bar for each side that has the metric."""
    rows = [(side, row[metric.key]) for side, row in case.rows.items() if metric.key in row]
    ticks = nice_ticks(max(row["max"] for _, row in rows) * metric.scale)
    top, bottom = ticks[-1], y + TITLE + ROW * len(rows)
    out = [_text(8, y + 18, f"{case.name}: {metric.label}", "title")]
    out += _grid(ticks, top, y + TITLE - 4, bottom)
    for index, (side, row) in enumerate(rows):
        line = y + TITLE + ROW * index
        value, low, high = (row[key] * metric.scale for key in ("median", "min", "max"))
        x = [LEFT + PLOT * v / top for v in (value, low, high)]
        middle = line + BAR / 2
        out.append(_text(LEFT - 8, line + 11, side, "", "end"))
        out.append(f'<rect class="{_kind(side)}" x="{LEFT}" y="{line:.1f}" width="{x[0] - LEFT:.1f}" '
                   f'height="{BAR}" rx="2"/>')
        out.append(f'<line class="spread" x1="{x[1]:.1f}" y1="{middle:.1f}" x2="{x[2]:.1f}" '
                   f'y2="{middle:.1f}"/>')
        out.append(_text(max(x[0], x[2]) + 6, line + 11, _number(value), "small"))
    return out, TITLE + ROW * len(rows) + 24


def lines(case, y):
    """(elements, height) of the case's lines over a common axis."""
    points = [point for line in case.lines.values() for point in line]
    ticks_x, ticks_y = nice_ticks(max(x for x, _ in points)), nice_ticks(max(v for _, v in points))
    bottom = y + TITLE + LINES_HEIGHT
    out = [_text(8, y + 18, f"{case.name}: {case.line_axes[1]}", "title"),
           _text(LEFT + PLOT, bottom + 28, case.line_axes[0], "small", "end")]
    out += _grid(ticks_x, ticks_x[-1], y + TITLE, bottom)
    for tick in ticks_y:
        at = bottom - LINES_HEIGHT * tick / ticks_y[-1]
        out.append(f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{LEFT + PLOT}" y2="{at:.1f}"/>')
        out.append(_text(LEFT - 8, at + 4, _number(tick), "small", "end"))
    for index, (side, line) in enumerate(case.lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{LEFT + PLOT * x / ticks_x[-1]:.1f},{bottom - LINES_HEIGHT * v / ticks_y[-1]:.1f}"
                        for x, v in line)
        out.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        at = LEFT + 150 * index
        out.append(f'<rect x="{at}" y="{bottom + 38}" width="10" height="10" rx="2" fill="{colour}"/>')
        out.append(_text(at + 15, bottom + 47, side, "small"))
    return out, TITLE + LINES_HEIGHT + 62


def drawable(scenario):
    return any(_panels(case) for case in scenario.cases)


def _panels(case):
    drawn = [metric for metric in case.charts if any(metric.key in row for row in case.rows.values())]
    return [(bars, (case, metric)) for metric in drawn] + (
        [(lines, (case,))] if any(case.lines.values()) else [])


def _page(title, height, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-label="{escape(title, quote=True)}">\n'
            f"<style>{STYLE}</style>\n" + "\n".join(body) + "\n</svg>\n")


def line_chart(case):
    """One case's lines, alone."""
    body, height = lines(case, 0)
    return _page(case.name, height, body)


def svg(scenario):
    y, body = 34, [_text(8, 22, f"{scenario.letter}: {scenario.title}", "title")]
    for case in scenario.cases:
        for draw, arguments in _panels(case):
            elements, height = draw(*arguments, y)
            body += elements
            y += height
    return _page(scenario.title, y, body)
