#!/usr/bin/env python3
"""Calls over WebSockets (docs/reference/websocket.md) with the client of Debian's python3-websockets.

usage: websocket_test.py SERVER
"""

import asyncio
import json
import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main

try:
    import websockets
except ImportError:
    websockets = None

JSON = "weft.connect.v1+json"
END = 2


def envelope(content, flags=0):
    data = json.dumps(content).encode() if not isinstance(content, bytes) else content
    return struct.pack(">BI", flags, len(data)) + data


def content(message):
    flags, size = struct.unpack(">BI", message[:5])
    assert size == len(message) - 5, message
    return flags, json.loads(message[5:])


@unittest.skipUnless(websockets, "python3-websockets is not installed")
class WebSockets(Served):
    def connect(self, method, **more):
        more.setdefault("subprotocols", [JSON])
        return websockets.connect(f"ws://127.0.0.1:{self.port}/hello.Greeter/{method}", **more)

    def run_in_time(self, task):
        return asyncio.run(asyncio.wait_for(task, 60))

    async def read_to_end(self, socket):
        """The head, the messages and the end; the server closes behind it."""
        head = await socket.recv()
        messages, end = [], None
        async for message in socket:
            flags, value = content(message)
            if flags & END:
                end = value
            else:
                messages.append(value)
        self.assertEqual(socket.close_code, 1000)
        return dict(line.split(": ", 1) for line in head.splitlines()), messages, end

    def test_a_stream_goes_both_ways_at_once(self):
        async def call():
            async with self.connect("Double") as socket:
                self.assertEqual(socket.subprotocol, JSON)
                for number in (1, 2, 3):
                    await socket.send(envelope({"value": number}))
                    if number == 1:
                        self.assertEqual(await socket.recv(), "content-type: application/connect+json\n")
                    self.assertEqual(content(await socket.recv()), (0, {"value": 2 * number}))
                await socket.send(envelope(b"", END))
                self.assertEqual(content(await socket.recv()), (END, {}))
                with self.assertRaises(websockets.ConnectionClosedOK):
                    await socket.recv()

        self.run_in_time(call())

    def test_methods_of_every_kind_and_metadata(self):
        async def call():
            async with self.connect("SayHello") as socket:
                await socket.send("x-user: me\nconnect-timeout-ms: 30000")
                await socket.send(envelope({"name": "Zoë"}))
                await socket.send(envelope(b"", END))
                head, messages, end = await self.read_to_end(socket)
                self.assertEqual((head["x-user"], messages), ("me", [{"message": "Hello, Zoë"}]))
                self.assertEqual(end["metadata"]["x-served"], ["yes"])
            async with self.connect("Sum") as socket:
                for number in range(100):
                    await socket.send(envelope({"value": number}))
                await socket.send(envelope(b"", END))
                self.assertEqual((await self.read_to_end(socket))[1], [{"value": 4950}])
            async with self.connect("Count") as socket:
                await socket.send(envelope({"to": 200}))
                await socket.send(envelope(b"", END))
                _, messages, end = await self.read_to_end(socket)
                self.assertEqual(len(messages), 100)
                self.assertEqual(end["error"]["code"], "out_of_range")

        self.run_in_time(call())

    def test_deadlines_end_calls(self):
        async def call():
            async with self.connect("SayHello") as socket:
                await socket.send("connect-timeout-ms: 100")
                await socket.send(envelope({"name": "slow"}))
                await socket.send(envelope(b"", END))
                self.assertEqual((await self.read_to_end(socket))[2]["error"]["code"], "deadline_exceeded")

        self.run_in_time(call())

    def test_pings_are_answered_and_large_messages_refused(self):
        async def call():
            async with self.connect("Double") as socket:
                await (await socket.ping())
                await socket.send(envelope(b"x" * 200_000))
                end = (await self.read_to_end(socket))[2]
                self.assertEqual(end["error"]["code"], "resource_exhausted")

        self.run_in_time(call())

    def status_of(self, **more):
        async def call():
            try:
                async with self.connect("Double", **more):
                    return 101
            except websockets.InvalidStatusCode as error:
                return error.status_code

        return self.run_in_time(call())

    def test_pages_of_other_origins_are_kept_out(self):
        self.assertEqual(self.status_of(origin="http://page.example"), 101)
        self.assertEqual(self.status_of(origin=f"http://127.0.0.1:{self.port}"), 101)
        for origin in ("http://other.example", "http://page.example.other", "null"):
            self.assertEqual(self.status_of(origin=origin), 403, origin)

    def test_an_unknown_subprotocol_is_refused(self):
        self.assertEqual(self.status_of(subprotocols=["chat"]), 400)
        self.assertEqual(self.status_of(subprotocols=["chat", "weft.connect.v1+proto"]), 101)


if __name__ == "__main__":
    main(sys.argv)
