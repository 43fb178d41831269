#!/usr/bin/env python3
"""Connect and JSON with clients of others, over HTTP/1.1 and HTTP/2. What is not installed is skipped, with the reason.

usage: peers_test.py SERVER
"""

import base64
import gzip
import http.client
import json
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main, needs, run

JSON = "application/json"
HELLO = "/hello.Greeter/SayHello"


def hello_bytes(name):
    """A HelloRequest or a HelloReply."""
    text = name.encode()
    return b"\x0a" + bytes([len(text)]) + text


class Versions:
    """Each test over both versions of HTTP."""

    def each(self, check):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                check(version)


@needs("curl")
class Curl(Served, Versions):
    def post(self, version, path, body, content_type=JSON, *more):
        answer = self.curl(version, "-o", "-", "-w", "\n%{http_code} %{content_type}", "-H", f"content-type: {content_type}",
                           "--data-binary", "@-", *more, self.url + path, input=body)
        text, _, last = answer.rpartition(b"\n")
        code, _, kind = last.decode().partition(" ")
        return int(code), kind, text

    def test_json(self):
        def check(version):
            self.assertEqual(self.post(version, HELLO, b'{"name": "curl"}'), (200, JSON, b'{"message":"Hello, curl"}'))
        self.each(check)

    def test_protobuf(self):
        def check(version):
            self.assertEqual(self.post(version, HELLO, hello_bytes("curl"), "application/proto"),
                             (200, "application/proto", hello_bytes("Hello, curl")))
        self.each(check)

    def test_errors(self):
        def check(version):
            code, kind, text = self.post(version, HELLO, b"{}")
            self.assertEqual((code, kind), (400, JSON))
            error = json.loads(text)
            self.assertEqual((error["code"], error["message"]), ("invalid_argument", "name is required"))
            self.assertEqual(error["details"][0]["type"], "hello.HelloRequest")
            self.assertEqual(base64.b64decode(error["details"][0]["value"] + "=="), hello_bytes("you"))
            self.assertEqual(self.post(version, HELLO, b'{"nam": 1}')[0], 400)
            self.assertEqual(self.post(version, "/hello.Greeter/None", b"{}")[0], 404)
        self.each(check)

    def test_metadata_and_trailers(self):
        def check(version):
            head = self.curl(version, "-D", "-", "-o", "/dev/null", "-H", f"content-type: {JSON}", "-H", "x-user: me",
                             "-d", '{"name": "x"}', self.url + HELLO).decode().lower()
            self.assertIn("\nx-user: me", head)
            self.assertIn("\ntrailer-x-served: yes", head)
        self.each(check)

    def test_compression_both_ways(self):
        def check(version):
            answer = self.post(version, HELLO, gzip.compress(b'{"name": "zip"}'), JSON, "-H", "content-encoding: gzip", "--compressed")
            self.assertEqual(answer, (200, JSON, b'{"message":"Hello, zip"}'))
        self.each(check)

    def test_a_deadline(self):
        def check(version):
            code, _, text = self.post(version, HELLO, b'{"name": "slow"}', JSON, "-H", "connect-timeout-ms: 50")
            self.assertEqual((code, json.loads(text)["code"]), (504, "deadline_exceeded"))
        self.each(check)

    # Over HTTP/2 this curl loses an answer behind which the rest of a long upload is stopped (RFC 9113 section 8.1).
    def test_a_body_beyond_the_limit(self):
        code, kind, text = self.post("--http1.1", HELLO, b'{"name": "' + b"x" * 200_000 + b'"}')
        self.assertEqual((code, kind, json.loads(text)["code"]), (429, JSON, "resource_exhausted"))


def envelope(content, flags=0):
    return struct.pack(">BI", flags, len(content)) + content


def envelopes(body):
    """(flags, content) of each."""
    found = []
    while body:
        flags, size = struct.unpack(">BI", body[:5])
        found.append((flags, body[5:5 + size]))
        body = body[5 + size:]
    return found


