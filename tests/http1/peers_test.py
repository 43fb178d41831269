#!/usr/bin/env python3
"""HTTP/1.1 with clients of others, and behind proxies of others. What is not installed is skipped, with the reason.

usage: peers_test.py SERVER
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import free_port
from served import Served, main, needs, run


def raw(port, data, timeout=10):
    """All that is answered until the server closes, or says nothing more for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(data)
        answer = b""
        connection.settimeout(1)
        try:
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


class Pages(Served):
    """A client of the server's pages."""

    def connect(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(connection.close)
        return connection

    def requests(self):
        connection = self.connect(self.port)
        connection.request("GET", "/requests")
        return int(connection.getresponse().read())


@needs("curl")
class Curl(Pages):
    def test_gets_words_on_a_port_of_grpc(self):
        self.assertIn(b"It speaks gRPC over HTTP/2", self.curl(self.url + "/"))
        self.assertIn(b"this server speaks gRPC", self.curl(self.url + "/unknown"))

    def test_probes_health(self):
        self.assertEqual(self.curl(self.url + "/healthz"), b"ok\n")
        self.assertEqual(self.curl(self.url + "/readyz"), b"ready\n")

    def test_reaches_the_same_pages_over_http2(self):
        self.assertEqual(self.curl("--http2-prior-knowledge", self.url + "/healthz"), b"ok\n")

    def test_keeps_its_connection(self):
        text = self.curl("-w", "%{num_connects} ", self.url + "/hello", self.url + "/hello")
        self.assertEqual(text, b"hello\n1 hello\n0 ")

    def test_sends_a_large_content_after_asking(self):
        content = os.urandom(3_000_000)
        answer = self.curl("--data-binary", "@-", "-H", "Expect: 100-continue", self.url + "/echo",
                           input=content)
        self.assertEqual(answer, content)

    def test_sends_chunks(self):
        content = os.urandom(1_000_000)
        answer = self.curl("-T", "-", "-X", "POST", self.url + "/echo", input=content)
        self.assertEqual(answer, content)

    def test_speaks_http_1_0(self):
        self.assertEqual(self.curl("-0", self.url + "/hello"), b"hello\n")
        self.assertEqual(self.curl("-0", "--data-binary", "abc", self.url + "/echo"), b"abc")

    def test_asks_for_the_head_only(self):
        self.assertIn(b"content-length: 6", self.curl("-I", self.url + "/hello"))


@needs("curl")
class CurlWithTls(Pages):
    FLAGS = ("--tls",)

    def version(self, *arguments):
        done = run("curl", "-sS", "-k", "--max-time", "30", "-o", os.devnull, "-w", "%{http_version} %{http_code}",
                   *arguments, f"https://localhost:{self.port}/healthz")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_chooses_the_version_by_alpn(self):
        self.assertEqual(self.version(), b"2 200")
        self.assertEqual(self.version("--http1.1"), b"1.1 200")

    def test_is_known_by_its_first_bytes_without_alpn(self):
        self.assertEqual(self.version("--no-alpn", "--http1.1"), b"1.1 200")


class Python(Pages):
    def test_talks_for_a_while(self):
        connection = self.connect(self.port)
        for size in (0, 1, 100, 70_000):
            content = os.urandom(size)
            connection.request("POST", "/echo", body=content)
            self.assertEqual(connection.getresponse().read(), content)
            connection.request("POST", "/echo", body=iter([content[:10], content[10:]]),
                               encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
            self.assertEqual(connection.getresponse().read(), content)

    def test_many_requests_in_one_piece(self):
        one = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = raw(self.port, one * 999 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 1000)

    def test_a_page_of_metrics_is_scraped_as_prometheus_does(self):
        answer = raw(self.port, b"GET /hello HTTP/1.1\r\nHost: a:1\r\nUser-Agent: Prometheus/2.42.0\r\n"
                     b"Accept: application/openmetrics-text;version=1.0.0;q=0.75,text/plain;q=0.5,*/*;q=0.1\r\n"
                     b"Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"))


@needs("node")
class Node(Pages):
    def test_talks_and_upgrades(self):
        script = """
        const http = require('http');
        const port = Number(process.argv[1]);
        const agent = new http.Agent({keepAlive: true, maxSockets: 1});
        const ask = (method, path, body) => new Promise((resolve, reject) => {
          const request = http.request({port, host: '127.0.0.1', method, path, agent}, answer => {
            let text = '';
            answer.on('data', part => text += part);
            answer.on('end', () => resolve(text));
          });
          request.on('error', reject);
          request.end(body);
        });
        const upgrade = () => new Promise((resolve, reject) => {
          const request = http.request({port, host: '127.0.0.1', path: '/x',
                                        headers: {Connection: 'Upgrade', Upgrade: 'raw'}});
          request.on('upgrade', (answer, socket) => {
            socket.once('data', part => { socket.destroy(); resolve(String(part)); });
            socket.write('ping');
          });
          request.on('error', reject);
          request.end();
        });
        (async () => {
          const all = [await ask('GET', '/hello'), await ask('POST', '/echo', 'abc'), await upgrade()];
          agent.destroy();
          console.log(JSON.stringify(all));
        })();
        """
        done = run("node", "-e", script, str(self.port))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), ["hello\n", "abc", "ping"])


