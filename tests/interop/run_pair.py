#!/usr/bin/env python3
"""Starts an interop server on a free port and runs a client's test cases against it.

    run_pair.py --server PROGRAM [--together] [--case NAME ...] [--skip NAME ...] -- CLIENT [ARGUMENT ...]

The server must say "listening on ADDRESS:PORT" on its output; the client takes --server_host,
--server_port and --test_case. Each case is a process of its own, or with --together all of them
are one. Exit status 0 when all cases passed and the server ended as told.
"""

import argparse
import re
import signal
import subprocess
import sys
import threading

START_SECONDS = 60
STOP_SECONDS = 20
LISTENING = re.compile(r"listening on .*:(\d+)\s*$")


class Server:
    """A server process and what it has said."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "--port=0", "--use_tls=false"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace")
        self.lines = []
        self.port = None
        self._told = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._told.wait(START_SECONDS)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            found = LISTENING.search(line)
            if found and self.port is None:
                self.port = int(found.group(1))
                self._told.set()
        self._told.set()

    def stop(self):
        """Its exit status after SIGTERM; None where it had to be killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self._reader.join(STOP_SECONDS)
        return status


def run(command, seconds):
    """Whether the command ended well, and what it said."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=seconds, check=False)
    except subprocess.TimeoutExpired as expired:
        said = expired.stdout or b""
        said = said.decode(errors="replace") if isinstance(said, bytes) else said
        return False, f"{said}\nstopped after {seconds} s\n"
    return done.returncode == 0, done.stdout


def run_cases(client, port, cases, seconds):
    target = ["--server_host=127.0.0.1", f"--server_port={port}"]
    passed = True
    for case in cases:
        well, said = run([*client, *target, f"--test_case={case}"], seconds)
        print(said, end="" if said.endswith("\n") else "\n", flush=True)
        if not well:
            print(f"FAILED: {client[0]} --test_case={case}", flush=True)
            passed = False
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("--timeout", type=float, default=60, help="seconds for one client process")
    parser.add_argument("client", nargs="+")
    arguments = parser.parse_args()

    cases = arguments.case
    if not cases:
        listed = subprocess.run([*arguments.client, "--server_port=0", "--test_case=list"],
                                stdout=subprocess.PIPE, text=True, timeout=60, check=True)
        cases = [case for case in listed.stdout.split() if case not in arguments.skip]
    if arguments.together:
        cases = [",".join(cases)]

    server = Server(arguments.server)
    passed = False
    try:
        if server.port is None:
            print(f"{arguments.server} did not say where it listens", flush=True)
        else:
            passed = run_cases(arguments.client, server.port, cases, arguments.timeout)
    finally:
        status = server.stop()
    if status != 0:
        print(f"the server ended with {status}", flush=True)
    if status != 0 or not passed:
        print("the server said:\n" + "".join(server.lines), flush=True)
    return 0 if passed and status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
