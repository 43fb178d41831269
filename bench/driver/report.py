"""The files a run leaves behind: JSON, charts, and a Markdown report that shows both."""

import json

from driver import charts, tables


def _machine_text(machine):
    peers = ", ".join(f"{name} {version}" for name, version in machine["peers"].items())
    return (f"{machine['date']}, commit `{machine['commit']}`: {machine['cpu']}, {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB, {machine['system']}, Linux {machine['kernel']}, "
            f"{machine['compiler']}. Peers: {peers}.")


def _markdown(machine, command, scenarios, notes):
    lines = ["# Benchmark report", "", _machine_text(machine), "", f"    {command}", ""]
    lines += [f"- {note}" for note in notes] + ([""] if notes else [])
    for scenario in scenarios:
        lines += [f"## {scenario.letter}: {scenario.title}", "", scenario.about, ""]
        lines += [f"- {note}" for note in scenario.notes] + ([""] if scenario.notes else [])
        if charts.drawable(scenario):
            lines += [f"![{scenario.title}](bench-{scenario.letter}.svg)", ""]
        for case in scenario.cases:
            lines += [tables.markdown(case), ""]
    return "\n".join(lines).rstrip() + "\n"


def write(folder, machine, command, scenarios, notes):
    folder.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine, "command": command, "notes": notes,
              "scenarios": [scenario.to_json() for scenario in scenarios]}
    (folder / "bench.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    (folder / "bench.md").write_text(_markdown(machine, command, scenarios, notes))
    for scenario in scenarios:
        if charts.drawable(scenario):
            (folder / f"bench-{scenario.letter}.svg").write_text(charts.svg(scenario))
