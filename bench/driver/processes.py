"""Servers and clients as processes, each on its cores."""

import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

LISTENING = re.compile(r"listening on .*:(\d+)")
STOP_SECONDS = 10


class Failed(Exception):
    """A program did not do what it was started for."""


def cpu_seconds(pid):
    """CPU time of a process, ended threads included, to the nanosecond (clock_getcpuclockid's formula)."""
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid):
    """Proportional set size in bytes: what a process holds, shared pages divided among their users."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise Failed(f"no Pss of process {pid}")


def pinned(command, cores):
    return ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]


class Server:
    """A server process on its cores; knows its port."""

    def __init__(self, name, command, cores):
        self.name = name
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            pinned(command, cores), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.pid = self.process.pid
        self.port = self._read_port()
        # What else it says is read so that it never waits for a reader.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def _read_port(self):
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = LISTENING.search(line)
            if found:
                return int(found.group(1))
        raise Failed(f"{self.name} ended before it listened: {''.join(said).strip()}")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def memory(self):
        return memory(self.pid)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run_text(name, command, cores, timeout):
    """What a program prints; an exit status that is not 0 is a failure."""
    try:
        done = subprocess.run(pinned(command, cores), capture_output=True, text=True, timeout=timeout,
                              check=False)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{name} did not end within {timeout:.0f} s") from late
    if done.returncode != 0:
        raise Failed(f"{name} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def run_client(name, command, cores, timeout, may_fail=False):
    """The line of JSON that a client program prints. `may_fail`: calls of it may."""
    try:
        done = subprocess.run(pinned(command, cores), capture_output=True, text=True, timeout=timeout,
                              check=False)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{name} did not end within {timeout:.0f} s") from late
    lines = done.stdout.strip().splitlines()
    if not lines or (done.returncode != 0 and not may_fail):
        raise Failed(f"{name} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return json.loads(lines[-1])


def cores_of_machine():
    """(the server's core, the client's core); the same one where there is no other."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[1 % len(cores)]
