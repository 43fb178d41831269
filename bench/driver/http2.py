"""As much of an HTTP/2 client as it takes to make a gRPC call by hand: one program can then hold
thousands of connections and calls open against any server, and see what they cost it (RFC 9113, RFC 7541)."""

import socket
import struct

from driver.processes import Failed

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
ACK, END_STREAM, END_HEADERS = 1, 1, 4
PER_ADDRESS = 5000  # connections from one address: the ports of one would run short
IP_BIND_ADDRESS_NO_PORT = 24  # Linux: the port is chosen when the peer is known
SECONDS = 20


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _literal(name, value):
    """A field without indexing, name and value in plain; `name` may be an index into the static table."""
    if isinstance(name, int):
        head = bytes([name]) if name < 15 else bytes([15, name - 15])
    else:
        head = bytes([0, len(name)]) + name
    return head + bytes([len(value)]) + value


def request_headers(path):
    return (b"\x83\x86"  # :method POST, :scheme http
            + _literal(4, path) + _literal(1, b"localhost")  # :path, :authority
            + _literal(31, b"application/grpc") + _literal(b"te", b"trailers"))


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def grpc_message(payload):
    """A perf.Msg in gRPC's framing."""
    message = b"\x0a" + varint(len(payload)) + payload
    return b"\x00" + len(message).to_bytes(4, "big") + message


class Connection:
    """A connection to a server on 127.0.0.1; `number` tells it from others of this process."""

    def __init__(self, port, number=0):
        self._socket = socket.socket()
        self._socket.settimeout(SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        self._socket.bind((f"127.0.0.{1 + number // PER_ADDRESS}", 0))
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self._input = b""
        self._next_stream = 1

    def _read_frame(self):
        while True:
            if len(self._input) >= 9:
                size = int.from_bytes(self._input[:3], "big")
                if len(self._input) >= 9 + size:
                    kind, flags, stream = struct.unpack(">BBI", self._input[3:9])
                    payload, self._input = self._input[9:9 + size], self._input[9 + size:]
                    return kind, flags, stream, payload
            read = self._socket.recv(65536)
            if not read:
                raise Failed("the server closed a connection")
            self._input += read

    def _read_until(self, wanted):
        """Answers what has to be answered until a frame is the one that is wanted."""
        while True:
            kind, flags, stream, payload = self._read_frame()
            if kind == SETTINGS and not flags & ACK:
                self._socket.sendall(frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                self._socket.sendall(frame(PING, ACK, 0, payload))
            elif kind in (GOAWAY, RST_STREAM):
                raise Failed(f"the server sent a frame of type {kind}: {payload!r}")
            if wanted(kind, flags, stream):
                return

    def _open(self, path, payload=None):
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        out = frame(HEADERS, END_HEADERS, stream, request_headers(path))
        if payload is not None:
            out += frame(DATA, END_STREAM, stream, grpc_message(payload))
        return stream, out

    def call(self, payload):
        """A call from beginning to end."""
        stream, out = self._open(b"/perf.Echo/Unary", payload)
        self._socket.sendall(out)
        self._read_until(lambda kind, flags, of: of == stream and kind in (DATA, HEADERS)
                         and flags & END_STREAM)

    def leave_open(self, count, payload):
        """Calls that stay open: unary ones that ask to be held, or streams where payload is None."""
        path = b"/perf.Echo/Stream" if payload is None else b"/perf.Echo/Unary"
        self._socket.sendall(b"".join(self._open(path, payload)[1] for _ in range(count)))

    def settle(self):
        """Returns once the server has read all that was sent before."""
        self._socket.sendall(frame(PING, 0, 0, b"settled?"))
        self._read_until(lambda kind, flags, _: kind == PING and flags & ACK)

    def close(self):
        self._socket.close()
