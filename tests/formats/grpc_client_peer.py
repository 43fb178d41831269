"""Calls a weft server with gRPC made by hand on HTTP/2 (python3-h2) and messages by Python's own libraries.

usage: grpc_client_peer.py PORT FORMAT

gRPC's own library for Python cannot do it: it sends "application/grpc" as its content-type, whatever its
user asks for. Exit status 77: a module is not installed.
"""

import socket
import struct
import sys

try:
    import h2.config
    import h2.connection
    import h2.events
    import msgpack  # noqa: F401, which shop_formats needs
except ImportError as error:
    print(error)
    sys.exit(77)

import shop_formats


class Answer:
    def __init__(self):
        self.headers = {}
        self.trailers = {}
        self.body = b""

    def messages(self):
        found = []
        at = 0
        while at < len(self.body):
            compressed, size = struct.unpack_from(">BI", self.body, at)
            assert compressed == 0, "nobody asked for compression"
            found.append(self.body[at + 5 : at + 5 + size])
            at += 5 + size
        assert at == len(self.body), "a message is cut off"
        return found


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def call(self, method, content_type, message):
        stream = self.h2.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "shop"),
            (":path", "/weft.formats.shop.Shop/" + method),
            ("te", "trailers"),
            ("content-type", content_type),
        ]
        self.h2.send_headers(stream, headers)
        self.h2.send_data(stream, struct.pack(">BI", 0, len(message)) + message, end_stream=True)
        self.flush()
        answer = Answer()
        while not self.read(answer):
            self.flush()
        return answer

    def read(self, answer):
        data = self.socket.recv(65536)
        assert data, "the server has closed the connection"
        ended = False
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                answer.headers = dict(event.headers)
            elif isinstance(event, h2.events.TrailersReceived):
                answer.trailers = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                answer.body += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                ended = True
        self.flush()
        return ended


def expect(found, wanted, what):
    if found != wanted:
        print(f"{what}: {found!r} instead of {wanted!r}")
        sys.exit(1)


def main():
    port, name = int(sys.argv[1]), sys.argv[2]
    form = shop_formats.FORMATS[name]
    kind = "application/grpc+" + name
    order = shop_formats.ORDER
    connection = Connection(port)

    answer = connection.call("Echo", kind, form.dumps(order))
    expect(answer.headers.get("content-type"), kind, "content-type")
    expect(answer.trailers.get("grpc-status"), "0", "status of Echo")
    expect([form.loads(m) for m in answer.messages()], [shop_formats.echoed(order, name)], "Echo")

    answer = connection.call("Each", kind, form.dumps(order))
    expect(answer.trailers.get("grpc-status"), "0", "status of Each")
    counts = [form.loads(message).get("counts") for message in answer.messages()]
    expect(counts, [[count] for count in order["counts"]], "Each")

    # What is no message of the format, and a format that the server has not.
    answer = connection.call("Echo", kind, b"\xc1")
    status = answer.trailers or answer.headers
    expect(status.get("grpc-status"), "13", "status of a broken message")
    expect(f"1 bytes of {name} are not a" in status.get("grpc-message", ""), True, "its text")
    answer = connection.call("Echo", "application/grpc+yaml", b"")
    expect((answer.trailers or answer.headers).get("grpc-status"), "12", "an unknown format")


main()
