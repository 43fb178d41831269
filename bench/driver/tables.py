"""Tables, for the terminal and for Markdown."""


def shown(metric, value):
    if value is None:
        return "–"
    return f"{value * metric.scale:,.{metric.digits}f}"


def _columns(case):
    """(heading, function of a side) for each column."""
    columns = []
    for index, metric in enumerate(case.metrics):
        if any(metric.key in row for row in case.rows.values()):
            columns.append((metric.label, lambda side, m=metric: shown(m, case.median(side, m.key))))
            if index == 0:
                columns.append(("spread", lambda side, m=metric: _spread(case, side, m)))
    first = case.metrics[0]
    for reference in case.references:
        if reference in case.rows:
            columns.append((f"× {reference}", lambda side, r=reference: _ratio(case, side, r, first)))
    return columns


def _spread(case, side, metric):
    row = case.rows[side].get(metric.key)
    return f"{shown(metric, row['min'])} – {shown(metric, row['max'])}" if row else "–"


def _ratio(case, side, reference, metric):
    ratio = case.ratio(side, reference, metric.key)
    return f"{ratio:.2f}" if ratio is not None else "–"


def cells(case):
    """The table as rows of text, headings first."""
    columns = _columns(case)
    return [["", *(heading for heading, _ in columns)]] + [
        [side, *(function(side) for _, function in columns)] for side in case.rows]


def terminal(case):
    rows = cells(case)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [f"\n{case.name}"]
    for row in rows:
        first = row[0].ljust(widths[0])
        lines.append("  " + "  ".join([first, *(text.rjust(width) for text, width in
                                                zip(row[1:], widths[1:]))]))
    return "\n".join(lines + [f"  note: {note}" for note in case.notes])


def markdown(case):
    rows = cells(case)
    lines = [f"**{case.name}**", "", "| " + " | ".join(rows[0]) + " |",
             "|---|" + "---:|" * (len(rows[0]) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows[1:]]
    if case.notes:
        lines += [""] + [f"- {note}" for note in case.notes]
    return "\n".join(lines) + "\n"
