"""Reads a build directory's compile_commands.json."""

import json
import shlex
from pathlib import Path


def load(build_dir):
    """[(file, arguments, directory)], or [] where the directory is not configured."""
    path = Path(build_dir) / "compile_commands.json"
    if not path.is_file():
        return []
    entries = json.loads(path.read_text())
    return [(Path(e["file"]), shlex.split(e["command"]), Path(e["directory"])) for e in entries]


def include_flags(entries):
    """Every -I and -isystem of the build, once each, in their first order."""
    flags = {}
    for _, arguments, _ in entries:
        pairs = zip(arguments, arguments[1:] + [""])
        for argument, following in pairs:
            if argument.startswith("-I") and len(argument) > 2:
                flags[(argument,)] = None
            elif argument == "-isystem":
                flags[(argument, following)] = None
    return [flag for pair in flags for flag in pair]


def include_directories(flags):
    return [flag[2:] if flag.startswith("-I") else flag for flag in flags if flag != "-isystem"]
