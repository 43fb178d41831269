#!/usr/bin/env python3
"""JSON-RPC 2.0 of weft's server for Python's sockets and http.client, without a library of JSON-RPC.

usage: json_rpc_test.py SERVER
"""

import http.client
import json
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main


def request(method, params, number=None):
    call = {"jsonrpc": "2.0", "method": method, "params": params}
    return call if number is None else call | {"id": number}


MULTIPLY = request("Calculator.Multiply", [7, 8], 1)


class Http(Served):
    def post(self, content, method="POST", path="/jsonrpc", kind="application/json"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = content if isinstance(content, (str, bytes)) else json.dumps(content)
        connection.request(method, path, body, {"content-type": kind})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, answer

    def told(self, content):
        status, answer = self.post(content)
        self.assertEqual(status, 200)
        return json.loads(answer)

    def test_calls_are_answered(self):
        self.assertEqual(self.told(MULTIPLY), {"jsonrpc": "2.0", "result": 56, "id": 1})
        by_name = request("acme.v1.Calculator.Divide", {"a": 17, "b": 5}, "x")
        self.assertEqual(self.told(by_name), {"jsonrpc": "2.0", "result": {"quo": 3, "rem": 2}, "id": "x"})

    def test_errors_have_numbers(self):
        self.assertEqual(self.told(request("Calculator.Divide", [1, 0], 1))["error"],
                         {"code": -32602, "message": "divide by zero", "data": {"status": "INVALID_ARGUMENT"}})
        self.assertEqual(self.told(request("Calculator.Power", [1], 1))["error"]["code"], -32601)
        for broken in ("", "{", "{]", "[1,", "nonsense", json.dumps(MULTIPLY) + "x", json.dumps(MULTIPLY) * 2):
            with self.subTest(broken):
                answer = self.told(broken)
                self.assertEqual((answer["error"]["code"], answer["id"]), (-32700, None))
        self.assertEqual(self.told("[]")["error"]["code"], -32600)
        self.assertEqual(self.told({"method": "Calculator.Multiply", "params": [{}], "id": 1})["error"]["code"], -32600)

    def test_batches_are_answered_together(self):
        batch = [request("Calculator.Wait", [20 + i], i) for i in range(200)] + [request("Calculator.Wait", [1])]
        answers = self.told(batch)
        self.assertEqual({answer["id"]: answer["result"] for answer in answers}, {i: 20 + i for i in range(200)})

    def test_notifications_have_no_content(self):
        self.assertEqual(self.post(request("Calculator.Upper", ["x"])), (204, b""))
        self.assertEqual(self.post([request("Calculator.Upper", ["x"]), request("nothing", [])]), (204, b""))

    def test_other_requests_are_refused(self):
        self.assertEqual(self.post("", method="GET")[0], 405)
        self.assertEqual(self.post(MULTIPLY, kind="text/plain")[0], 415)
        status, answer = self.post(b'{"x":"' + b"x" * 5_000_000)
        self.assertEqual(status, 413)
        self.assertIn("more than 4194304 bytes", json.loads(answer)["error"]["message"])


class Tcp(Served):
    def test_requests_are_pipelined(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as stream:
            for number in range(1000):
                stream.sendall(json.dumps(request("Calculator.Multiply", [number, 2], number)).encode())
            lines = stream.makefile("rb")
            answers = [json.loads(lines.readline()) for _ in range(1000)]
        self.assertEqual({answer["id"]: answer["result"] for answer in answers}, {n: 2 * n for n in range(1000)})

    def test_a_batch_may_come_first(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as stream:
            stream.sendall(json.dumps([MULTIPLY, request("Calculator.Upper", ["x"], 2)]).encode())
            answers = json.loads(stream.makefile("rb").readline())
        self.assertEqual([answer["result"] for answer in answers], [56, "X"])


if __name__ == "__main__":
    main(sys.argv)
