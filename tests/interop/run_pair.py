#!/usr/bin/env python3
"""Starts an interop server on a free port and runs a client's test cases against it.

    run_pair.py --server PROGRAM [--tls flags|environment] [--together] [--case NAME ...]
                [--skip NAME ...] -- CLIENT [ARGUMENT ...]

The server must say "listening on ADDRESS:PORT" on its output; the client takes --server_host,
--server_port and --test_case. Each case is a process of its own, or with --together all of them
are one. With --tls a CA and a server's certificate are made for the run, and the programs are told
of them by flags or by $WEFT_INTEROP_CERTS. Exit status 0 when all cases passed and the server ended
as told.
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

START_SECONDS = 60
STOP_SECONDS = 20
LISTENING = re.compile(r"listening on .*:(\d+)\s*$")


class Server:
    """A server process and what it has said."""

    def __init__(self, program, flags):
        self.process = subprocess.Popen(
            [program, "--port=0", *flags], stdout=subprocess.PIPE,
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


class Security:
    """What the programs are told about TLS."""

    # A name that the test certificate has as *.test.google.fr.
    NAME = "foo.test.google.fr"

    def __init__(self, kind, server_name, directory):
        self.server = ["--use_tls=false"]
        self.client = []
        if kind is None:
            return
        script = pathlib.Path(__file__).with_name("make_certificates.sh")
        subprocess.run([script, directory], check=True, timeout=60, stderr=subprocess.PIPE)
        self.server = ["--use_tls=true"]
        self.client = ["--use_tls=true", "--use_test_ca=true",
                       f"--server_host_override={server_name or self.NAME}"]
        if kind == "environment":
            os.environ["WEFT_INTEROP_CERTS"] = directory
        else:
            self.server += [f"--tls_cert={directory}/server1.pem",
                            f"--tls_key={directory}/server1.key"]
            self.client.append(f"--ca_file={directory}/ca.pem")


def run_cases(client, port, flags, cases, seconds):
    target = ["--server_host=127.0.0.1", f"--server_port={port}", *flags]
    passed = True
    for case in cases:
        well, said = run([*client, *target, f"--test_case={case}"], seconds)
        print(said, end="" if said.endswith("\n") else "\n", flush=True)
        if not well:
            print(f"FAILED: {client[0]} --test_case={case}", flush=True)
            passed = False
    return passed


def run_pair(arguments, cases, security):
    server = Server(arguments.server, security.server)
    passed = False
    try:
        if server.port is None:
            print(f"{arguments.server} did not say where it listens", flush=True)
        else:
            passed = run_cases(arguments.client, server.port, security.client, cases,
                               arguments.timeout)
    finally:
        status = server.stop()
    if status != 0:
        print(f"the server ended with {status}", flush=True)
    if status != 0 or not passed:
        print("the server said:\n" + "".join(server.lines), flush=True)
    return 0 if passed and status == 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--tls", choices=("flags", "environment"))
    parser.add_argument("--server-name", help="what the client is to take the server for")
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

    with tempfile.TemporaryDirectory() as directory:
        security = Security(arguments.tls, arguments.server_name, directory)
        return run_pair(arguments, cases, security)


if __name__ == "__main__":
    sys.exit(main())
