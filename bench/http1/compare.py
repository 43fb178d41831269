#!/usr/bin/env python3
"""A small GET over HTTP/1.1: CPU of the server for each request, beside nginx that answers `return 200`.

usage: compare.py SERVER [SECONDS]

SERVER is tests/http1's http1_server. Both serve with one thread, in turns, from one run of wrk each; figures are
medians of three turns. CPU is the server's, of user and kernel, so that other work on the machine does not count.
Also what an idle connection takes: the growth of the server's memory by 5,000 of them.
"""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PIPELINE = """
init = function(args)
  local one = wrk.format("GET", "/hello")
  batch = one:rep(16)
end
request = function() return batch end
"""


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss_Anon:\s+(\d+)", file.read(), re.M)[1]) * 1024


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_nginx(folder):
    port = free_port()
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"""daemon off; master_process off; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 1000; }}
http {{ access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type text/plain; return 200 "hello\\n"; }} }} }}""")
    process = subprocess.Popen(["nginx", "-c", config], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    return process, port


def start_weft(server):
    process = subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return process, int(process.stdout.readline())


def measure(process, port, seconds, script):
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s", f"http://127.0.0.1:{port}/hello"]
    before = cpu_seconds(process.pid)
    if script:
        command[1:1] = ["-s", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(process.pid) - before
    requests = int(re.search(r"(\d+) requests in", said)[1])
    if "Non-2xx" in said:
        raise SystemExit(said)
    return spent / requests * 1e6


def idle_bytes(process, port, count=5000):
    one = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
    connections = []

    def open_some(number):
        for _ in range(number):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(one)
            connection.recv(4096)
            connections.append(connection)

    open_some(500)
    before = memory(process.pid)
    open_some(count)
    grown = memory(process.pid) - before
    for connection in connections:
        connection.close()
    return grown / count


def main():
    server, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for program in ("wrk", "nginx"):
        if shutil.which(program) is None:
            print(f"{program} is not installed: nothing to compare with")
            return
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "pipeline.lua")
        with open(script, "w", encoding="ascii") as file:
            file.write(PIPELINE)
        weft, nginx = start_weft(server), start_nginx(folder)
        try:
            for name, how in (("one by one", None), ("16 pipelined", script)):
                figures = {"weft": [], "nginx": []}
                for _ in range(3):
                    figures["weft"].append(measure(*weft, seconds, how))
                    figures["nginx"].append(measure(*nginx, seconds, how))
                ours, theirs = (statistics.median(figures[one]) for one in ("weft", "nginx"))
                print(f"{name}: weft {ours:.2f} us of CPU a request, nginx {theirs:.2f}, "
                      f"ratio {ours / theirs:.2f}")
            print(f"an idle connection: weft {idle_bytes(*weft):.0f} bytes")
        finally:
            for process, _ in (weft, nginx):
                process.send_signal(signal.SIGTERM)
                process.wait()


if __name__ == "__main__":
    main()
