#!/usr/bin/env python3
"""Reads the #include lines and fails on one that points up or sideways between rooms.

usage: check_arrows.py [ROOT]

The rules are ARCHITECTURE.md's arrows: a room includes only rooms on lower floors. Each violation is
printed as file:line: rule.
"""

import re
import sys
from pathlib import Path

# From the ground up; rooms on one floor do not include each other.
FLOORS = [
    ["base"],
    ["coro"],
    ["http2", "net", "codec"],
    ["cluster", "cache"],
    ["rpc"],
    ["middleware", "fanout", "storage", "http1"],
    ["registry", "telemetry", "edge", "security"],
    ["transaction", "messaging", "foreign"],
    ["gateway", "supervisor"],
]

# Narrower than the floors say.
ONLY = {
    "http2": {"base"},
    "cluster": {"base", "coro", "net"},
    "testing": {"base", "coro", "http2", "net", "codec", "cluster", "rpc"},
}

# Standard and system headers that would contradict what a room says it is.
PURE = re.compile(r"sys/socket\.h|sys/epoll\.h|netinet/.*|poll\.h|boost/asio.*|coroutine|thread")
PURE_ROOMS = {"base", "http2"}
# The log is in base and has to be written to something.
MAY_WRITE = {"weft/base/internal/log_file.cc"}

# The one header outside of the rooms that rooms may include: it includes nothing of weft.
FOR_ROOMS_TOO = {"weft/version.h"}

# All that a header has which is the short name of another one, for users.
SHORT = re.compile(r'#pragma once\n\n#include "(weft/[^"]+)"  // IWYU pragma: export\n')

SUFFIXES = {".h", ".cc", ".cpp", ".hpp"}
# test_x.h is what several tests of a room share.
TEST_FILE = re.compile(r"_(test|bench|fuzz)\.cc$|/internal/test_\w+\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
GENERATED = re.compile(r"\.(pb|weft)\.h$")


def allowed_rooms():
    """room -> the rooms it may include, itself among them."""
    allowed, below = {}, set()
    for floor in FLOORS:
        for room in floor:
            allowed[room] = below | {room}
        below |= set(floor)
    for room, others in ONLY.items():
        allowed[room] = others | {room}
    return allowed


ALLOWED = allowed_rooms()
ROOMS = set(ALLOWED)


def room_of(path):
    """The room of "weft/<room>/file", "" for "weft/file", None for what is not under weft/."""
    parts = path.split("/")
    if parts[0] != "weft":
        return None
    return parts[1] if len(parts) > 2 else ""


def check_room_include(path, room, target, is_test):
    """Why a file of a room may not include "weft/...", or None."""
    to = room_of(target)
    if target in FOR_ROOMS_TOO:
        return None
    if to == "":
        return f"{target} is for users; a room includes the one header it needs"
    if to not in ROOMS:
        return f"{target} is in no known room"
    if to != room and "/internal/" in target:
        return f"{target} is private to {to}"
    if to in ALLOWED[room] or (is_test and to == "testing"):
        return None
    if to == "testing":
        return f"only the tests of {room} may include testing"
    may = ", ".join(sorted(ALLOWED[room] - {room})) or "nothing"
    return f"{room} may not include {to} (it may include: {may})"


def short_names(root):
    """Headers that are short names -> the header they include."""
    found = {}
    for path in (root / "weft").glob("*/*.h"):
        short = SHORT.fullmatch(path.read_text(encoding="utf-8", errors="replace"))
        if short:
            found[path.relative_to(root).as_posix()] = short[1]
    return found


def check_line(path, line, short):
    match = INCLUDE.match(line)
    if not match:
        return None
    quote, target = match.groups()
    if target in short and (path.startswith("tools/") or room_of(path)):
        return f"{target} is the short name of {short[target]}, for users"
    room, is_test = room_of(path), bool(TEST_FILE.search(path))
    if room is None:
        # tools, examples, tests and bench stand on top and may include all that is public.
        if "/internal/" in target and target.startswith("weft/") and not path.startswith("tests/"):
            return f"{target} is private to {room_of(target)}"
        return None
    if room == "":
        return None
    if room not in ROOMS:
        return f"the room {room} has no floor; give it one in scripts/check_arrows.py and ARCHITECTURE.md"
    if target.startswith("weft/") and not GENERATED.search(target):
        return check_room_include(path, room, target, is_test)
    if re.match(r"(tools|examples|tests|bench)/", target):
        return f"{room} may not include {target}: it stands above every room"
    if quote == '"' and not GENERATED.search(target):
        return f'"{target}": include by full path, "weft/<room>/file.h"'
    is_pure = room in PURE_ROOMS and not is_test and path not in MAY_WRITE
    if is_pure and PURE.fullmatch(target):
        return f"{room} may not include <{target}>: it has no I/O, threads or coroutines"
    return None


def source_files(root):
    for top in ("weft", "tools", "examples", "tests", "bench"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    files, problems, short = 0, 0, short_names(root)
    for file in source_files(root):
        files += 1
        path = file.relative_to(root).as_posix()
        text = file.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            rule = check_line(path, line, short)
            if rule:
                problems += 1
                print(f"{path}:{number}: {rule}")
    if files == 0:
        print(f"{root}: no sources to check")
        return 1
    print(f"arrows: {files} files, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
