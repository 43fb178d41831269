#!/usr/bin/env python3
"""Compiles a file of mistakes and checks what the compiler says.

usage: check.py COMPILER SOURCE INCLUDE_DIRECTORY...

A line of SOURCE that ends in `// says: TEXT` has to lead to an error with TEXT that names the line. In all there may
be no other errors, and no more lines than a reader takes in.
"""

import re
import subprocess
import sys
from pathlib import Path

FLAGS = ["-std=c++20", "-fsyntax-only", "-fdiagnostics-color=never",
         "-Werror=unused-result", "-Werror=unused-value"]
LINES_PER_MISTAKE = 15  # clang points at each step of an instantiation


def expected(source):
    """(line, text) of each mistake."""
    found = []
    for number, line in enumerate(source.read_text().splitlines(), 1):
        match = re.search(r"// says: (.*)$", line)
        if match:
            found.append((number, match[1]))
    return found


def complaints(output):
    """The output, cut so that each part has one error with the lines about where it comes from."""
    parts, pending = [[]], []
    for line in output.splitlines():
        if re.search(r"\b(In file included|In instantiation of|In member function|In function)\b", line):
            pending.append(line)
        elif "required from" in line and not parts[-1:] == [[]] and pending:
            pending.append(line)
        elif re.search(r"\berror: ", line):
            parts.append(pending + [line])
            pending = []
        elif pending:
            pending.append(line)
        else:
            parts[-1].append(line)
    parts[-1] += pending
    return ["\n".join(part) for part in parts if part]


def check(source, output):
    """What is wrong with the output, a sentence each."""
    mistakes = expected(source)
    parts = complaints(output)
    wrong = []
    for number, text in mistakes:
        place = f"{source.name}:{number}:"
        if not any(place in part and text in part for part in parts):
            wrong.append(f"{place} no error says '{text}'")
    lines = [number for number, _ in mistakes]
    for part in parts:
        if not any(f"{source.name}:{number}:" in part for number in lines):
            wrong.append("an error about something else: " + part)
    limit = LINES_PER_MISTAKE * len(mistakes)
    if len(output.splitlines()) > limit:
        wrong.append(f"{len(output.splitlines())} lines are more than {limit}")
    return wrong


def main():
    compiler, source, directories = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    all_errors = "-ferror-limit=0" if "clang" in Path(compiler).name else "-fmax-errors=0"
    command = [compiler, *FLAGS, all_errors, *(f"-I{directory}" for directory in directories), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    wrong = check(source, done.stderr)
    if done.returncode == 0:
        wrong.append("the file compiles")
    if wrong:
        print(done.stderr)
        print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
