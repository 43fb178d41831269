#!/usr/bin/env python3
"""Compiles each header of weft/ alone, so that an include order never matters to a user, and those for users together
without exceptions.

usage: check_headers.py [--root ROOT] [--build BUILD] [--jobs N]

BUILD is a configured build directory (build/release): its include directories are used, generated headers
among them, and results are cached in it by content. A header that a source includes before all others compiles alone
if that source does, so it is not compiled again where BUILD has the source's object and that is newer than both.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import compile_database
from include_graph import IncludeGraph

FIRST_DIRECTIVE = re.compile(r'^\s*#\s*(?:include\s+"([^"]+)"|.)', re.MULTILINE)
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++", "-"]


def compile_alone(compiler, flags, header):
    """The compiler's complaint about a translation unit of this one include, "" when there is none."""
    unit = f'#include "{header}"\n'
    done = subprocess.run([compiler, *flags, *FLAGS], input=unit, text=True, capture_output=True)
    return "" if done.returncode == 0 else done.stderr or f"{compiler} exited {done.returncode}\n"


def compiled_first(entries, root, graph):
    """Headers that stand first in a source whose object is newer than all that it is made of."""
    found = set()
    for source, arguments, directory in entries:
        built = directory / arguments[arguments.index("-o") + 1] if "-o" in arguments else directory
        if not source.is_file() or not built.is_file():
            continue
        directive = FIRST_DIRECTIVE.search(source.read_text(errors="replace"))
        header = root / (directive and directive[1] or "none")
        newest = max(path.stat().st_mtime for path in graph.closure(source))
        if header.is_file() and built.stat().st_mtime > newest:
            found.add(header)
    return found


def check(header, root, graph, compiler, flags, cache):
    name = header.relative_to(root).as_posix()
    key = graph.fingerprint(header, " ".join([name, compiler, *flags, *FLAGS]))
    if (cache / key).exists():
        return name, ""
    complaint = compile_alone(compiler, flags, name)
    if not complaint:
        (cache / key).touch()
    return name, complaint


def is_for_users(header):
    """Not what rooms keep to themselves, nor what their tests share."""
    return "internal" not in header.parts and "testing" not in header.parts and not header.name.startswith("test_")


def check_without_exceptions(headers, root, compiler, flags):
    """What a program that is compiled with -fno-exceptions would be told, "" when there is nothing."""
    # g++ looks into a template only where it is used.
    compiler = shutil.which("clang++-16") or shutil.which("clang++") or compiler
    unit = "".join(f'#include "{h.relative_to(root).as_posix()}"\n' for h in headers if is_for_users(h.relative_to(root)))
    done = subprocess.run([compiler, *flags, "-fno-exceptions", *FLAGS], input=unit, text=True, capture_output=True)
    return "" if done.returncode == 0 else done.stderr or f"{compiler} exited {done.returncode}\n"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    return parser.parse_args()


def main():
    options = parse_arguments()
    root = options.root.resolve()
    build = (options.build or root / "build" / "release").resolve()
    headers = sorted((root / "weft").rglob("*.h"))
    if not headers:
        print(f"{root}/weft: no headers to check")
        return 1
    entries = compile_database.load(build)
    flags = [f"-I{root}", *compile_database.include_flags(entries)]
    graph = IncludeGraph(compile_database.include_directories(flags))
    compiler = os.environ.get("CXX", "g++")
    cache = build / "headers-alone"
    cache.mkdir(parents=True, exist_ok=True)
    first = compiled_first(entries, root, graph)
    alone = [header for header in headers if header not in first]
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda h: check(h, root, graph, compiler, flags, cache), alone))
    broken = [(name, complaint) for name, complaint in results if complaint]
    for name, complaint in broken:
        print(f"{name}:1: does not compile alone\n{complaint}")
    without = check_without_exceptions(headers, root, compiler, flags)
    if without:
        print(f"the headers together do not compile with -fno-exceptions\n{without}")
    problems = len(broken) + bool(without)
    print(f"headers: {len(headers)} headers, {len(headers) - len(alone)} of them by the build, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