@needs("curl")
class GrpcWeb(Served, Versions):
    def post(self, version, path, body, content_type="application/grpc-web+proto"):
        done = run("curl", "-sS", "--max-time", "30", version, "-D", "/dev/stderr", "-H", f"content-type: {content_type}",
                   "--data-binary", "@-", self.url + path, input=body)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr.decode().lower(), done.stdout

    def test_unary(self):
        def check(version):
            head, body = self.post(version, HELLO, envelope(hello_bytes("web")))
            self.assertIn("\ncontent-type: application/grpc-web+proto", head)
            message, end = envelopes(body)
            self.assertEqual(message, (0, hello_bytes("Hello, web")))
            self.assertEqual(end, (0x80, b"grpc-status: 0\r\nx-served: yes\r\n"))
        self.each(check)

    def test_errors_are_in_the_head(self):
        def check(version):
            head, body = self.post(version, HELLO, envelope(b""))
            self.assertIn("\ngrpc-status: 3", head)
            self.assertIn("\ngrpc-message: name is required", head)
            self.assertEqual(body, b"")
        self.each(check)

    def test_a_server_stream_as_text(self):
        def check(version):
            _, body = self.post(version, "/hello.Greeter/Count", base64.b64encode(envelope(b"\x08\x03")),
                                "application/grpc-web-text")
            self.assertEqual(envelopes(decode_text(body)),
                             [(0, b"\x08\x01"), (0, b"\x08\x02"), (0, b"\x08\x03"), (0x80, b"grpc-status: 0\r\n")])
        self.each(check)

    def test_a_stream_that_fails_midway(self):
        def check(version):
            _, body = self.post(version, "/hello.Greeter/Count", envelope(b"\x08\x65"))
            parts = envelopes(body)
            self.assertEqual(len(parts), 101)
            self.assertEqual(parts[-1], (0x80, b"grpc-message: no more than 100\r\ngrpc-status: 11\r\n"))
        self.each(check)

    def test_client_and_bidirectional_streams(self):
        def check(version):
            numbers = b"".join(envelope(b"\x08" + bytes([n])) for n in (1, 2, 3))
            self.assertEqual(envelopes(self.post(version, "/hello.Greeter/Sum", numbers)[1])[0], (0, b"\x08\x06"))
            self.assertEqual([part for _, part in envelopes(self.post(version, "/hello.Greeter/Double", numbers)[1])[:3]],
                             [b"\x08\x02", b"\x08\x04", b"\x08\x06"])
        self.each(check)


@needs("curl")
class ConnectStreams(Served, Versions):
    def post(self, version, path, body, kind="application/connect+json"):
        done = run("curl", "-sS", "--max-time", "30", version, "-w", "%{stderr}%{http_code}", "-H", f"content-type: {kind}",
                   "--data-binary", "@-", self.url + path, input=body)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stderr), done.stdout

    def numbers(self, *values):
        return b"".join(envelope(json.dumps({"value": value}).encode()) for value in values)

    def parts(self, body):
        return [(flags, json.loads(content)) for flags, content in envelopes(body)]

    def test_server_streams(self):
        def check(version):
            code, body = self.post(version, "/hello.Greeter/Count", envelope(b'{"to": 2}'))
            self.assertEqual((code, self.parts(body)), (200, [(0, {"value": 1}), (0, {"value": 2}), (2, {})]))
            code, body = self.post(version, "/hello.Greeter/Count", envelope(b'{"to": 101}'))
            self.assertEqual(self.parts(body)[-1], (2, {"error": {"code": "out_of_range", "message": "no more than 100"}}))
        self.each(check)

    def test_client_streams(self):
        def check(version):
            code, body = self.post(version, "/hello.Greeter/Sum", self.numbers(1, 2, 3))
            self.assertEqual((code, self.parts(body)), (200, [(0, {"value": 6}), (2, {})]))
        self.each(check)

    def test_both_ways_need_http2(self):
        code, body = self.post("--http2-prior-knowledge", "/hello.Greeter/Double", self.numbers(1, 2))
        self.assertEqual((code, self.parts(body)), (200, [(0, {"value": 2}), (0, {"value": 4}), (2, {})]))
        code, body = self.post("--http1.1", "/hello.Greeter/Double", self.numbers(1, 2))
        self.assertEqual((code, json.loads(body)["code"]), (505, "unimplemented"))

    def test_get(self):
        def check(version):
            done = run("curl", "-sS", version, "-G", "-d", "encoding=json", "--data-urlencode", 'message={"name": "get & go"}',
                       self.url + HELLO)
            self.assertEqual(json.loads(done.stdout), {"message": "Hello, get & go"}, done.stderr)
        self.each(check)


