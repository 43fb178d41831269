#!/usr/bin/env python3
"""Small GETs and POSTs over HTTP/1.1: CPU of the server for each request, beside nginx that answers `return 200`.

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

# METHOD, BODY and COUNT are filled in; a POST is of the size of a small call.
REQUESTS = """
init = function(args)
  batch = wrk.format("METHOD", "/hello", {}, BODY):rep(COUNT)
end
request = function() return batch end
"""
BODY = "x" * 64
KINDS = [("GET, one by one", "GET", 1), ("GET, 16 pipelined", "GET", 16),
         ("POST of 64 B, one by one", "POST", 1), ("POST of 64 B, 16 pipelined", "POST", 16)]


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
    command = ["wrk", "-s", script, "-t1", "-c32", f"-d{seconds}s", f"http://127.0.0.1:{port}/hello"]
    before = cpu_seconds(process.pid)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(process.pid) - before
    requests = int(re.search(r"(\d+) requests in", said)[1])
    if "Non-2xx" in said:
        raise SystemExit(said)
    return spent / requests * 1e6


def write_script(folder, method, count):
    path = os.path.join(folder, f"{method}-{count}.lua")
    body = f'"{BODY}"' if method == "POST" else "nil"
    text = REQUESTS.replace("METHOD", method).replace("BODY", body).replace("COUNT", str(count))
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def compare(name, weft, nginx, seconds, script):
    """Prints the medians, and the least and the most of the ratios of three turns."""
    turns = [(measure(*weft, seconds, script), measure(*nginx, seconds, script)) for _ in range(3)]
    ours, theirs = (statistics.median(one) for one in zip(*turns))
    ratios = sorted(one / other for one, other in turns)
    print(f"{name}: weft {ours:.2f} us of CPU a request, nginx {theirs:.2f}, "
          f"ratio {ours / theirs:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)


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
        weft, nginx = start_weft(server), start_nginx(folder)
        try:
            for name, method, count in KINDS:
                compare(name, weft, nginx, seconds, write_script(folder, method, count))
            print(f"an idle connection: weft {idle_bytes(*weft):.0f} bytes")
        finally:
            for process, _ in (weft, nginx):
                process.send_signal(signal.SIGTERM)
                process.wait()


if __name__ == "__main__":
    main()
