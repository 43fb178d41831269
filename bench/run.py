#!/usr/bin/env python3
"""Measures weft beside its peers in one run; `./dev bench` builds the programs and calls this.

    run.py --bin build/bench/bin [A B E ...] [--out FOLDER] [--rounds N] [--quick]

The sides take turns within a round, each server on a core of its own and the client on another. Medians of
the rounds are printed with their spread and ratios; FOLDER gets bench.json, bench.md and the charts.
"""

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path

import scenarios
from driver import machine, report, tables, targets
from driver.bench import Bench

DOCUMENT = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
# Repetitions of disturbed runs, for each scenario.
REPEATS = 6


def arguments_of(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="letters; all unless told")
    parser.add_argument("--bin", type=Path, required=True, help="folder of the programs")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of the results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a measured run")
    parser.add_argument("--instructions", action="store_true", help="count instructions with callgrind too, as does a run of all")
    parser.add_argument("--clean-build", action="store_true", help="time a build of everything too (I)")
    parser.add_argument("--publish", action="store_true",
                        help="put the results into docs/reference/performance.md")
    parser.add_argument("--quick", action="store_true", help="does everything, and measures nothing well")
    parser.add_argument("--sides", nargs="*", default=[], metavar="SIDE", help="these only: weft raw ...")
    parser.add_argument("--repeats", type=int, default=REPEATS,
                        help="repetitions of disturbed runs, for each scenario")
    parsed = parser.parse_args(argv)
    unknown = [letter for letter in parsed.scenarios if letter not in scenarios.ALL]
    if unknown:
        parser.error(f"no scenario {' '.join(unknown)}; there are: {' '.join(scenarios.ALL)}")
    return parsed


def bench_of(arguments, folder):
    if arguments.quick:
        bench = Bench(arguments.bin, folder, rounds=1, seconds=0.1, warm_up=0.05, scale=0.02,
                      only=arguments.sides)
        bench.compiles = False
    else:
        bench = Bench(arguments.bin, folder, rounds=arguments.rounds, seconds=arguments.seconds,
                      only=arguments.sides)
    bench.clean_build = arguments.clean_build
    return bench


def run_all(bench, chosen, repeats):
    done = []
    for letter, function in chosen.items():
        bench.repeats_left = repeats
        begun = time.perf_counter()
        scenario = function(bench)
        bench.say(f"\n== {letter}: {scenario.title} ({time.perf_counter() - begun:.0f} s)")
        for case in scenario.cases:
            bench.say(tables.terminal(case))
        for note in scenario.notes:
            bench.say(f"  note: {note}")
        done.append(scenario)
    return done


def main(argv):
    arguments = arguments_of(argv)
    chosen = {letter: scenarios.ALL[letter] for letter in arguments.scenarios or scenarios.ALL}
    if arguments.instructions or not (arguments.scenarios or arguments.quick):
        chosen |= scenarios.INSTRUCTIONS
    with tempfile.TemporaryDirectory() as folder:
        bench = bench_of(arguments, folder)
        done = run_all(bench, chosen, 0 if arguments.quick else arguments.repeats)
    notes = []
    if arguments.quick:
        notes.append("a quick run: its figures mean nothing")
    if bench.thrown_away:
        notes.append(f"{bench.thrown_away} runs were thrown away and repeated because other processes used "
                     "more than a quarter of a core")
    if bench.server_core == bench.client_core:
        notes.append("there is one core only: server and client share it")
    command = shlex.join(["./dev", "bench", *argv_without_bin(argv)])
    described = machine.describe()
    print(f"\nTargets\n{targets.terminal(done)}")
    report.write(arguments.out, described, command, done, notes)
    print(f"\nwritten: {arguments.out}/bench.json, bench.md and the charts")
    if arguments.publish:
        report.publish(DOCUMENT, DOCUMENT.parent / "performance", described, command, done, notes)
        print(f"published: {DOCUMENT}")


def argv_without_bin(argv):
    argv = list(argv)
    if "--bin" in argv:
        at = argv.index("--bin")
        del argv[at:at + 2]
    return argv


if __name__ == "__main__":
    main(sys.argv[1:])