def decode_text(text):
    """Base64 with padding within."""
    return b"".join(base64.b64decode(text[at:at + 4]) for at in range(0, len(text), 4))


class Http1(Served):
    def test_a_page_of_another_origin(self):
        connection = self.connect()
        connection.request("OPTIONS", HELLO, headers={"origin": "http://page.example", "access-control-request-method": "POST"})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (204, b""))
        self.assertEqual(answer.getheader("access-control-allow-origin"), "http://page.example")
        connection.request("POST", HELLO, "{}", {"content-type": JSON, "origin": "http://page.example"})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("access-control-allow-origin")), (400, "http://page.example"))
        answer.read()

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        return connection

    def test_calls_share_a_connection(self):
        connection = self.connect()
        for i in range(50):
            connection.request("POST", HELLO, json.dumps({"name": str(i)}), {"content-type": JSON})
            answer = connection.getresponse()
            self.assertEqual(json.loads(answer.read()), {"message": f"Hello, {i}"})
            self.assertEqual(answer.getheader("content-length"), str(len(f'{{"message":"Hello, {i}"}}')))

    def test_chunks_are_one_message(self):
        connection = self.connect()
        parts = [bytes([byte]) for byte in b'{"name":"chunks"}']
        connection.request("POST", HELLO, iter(parts), {"content-type": JSON}, encode_chunked=True)
        self.assertEqual(connection.getresponse().read(), b'{"message":"Hello, chunks"}')

    def test_a_client_that_resets_its_connection_cancels(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            body = b'{"name":"slow"}'
            connection.sendall(b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                               % (HELLO.encode(), len(body), body))
            time.sleep(0.2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The stop at the end waits ten seconds for calls: it has none to wait for.
        began = time.monotonic()
        self.process.stdin.close()
        self.assertEqual(self.process.wait(timeout=30), 0)
        self.assertLess(time.monotonic() - began, 5)

    def test_expect_continue(self):
        connection = self.connect()
        connection.request("POST", HELLO, b'{"name":"x"}', {"content-type": JSON, "expect": "100-continue"})
        self.assertEqual(connection.getresponse().read(), b'{"message":"Hello, x"}')


@needs("node")
class Node(Served):
    def node(self, script):
        done = run("node", "--input-type=module", "-e", script, self.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_fetch(self):
        printed = self.node("""
            const url = process.argv[1];
            const post = (body) => fetch(url + "/hello.Greeter/SayHello", {
              method: "POST", headers: {"content-type": "application/json", "connect-protocol-version": "1"},
              body: JSON.stringify(body)});
            const good = await post({name: "node"});
            console.log(good.status, await good.json());
            const bad = await post({});
            console.log(bad.status, (await bad.json()).code);
        """)
        self.assertEqual(printed, "200 { message: 'Hello, node' }\n400 invalid_argument\n")

    def test_http2(self):
        printed = self.node("""
            import http2 from "node:http2";
            const session = http2.connect(process.argv[1]);
            const call = session.request({":method": "POST", ":path": "/hello.Greeter/SayHello", "content-type": "application/json"});
            call.end('{"name": "two"}');
            let text = "";
            call.on("data", (part) => text += part);
            call.on("end", () => { console.log(text); session.close(); });
        """)
        self.assertEqual(printed, '{"message":"Hello, two"}\n')


if __name__ == "__main__":
    main(sys.argv)
