"""Who is measured: a server, and a client for it where it has one of its own."""

import subprocess
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Side:
    name: str
    server: str
    client: str = ""
    streams: bool = False
    tls: bool = False
    server_flags: tuple = ()
    client_flags: tuple = ()

    def with_tls(self, certificate):
        cert, key = certificate
        return replace(self, name=f"{self.name} TLS", tls=True,
                       server_flags=(*self.server_flags, "--tls-cert", cert, "--tls-key", key),
                       client_flags=(*self.client_flags, "--tls-ca", cert))

    def with_flags(self, name, *flags):
        return replace(self, name=name, server_flags=(*self.server_flags, *flags))

    def with_client_flags(self, *flags):
        return replace(self, client_flags=(*self.client_flags, *flags))

    def programs(self):
        return [program for program in (self.server, self.client) if program]


WEFT = Side("weft", "bench_echo_server", "bench_echo_client", streams=True)
CALLBACK = Side("gRPC callback", "bench_grpcpp_callback_server", "bench_grpcpp_callback_client",
                streams=True)
ASYNC = Side("gRPC async", "bench_grpcpp_async_server", "bench_grpcpp_async_client", streams=True)
RAW = Side("raw", "bench_raw_server", "bench_raw_client")
THRIFT = Side("Thrift", "bench_thrift_server", "bench_thrift_client")
CAPNP = Side("Cap'n Proto", "bench_capnp_server", "bench_capnp_client")
# Servers that have no client: h2load is theirs.
FLOOR = Side("floor", "bench_floor_server")
NGHTTP2 = Side("nghttp2", "bench_nghttp2_server")
# Under weft's client, where calls have headers that differ.
NGHTTP2_UNDER_WEFT = Side("nghttp2", "bench_nghttp2_server", "bench_echo_client")

PAIRS = [RAW, WEFT, THRIFT, ASYNC, CALLBACK, CAPNP]
HTTP2_SERVERS = [FLOOR, NGHTTP2, WEFT, ASYNC, CALLBACK]


def make_certificate(folder):
    """Paths of a self-signed certificate for localhost and its key."""
    cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True)
    return cert, key
