#!/usr/bin/env python3
"""What messages cost as JSON, MessagePack and XML, beside libprotobuf, simdjson and protobuf's own encoding.

usage: compare.py FOLDER [ROUNDS]

FOLDER has the programs weft_codec_{json,msgpack,xml}_bench. In each round they run one after the other, and each mixes
its measurements (Google Benchmark's random interleaving). A ratio is taken within a round; shown are the median of the rounds,
and the least and the greatest. Times are CPU time.
"""

import json
import os
import statistics
import subprocess
import sys

SHAPES = ["100 B: five scalars", "1 KB: eight messages in each other", "30 KB: 5,000 `int32`", "20 KB: 1,000 `double`",
          "100 KB: 20 strings", "100 KB: 900 messages", "4 KB: a map of 100 strings"]

# Title, program, what is measured, beside what, and the ratio that is wanted: "at least" or "at most".
TABLES = [
    ("JSON, write", "json", "write_weft", "write_protobuf", ("≥", 5)),
    ("JSON, read", "json", "read_weft", "read_protobuf", ("≥", 5)),
    ("JSON, text to bytes beside simdjson's tree", "json", "read_weft_to_bytes", "read_simdjson", ("≤", 1.5)),
    ("JSON, text to bytes beside simdjson's tree and its values taken out", "json", "read_weft_to_bytes",
     "read_and_walk_simdjson", ("≤", 1.5)),
    ("MessagePack, write", "msgpack", "write_msgpack", "write_protobuf", ("≤", 2)),
    ("MessagePack, read", "msgpack", "read_msgpack", "read_protobuf", ("≤", 2)),
    ("XML, write, beside JSON", "xml", "write_weft", "json:write_weft", None),
    ("XML, read, beside JSON", "xml", "read_weft", "json:read_weft", None),
]


def measure(folder, program):
    """CPU time in nanoseconds by name, such as "write_weft/2"."""
    done = subprocess.run(
        [os.path.join(folder, f"weft_codec_{program}_bench"), "--benchmark_enable_random_interleaving=true",
         "--benchmark_repetitions=3", "--benchmark_min_time=0.02", "--benchmark_report_aggregates_only=true",
         "--benchmark_format=json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    rows = json.loads(done.stdout)["benchmarks"]
    return {row["run_name"]: row["cpu_time"]
            for row in rows if row["aggregate_name"] == "median"}


def time_of(rounds, program, name, shape):
    if ":" in name:
        program, name = name.split(":")
    return [one[program][f"{name}/{shape}"] for one in rounds if f"{name}/{shape}" in one[program]]


def verdict(ratios, wanted):
    """met: in each round; thin: in the median; not met."""
    if wanted is None:
        return "–"
    sign, bound = wanted
    holds = (lambda ratio: ratio >= bound) if sign == "≥" else (lambda ratio: ratio <= bound)
    if all(map(holds, ratios)):
        return "met"
    return "thin" if holds(statistics.median(ratios)) else "not met"


def micro(times):
    return f"{statistics.median(times) / 1000:,.3g}"


def print_table(rounds, title, program, ours, theirs, wanted):
    target = f", target {wanted[0]} {wanted[1]}" if wanted else ""
    print(f"\n**{title}**{target}\n\n| message | µs | beside, µs | ratio (least to greatest) | |\n|---|---|---|---|---|")
    for shape, name in enumerate(SHAPES):
        mine = time_of(rounds, program, ours, shape)
        other = time_of(rounds, program, theirs, shape)
        if not mine or len(mine) != len(other):
            print(f"| {name} | | | | not measured |")
            continue
        faster = wanted is not None and wanted[0] == "≥"
        ratios = [b / a if faster else a / b for a, b in zip(mine, other)]
        print(f"| {name} | {micro(mine)} | {micro(other)} | {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f}) | {verdict(ratios, wanted)} |")


def main():
    folder, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    rounds = []
    for number in range(count):
        print(f"round {number + 1} of {count}", file=sys.stderr)
        rounds.append({program: measure(folder, program) for program in ("json", "msgpack", "xml")})
    for table in TABLES:
        print_table(rounds, *table)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main()
