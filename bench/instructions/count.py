#!/usr/bin/env python3
"""Counts the instructions of the operations on the way of a call, and compares them with the record.

    count.py --program build/release/bin/bench_instructions [--update]

Each operation runs twice under callgrind with different counts; the difference is divided by the difference of
the counts, so start-up and warm-up do not show. callgrind counts the same on every CPU of a kind, with the C library's
plain functions (driver/callgrind.py). The counts depend on the compiler, libprotobuf, the C library and the kind of CPU,
so the record names them; with others the comparison is skipped, and says so. Ends with 1 when an operation takes
over 5 % more than the record says. --update writes a new record.

An operation that has grown is counted again, and the least of three counts. A record has the least of three, too.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from driver import callgrind  # noqa: E402

RECORD = Path(__file__).parent / "record.json"
FEW, MANY = 640, 3200  # multiples of the 32 workers of a call operation
TOLERANCE = 0.05
# What is left of a deadline goes onto the wire as text, so its length, and what HPACK makes of it, follow the clock.
TOLERANCE_OF = {"unary_deadline": 0.2, "unary_production": 0.1, "unary_64": 0.02,
                "unary_beside_http1": 0.02}
RUN_SECONDS = 120
COUNTS = 3


def instructions(program, operation, times):
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(callgrind.command(out.name, [program, operation, times]), capture_output=True, text=True,
                              timeout=RUN_SECONDS, check=False, env=os.environ | callgrind.PLAIN_LIBC)
        if done.returncode != 0:
            raise SystemExit(f"{operation}: ended with {done.returncode}\n{done.stderr}")
        return callgrind.total(out.name)


def cost(program, operation):
    many, few = (instructions(program, operation, times) for times in (MANY, FEW))
    return round((many - few) / (MANY - FEW))


def environment():
    """What the counts depend on beside the code."""
    compiler = subprocess.run(["c++", "-dumpfullversion"], capture_output=True, text=True, check=True)
    protobuf = subprocess.run(["pkg-config", "--modversion", "protobuf"], capture_output=True, text=True,
                              check=True)
    return {"g++": compiler.stdout.strip(), "protobuf": protobuf.stdout.strip(), "libc": " ".join(platform.libc_ver()),
            "machine": platform.machine()}


def count(program, names):
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(lambda name: cost(program, name), names)))


def tolerance(name):
    return TOLERANCE_OF.get(name, TOLERANCE)


def has_grown(name, now, recorded):
    return recorded is None or now > recorded * (1 + tolerance(name))


def compare(name, now, recorded):
    """A line of the table, and whether the operation has grown too much."""
    if recorded is None:
        return f"{name:<24} {now:>8}  not on record", True
    change = now / recorded - 1
    grown = has_grown(name, now, recorded)
    less = change < -tolerance(name)
    note = f"GROWN by more than {tolerance(name):.0%}" if grown else "less: record it with --update" if less else ""
    return f"{name:<24} {now:>8} {recorded:>8} {change:>+7.1%}  {note}", grown


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--update", action="store_true", help="write what is counted as the new record")
    arguments = parser.parse_args()
    names = subprocess.run([arguments.program], capture_output=True, text=True, check=True).stdout.split()
    here, record = environment(), json.loads(RECORD.read_text())
    counts = count(arguments.program, names)
    known = record["instructions"] if record["environment"] == here else {}
    for _ in range(COUNTS - 1):
        again = [name for name in names
                 if arguments.update or (name in known and has_grown(name, counts[name], known[name]))]
        counts |= {name: min(counts[name], now) for name, now in count(arguments.program, again).items()}
    if arguments.update:
        record = {"environment": here, "instructions": counts}
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{'operation':<24} {'now':>8} {'record':>8}")
    rows = [compare(name, counts[name], record["instructions"].get(name)) for name in names]
    print("\n".join(line for line, _ in rows))
    if record["environment"] != here:
        print(f"not compared: the record was made with {record['environment']}, this is {here}")
        return 0
    return 1 if any(grown for _, grown in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
