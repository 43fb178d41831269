#!/usr/bin/env python3
"""An HTTP/1.1 server of Python's for the client's tests: server.py [CERTIFICATE_AND_KEY.pem]

Prints its port. Ends at GET /quit, and by itself after two minutes.
"""

import gzip
import http.server
import os
import socket
import ssl
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, status=200, fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/quit":
            self.answer(b"")
            threading.Thread(target=self.server.shutdown).start()
        elif self.path == "/gzip":
            self.answer(gzip.compress(b"packed " * 1000), fields=[("Content-Encoding", "gzip")])
        elif self.path == "/moved":
            self.answer(b"", 302, [("Location", "/hello")])
        elif self.path == "/large":
            self.answer(b"x" * 3_000_000)
        elif self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (b"one", b"two", b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/cut":
            # A body that ends with the connection, which TLS does not say to be at its end.
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nhalf of it")
            socket.socket(fileno=self.connection.detach()).close()
            self.close_connection = True
        elif self.path == "/hello":
            self.answer(b"hello")
        else:
            self.send_error(404)

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self.read_chunks()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(body, fields=[("X-Type", self.headers.get("Content-Type", ""))])

    def log_message(self, *arguments):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    limit = threading.Timer(120, os._exit, [1])
    limit.daemon = True
    limit.start()
    server.serve_forever()


main()
