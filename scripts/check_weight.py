#!/usr/bin/env python3
"""Fails when a hello server has become larger, or what it includes heavier.

usage: check_weight.py --program HELLO_SERVER [--compiler CXX --generated DIR]

1. The program, stripped: everything of weft that a server carries, without the shared libraries.
2. What generated code includes of weft and of the standard library, beyond what protobuf's own header does: bytes after
   preprocessing. A compiler's time follows them, and they do not drift as times do.
3. What weft/weft.h includes beyond what a server with generated code does anyway.

The bounds are those of g++ 12 -O2 on x86-64, with asserts: those of protobuf's headers alone are a hundred kilobytes. A
change that moves one says why. ./dev bench I measures the program without asserts.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_PROGRAM = 1_832_000
MAX_INCLUDED = 254_000
MAX_UMBRELLA = 260_000


def stripped_size(program):
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, program], check=True)
        return Path(copy.name).stat().st_size


def preprocessed_size(compiler, generated, *headers):
    unit = "".join(f'#include "{header}"\n' for header in headers)
    command = [compiler, "-std=c++20", "-E", "-P", "-x", "c++", f"-I{generated}", f"-I{ROOT}", "-"]
    return len(subprocess.run(command, input=unit.encode(), capture_output=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--compiler")
    parser.add_argument("--generated", type=Path)
    parser.add_argument("--max-program", type=int, default=MAX_PROGRAM)
    parser.add_argument("--max-included", type=int, default=MAX_INCLUDED)
    parser.add_argument("--max-umbrella", type=int, default=MAX_UMBRELLA)
    options = parser.parse_args()

    checks = [("bytes of the program", stripped_size(options.program), options.max_program)]
    if options.compiler:
        def size(*headers):
            return preprocessed_size(options.compiler, options.generated, *headers)

        server = ("hello.weft.h", "weft/rpc/server/server.h")
        checks.append(("bytes included beside protobuf's", size("hello.weft.cc") - size("hello.pb.h"), options.max_included))
        checks.append(("bytes of weft/weft.h beside a server's", size(*server, "weft/weft.h") - size(*server),
                       options.max_umbrella))
    for what, is_now, most in checks:
        print(f"{what}: {is_now:,} of {most:,}{'' if is_now <= most else ': TOO MUCH'}")
    return 0 if all(is_now <= most for _, is_now, most in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
