"""A client and a server that know NATS by a raw socket, and calls by docs/reference/nats-envelope.md."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import script  # noqa: E402

PROGRAM = []


# ---- protobuf, as far as it is needed: messages of texts and numbers -------------------------------------


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def order(item, count):
    text = item.encode()
    return b"\x0a" + varint(len(text)) + text + b"\x10" + varint(count)


def reply_of(text):
    return b"\x0a" + varint(len(text.encode())) + text.encode()


def fields(message):
    """{number: value}"""
    found, at = {}, 0

    def number():
        nonlocal at
        shift = value = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        else:
            size = number()
            found[key >> 3] = message[at : at + size]
            at += size
    return found


# ---- NATS ---------------------------------------------------------------------------------------------


class Nats:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")
        self.subscriptions = 0
        assert self.file.readline().startswith(b"INFO ")
        self.send(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nPING\r\n')
        while self.file.readline() != b"PONG\r\n":
            pass

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def subscribe(self, subject, group=""):
        self.subscriptions += 1
        self.send(f"SUB {subject} {group} {self.subscriptions}\r\nPING\r\n".encode())
        while self.file.readline() != b"PONG\r\n":
            pass

    def publish(self, subject, reply, headers, payload):
        block = b"NATS/1.0\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in headers) + b"\r\n"
        self.send(f"HPUB {subject} {reply} {len(block)} {len(block) + len(payload)}\r\n".encode() + block + payload + b"\r\n")

    def next(self):
        """subject, reply, first header line, {name: value}, payload"""
        while True:
            words = self.file.readline().split()
            if words[0] == b"PING":
                self.send(b"PONG\r\n")
            if words[0] in (b"MSG", b"HMSG"):
                break
        head = int(words[-2]) if words[0] == b"HMSG" else 0
        body = self.file.read(int(words[-1]) + 2)[:-2]
        lines = body[:head].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            if line:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
        least = 5 if head else 4
        reply = words[3].decode() if len(words) > least else ""
        return words[1].decode(), reply, lines[0], headers, body[head:]

    def request(self, subject, headers, payload):
        inbox = "_INBOX." + os.urandom(16).hex()
        self.subscribe(inbox)
        self.publish(subject, inbox, headers, payload)
        _, _, first, answered, body = self.next()
        return first, answered, body

    def request_when_served(self, subject, headers, payload):
        """A server may still be on its way to the broker."""
        while True:
            first, answered, body = self.request(subject, headers, payload)
            if not first.startswith("NATS/1.0 503"):
                return answered, body


class Peers(unittest.TestCase):
    def setUp(self):
        self.port = script.free_port()
        self.url = f"nats://127.0.0.1:{self.port}/shop"
        self.folder = tempfile.TemporaryDirectory()
        log = os.path.join(self.folder.name, "log")
        self.broker = subprocess.Popen(["nats-server", "--addr", "127.0.0.1", "--port", str(self.port), "--log", log])
        self.server = None
        while True:
            try:
                self.nats = Nats(self.port)
                return
            except ConnectionRefusedError:
                self.assertIsNone(self.broker.poll())

    def tearDown(self):
        self.nats.close()
        if self.server:
            self.server.stdin.close()
            self.server.wait(timeout=30)
            self.server.stdout.close()
        self.broker.kill()
        self.broker.wait()
        self.folder.cleanup()

    def serve(self):
        self.server = subprocess.Popen([*PROGRAM, "serve", self.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.server.stdout.readline()

    def call(self, item, count, milliseconds=20000):
        """Begins a call of weft's client."""
        return subprocess.Popen([*PROGRAM, "call", self.url, item, str(count), str(milliseconds)], stdout=subprocess.PIPE, text=True)

    def lines(self, process):
        out, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        return out.splitlines()

    # A client of Python's, a server of weft's.

    def test_calls_a_server(self):
        self.serve()
        headers, body = self.nats.request_when_served("shop.store.Orders.Place", [("content-type", "application/proto"), ("X-User", "py")], order("tea", 3))
        self.assertEqual(headers["grpc-status"], "0")
        self.assertEqual(headers["content-type"], "application/proto")
        self.assertEqual(headers["x-head"], "start")
        self.assertEqual(fields(body)[1], b"3 of tea for py")

    def test_needs_no_headers(self):
        self.serve()
        self.nats.request_when_served("shop.store.Orders.Place", [], order("tea", 3))
        payload = order("coffee", 1)
        inbox = "_INBOX." + os.urandom(16).hex()
        self.nats.subscribe(inbox)
        self.nats.send(f"PUB shop.store.Orders.Place {inbox} {len(payload)}\r\n".encode() + payload + b"\r\n")
        self.assertEqual(fields(self.nats.next()[4])[1], b"1 of coffee for nobody")

    def test_reads_errors(self):
        self.serve()
        headers, body = self.nats.request_when_served("shop.store.Orders.Place", [], order("unknown", 1))
        self.assertEqual(headers["grpc-status"], "5")
        self.assertEqual(headers["grpc-message"], 'no item "unknown"')
        self.assertEqual(base64.b64decode(headers["grpc-status-details-bin"] + "=="), b"details")
        self.assertEqual(headers["nats-service-error-code"], "NOT_FOUND")
        self.assertEqual(headers["nats-service-error"], 'no item "unknown"')
        self.assertEqual(headers["trailer-x-tail"], "end")
        self.assertEqual(body, b"")

    def test_deadlines_and_encodings_count(self):
        self.serve()
        subject = "shop.store.Orders.Place"
        headers, _ = self.nats.request_when_served(subject, [("grpc-timeout", "50m")], order("sleep", 1))
        self.assertEqual(headers["grpc-status"], "4")
        packed = zlib.compress(order("tea" * 100, 2))
        headers, body = self.nats.request_when_served(subject, [("grpc-encoding", "deflate")], packed)
        self.assertEqual(headers["grpc-status"], "0")
        self.assertTrue(fields(body)[1].startswith(b"2 of teatea"))

    def test_is_told_what_is_wrong(self):
        self.serve()
        self.nats.request_when_served("shop.store.Orders.Place", [], order("tea", 1))
        for subject, headers, payload, status in (
            ("shop.store.Orders.None", [], b"", "12"),
            ("shop.store.Orders.Watch", [], b"", "12"),
            ("shop.store.Orders.Place", [("content-type", "text/plain")], b"", "12"),
            ("shop.store.Orders.Place", [("grpc-timeout", "soon")], b"", "3"),
            ("shop.store.Orders.Place", [("grpc-encoding", "lzw")], b"", "12"),
            ("shop.store.Orders.Place", [], b"\xff", "13"),
        ):
            _, answered, _ = self.nats.request(subject, headers, payload)
            self.assertEqual(answered["grpc-status"], status, (subject, headers, answered))

    def test_is_seen_by_tools(self):
        self.serve()
        self.nats.request_when_served("shop.store.Orders.Place", [], order("tea", 1))
        self.nats.request("shop.store.Orders.Place", [], order("unknown", 1))
        info = json.loads(self.nats.request("$SRV.INFO.store_Orders", [], b"")[2])
        self.assertEqual(info["type"], "io.nats.micro.v1.info_response")
        self.assertRegex(info["version"], r"^\d+\.\d+\.\d+$")
        place = info["endpoints"][0]
        self.assertEqual((place["name"], place["subject"], place["queue_group"]), ("Place", "shop.store.Orders.Place", "q"))
        stats = json.loads(self.nats.request("$SRV.STATS.store_Orders." + info["id"], [], b"")[2])
        place = stats["endpoints"][0]
        self.assertEqual((place["num_requests"], place["num_errors"], place["last_error"]), (2, 1, "NOT_FOUND"))

    # A client of weft's, a server of Python's.

    def test_serves_a_client(self):
        self.nats.subscribe("shop.store.Orders.*", "q")
        call = self.call("tea", 7)
        subject, reply, _, headers, payload = self.nats.next()
        self.assertEqual(subject, "shop.store.Orders.Place")
        self.assertEqual(headers["content-type"], "application/proto")
        self.assertEqual(headers["x-user"], "weft")
        self.assertEqual(base64.b64decode(headers["x-raw-bin"] + "=="), b"\x00\xff")
        self.assertTrue(headers["grpc-timeout"][-1] in "HMSmun")
        self.assertIn("gzip", headers["grpc-accept-encoding"])
        self.assertEqual(fields(payload), {1: b"tea", 2: 7})
        answer = [("grpc-status", "0"), ("X-Head", "h"), ("trailer-x-tail", "t")]
        self.nats.publish(reply, "", answer, reply_of("from Python"))
        self.assertEqual(self.lines(call), ["reply from Python", "head x-head=h", "tail x-tail=t"])

    def test_serves_it_errors(self):
        self.nats.subscribe("shop.store.Orders.*", "q")
        call = self.call("tea", 7)
        reply = self.nats.next()[1]
        details = base64.b64encode(b"more").decode()
        self.nats.publish(reply, "", [("grpc-status", "9"), ("grpc-message", "not%0Anow"), ("grpc-status-details-bin", details)], b"")
        self.assertEqual(self.lines(call)[:1], ["status FAILED_PRECONDITION: not"])
        call = self.call("tea", 7)
        reply = self.nats.next()[1]
        self.nats.publish(reply, "", [("Nats-Service-Error", "sold out"), ("Nats-Service-Error-Code", "410")], b"")
        self.assertIn("410", self.lines(call)[0])
        call = self.call("tea", 7)
        reply = self.nats.next()[1]
        payload = reply_of("plain")
        self.nats.send(f"PUB {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")
        self.assertEqual(self.lines(call), ["reply plain"])

    # Servers that die.

    def test_a_server_that_is_killed_shows_at_the_deadline(self):
        self.serve()
        self.nats.request_when_served("shop.store.Orders.Place", [], order("tea", 1))
        watching = Nats(self.port)
        watching.subscribe("shop.>")
        call = self.call("sleep", 1, 700)
        watching.next()
        watching.close()
        self.server.kill()
        self.assertTrue(self.lines(call)[0].startswith("status DEADLINE_EXCEEDED"), "killed")
        self.server.wait()
        call = self.call("tea", 1)
        self.assertIn("no server takes calls of", self.lines(call)[0])


if __name__ == "__main__":
    if not shutil.which("nats-server"):
        script.skip("there is no nats-server (./dev setup unpacks one)")
    PROGRAM[:] = [sys.argv[1]]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
