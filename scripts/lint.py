#!/usr/bin/env python3
"""Runs clang-tidy over the sources of a build, remembering by content which ones were clean.

usage: lint.py [--root ROOT] [--build BUILD] [--budget SECONDS] [FILE...]

Without FILE every source of weft/, tools/, examples/ and tests/ that BUILD compiles is read. With a budget,
the files changed by the last commit come first, then the others, tests last, in an order that
changes with the commit, until the time is used up; how many were left out is printed.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import compile_database
from include_graph import IncludeGraph

TIDY = "clang-tidy-16"
# Tests look at what was moved from, and copy to prove that a copy is independent.
RELAXED_IN_TESTS = "-performance-*,-bugprone-use-after-move"
GCC_ONLY = ("-Wno-restrict", "-mstringop-strategy")
TOPS = ("weft", "tools", "examples", "tests", "bench")


def git_lines(root, *arguments):
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)
    return done.stdout.split() if done.returncode == 0 else []


def sources_of(root, entries):
    """relative name -> compile arguments, of what is ours and not generated."""
    found = {}
    for file, arguments, _ in entries:
        if file.is_relative_to(root) and file.relative_to(root).parts[0] in TOPS and file.is_file():
            found[file.relative_to(root).as_posix()] = arguments
    return found


def in_order_of_interest(names, root):
    """Changed files first; the rest shuffled by the commit, so that over commits everything gets its turn."""
    changed = set(git_lines(root, "diff", "--name-only", "HEAD~1"))
    commit = "".join(git_lines(root, "rev-parse", "HEAD"))

    def key(name):
        return name not in changed, is_test(name), hashlib.sha256((commit + name).encode()).hexdigest()

    return sorted(names, key=key)


def is_test(name):
    return name.startswith("tests/") or name.endswith(("_test.cc", "_bench.cc", "_fuzz.cc"))


def for_clang(arguments):
    """The options of a compile command that clang-tidy takes: neither the files that it names nor what is GCC's alone."""
    options, rest = [], iter(arguments[1:])
    for argument in rest:
        if argument in ("-o", "-c"):
            next(rest, None)
        elif not argument.startswith(GCC_ONLY):
            options.append(argument)
    return options


class Linter:
    def __init__(self, root, build, entries, deadline):
        self.root, self.build, self.deadline = root, build, deadline
        flags = [f"-I{root}", *compile_database.include_flags(entries)]
        self.graph = IncludeGraph(compile_database.include_directories(flags))
        self.config = (root / ".clang-tidy").read_text()
        self.cache = build / "linted"
        self.cache.mkdir(parents=True, exist_ok=True)

    def lint(self, name, arguments):
        """None when there was no time, else clang-tidy's findings ("" when clean)."""
        command = [TIDY, "--quiet"]
        if is_test(name):
            command.append(f"--checks={RELAXED_IN_TESTS}")
        command += [str(self.root / name), "--", *for_clang(arguments)]
        key = self.graph.fingerprint(self.root / name, " ".join([self.config, *command]))
        if (self.cache / key).exists():
            return ""
        if time.monotonic() > self.deadline:
            return None
        done = subprocess.run(command, cwd=self.build, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            (self.cache / key).touch()
            return ""
        # At once: a run that is cut short has said what it found.
        findings = done.stdout + "".join(l for l in done.stderr.splitlines(True) if "error" in l)
        print(findings, flush=True)
        return findings


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", type=Path)
    parser.add_argument("--budget", type=float, help="seconds after which no further file is begun")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("files", nargs="*")
    return parser.parse_args()


def chosen(options, sources, root):
    if not options.files:
        return in_order_of_interest(sources, root)
    names = [Path(f).resolve().relative_to(root).as_posix() for f in options.files]
    for name in names:
        if name not in sources:
            sys.exit(f"lint: {name} is not compiled by {options.build}")
    return names


def main():
    options = parse_arguments()
    root = options.root.resolve()
    options.build = (options.build or root / "build" / "release").resolve()
    entries = compile_database.load(options.build)
    sources = sources_of(root, entries)
    if not sources:
        sys.exit(f"lint: {options.build}/compile_commands.json names no source of ours; build first")
    deadline = time.monotonic() + (options.budget or float("inf"))
    linter = Linter(root, options.build, entries, deadline)
    names = chosen(options, sources, root)
    with ThreadPoolExecutor(options.jobs) as pool:
        findings = list(pool.map(lambda n: linter.lint(n, sources[n]), names))
    bad = [text for text in findings if text]
    left = sum(text is None for text in findings)
    print(f"lint: {len(names) - left} files, {len(bad)} with findings"
          + (f", {left} left out when {options.budget:.0f} s were used up" if left else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