# Each hides GET /hidden (seen as one more /hello); whatever a proxy passes on, the server must see no more
# requests than the proxy has answered.
HIDDEN = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = [
    POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n22\r\n" + HIDDEN + b"\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding : chunked\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
    POST + b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
    POST + b"Content-Length: 0\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
    POST + b"Content-Length: 0, 34\r\n\r\n" + HIDDEN,
    POST + b"Content-Length : 34\r\n\r\n" + HIDDEN,
    POST + b"Content-Length: +34\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
    POST + b"Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n" + HIDDEN,
    b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /hello HTTP/1.1\nHost: a\n\n" + HIDDEN,
    b"GET /hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
]


class BehindProxies(Pages):
    def check(self, command, port):
        proxy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for(port)
            self.check_content(port)
            for payload in SMUGGLED:
                self.check_payload(port, payload)
        finally:
            proxy.terminate()
            proxy.wait(timeout=30)

    def wait_for(self, port):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.fail("the proxy does not listen")

    def check_content(self, port):
        connection = self.connect(port)
        for size in (1, 100_000):
            content = os.urandom(size)
            connection.request("POST", "/echo", body=iter([content]), encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})
            self.assertEqual(connection.getresponse().read(), content)

    def check_payload(self, port, payload):
        before = self.requests()
        answers = raw(port, payload).count(b"HTTP/1.1 ")
        seen = self.requests() - before
        self.assertLessEqual(seen, answers, payload)

    @needs("nginx")
    def test_nginx(self):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "nginx.conf")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"""daemon off; master_process off; pid {folder}/pid; error_log /dev/null;
                events {{}}
                http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
                  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                  upstream weft {{ server 127.0.0.1:{self.port}; keepalive 4; }}
                  server {{ listen 127.0.0.1:{port};
                    location / {{ proxy_pass http://weft; proxy_http_version 1.1;
                                  proxy_request_buffering off; proxy_set_header Connection ""; }} }} }}""")
            self.check(["nginx", "-e", "stderr", "-c", config], port)

    @needs("haproxy")
    def test_haproxy(self):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "haproxy.cfg")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"""defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  default_backend weft
backend weft
  server one 127.0.0.1:{self.port}
""")
            self.check(["haproxy", "-f", config], port)

    @needs("node")
    def test_node(self):
        port = free_port()
        script = """
        const http = require('http');
        const [port, to] = process.argv.slice(1).map(Number);
        const agent = new http.Agent({keepAlive: true});
        http.createServer((request, response) => {
          const onward = http.request({host: '127.0.0.1', port: to, path: request.url, method: request.method,
                                       headers: request.rawHeaders, agent}, answer => {
            response.writeHead(answer.statusCode, answer.rawHeaders);
            answer.pipe(response);
          });
          onward.on('error', () => response.destroy());
          request.pipe(onward);
        }).listen(port, '127.0.0.1');
        """
        self.check(["node", "-e", script, str(port), str(self.port)], port)

    @needs("apache2")
    def test_apache(self):
        port = free_port()
        modules = Path(shutil.which("apache2")).parents[1] / "lib/apache2/modules"
        # As root it wants a user to become, and nothing in the folder belongs to that one.
        user = "User nobody\nGroup nogroup\n" if os.geteuid() == 0 else ""
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "apache.conf")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"""ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
ErrorLog {folder}/log
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
{user}ProxyPass / http://127.0.0.1:{self.port}/
""")
            self.check(["apache2", "-D", "FOREGROUND", "-f", config], port)


if __name__ == "__main__":
    main(sys.argv)
