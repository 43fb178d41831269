"""What a scenario works with: the programs, the cores, the rounds."""

import contextlib
import os
import subprocess
import time
from pathlib import Path

from driver.machine import Others
from driver.processes import Failed, Server, cores_of_machine, run_client
from driver.sides import make_certificate

# A run during which others used more of a core than this is thrown away and repeated.
TOLERATED_OTHERS = 0.25


class Bench:
    def __init__(self, programs, folder, rounds=3, seconds=1.0, warm_up=0.3, scale=1.0, only=()):
        self.programs, self.folder = Path(programs), Path(folder)
        self.rounds, self.seconds, self.warm_up = rounds, seconds, warm_up
        # What is counted rather than timed (connections, calls) is multiplied by it.
        self.scale = scale
        self.only = set(only)  # names of sides; empty: all
        # Whether to measure compilers too, and a build of everything.
        self.compiles, self.clean_build = True, False
        self.all_cores = sorted(os.sched_getaffinity(0))
        self.server_core, self.client_core = cores_of_machine()
        self.repeats_left = 0
        self.thrown_away = 0
        self._certificate = None
        # Of the case that is being measured. _disturbed: cores that others used beside runs that were kept.
        self._results, self._lost, self._disturbed = {}, set(), {}

    # ---- programs -------------------------------------------------------------------------------

    @property
    def certificate(self):
        if self._certificate is None:
            self._certificate = make_certificate(self.folder)
        return self._certificate

    def present(self, sides, scenario):
        """Those of the sides whose programs were built; the others are noted."""
        found = []
        for side in sides:
            if self.only and side.name not in self.only:
                continue
            missing = [name for name in side.programs() if not (self.programs / name).exists()]
            if missing:
                scenario.notes.append(f"{side.name} is left out: {', '.join(missing)} was not built")
            else:
                found.append(side)
        return found

    def has_flag(self, program, flag):
        """Whether a program of ours, which may be older than the scenario, has a flag."""
        path = self.programs / program
        if not path.exists():
            return False
        told = subprocess.run([path, "--help"], capture_output=True, text=True, check=False).stdout
        return flag in told.split()

    def start(self, side, cores=None):
        return Server(side.name, [self.programs / side.server, "--port", "0", *side.server_flags],
                      cores or [self.server_core])

    @contextlib.contextmanager
    def servers(self, sides, scenario, cores=None):
        """All of the sides' servers, by name; one that does not start is noted and missing."""
        started = {}
        try:
            for side in sides:
                try:
                    started[side.name] = self.start(side, cores)
                except Failed as failed:
                    scenario.notes.append(f"{side.name} is left out: {failed}")
            yield started
        finally:
            for server in started.values():
                server.stop()

    def client(self, side, server, flags, seconds=None, cores=None, may_fail=False, warm_up=None):
        """The result of a run of the side's client against its server."""
        seconds, warm_up = seconds or self.seconds, warm_up or self.warm_up
        command = [self.programs / side.client, server.address, "--server-pid", server.pid,
                   "--seconds", seconds, "--warm-up", warm_up, *side.client_flags, *flags]
        result = run_client(f"{side.name}'s client", command, cores or [self.client_core],
                            seconds + warm_up + 30, may_fail)
        if result["calls"] == 0 and not may_fail:
            raise Failed(f"{side.name}: no call was answered in the measured time")
        return result

    # ---- rounds ---------------------------------------------------------------------------------

    def rounds_of(self, case, sides, servers, run):
        """Runs the sides in turn, a round at a time, and fills the case. `run(side, server)` gives a
        dictionary of figures."""
        for _ in range(self.rounds):
            for side in sides:
                self.one_round(case, side, servers, run)
        self.close(case)

    def one_round(self, case, side, servers, run):
        """A run of one side, kept until close(); a side that has failed is not run again."""
        if side.name in servers and side.name not in self._lost:
            try:
                result = self._calm_run(side, servers[side.name], run)
                self._results.setdefault(side.name, []).append(result)
            except Failed as failed:
                self._lost.add(side.name)
                case.notes.append(f"{side.name}: {failed}")

    def close(self, case):
        """Fills the case with the rounds there were, and forgets them."""
        for name, results in self._results.items():
            if name not in self._lost:
                case.add(name, results)
        case.disturbed |= set(self._disturbed)
        if self._disturbed:
            runs = ", ".join(f"{name} {len(used)} of {self.rounds} (up to {max(used):.1f})"
                             for name, used in self._disturbed.items())
            case.notes.append(f"runs beside which other processes used more than {TOLERATED_OTHERS} cores: "
                              f"{runs}")
        self._results, self._lost, self._disturbed = {}, set(), {}

    def _calm_run(self, side, server, run):
        while True:
            others = Others([server])
            result = run(side, server)
            used = others.cores()
            if used <= TOLERATED_OTHERS:
                return result
            if self.repeats_left <= 0:
                self._disturbed.setdefault(side.name, []).append(used)
                return result
            self.repeats_left -= 1
            self.thrown_away += 1
            time.sleep(0.5)

    def say(self, text):
        print(text, flush=True)
