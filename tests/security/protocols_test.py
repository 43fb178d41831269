#!/usr/bin/env python3
"""One policy, every protocol: what it denies is denied by all of them, and by spellings of a path that mean to get round it.

usage: protocols_test.py SERVER
"""

import base64
import hashlib
import json
import re
import socket
import sys
import unittest
from pathlib import Path

try:
    import grpc
except ImportError:
    grpc = None

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main, needs

KEY = "test_0123456789abcdef_" + 64 * "7"
KEYS = json.dumps({"keys": [{"id": "0123456789abcdef", "sha256": hashlib.sha256(KEY.encode()).hexdigest(), "subject": "reader"}]})
SECRET = b"4711"
SECRET_VARINT = b"\x08\xe7\x24"  # of a Number
HELLO, COUNT, SUM = "/hello.Greeter/SayHello", "/hello.Greeter/Count", "/hello.Greeter/Sum"
LIST = "/library.Library/ListBooks"
BOOKS = "/v1/shelves/1/books"
FRAME = b"\0\0\0\0\0"  # an empty message
VERSIONS = ("--http1.1", "--http2-prior-knowledge")

# How each protocol calls a unary or server-streaming method: content type, body, and what else.
PROTOCOLS = {
    "json": ("application/json", b"{}", ()),
    "connect": ("application/proto", b"", ("-H", "connect-protocol-version: 1")),
    "connect stream": ("application/connect+proto", FRAME, ()),
    "connect json stream": ("application/connect+json", b"\0\0\0\0\x02{}", ()),
    "grpc-web": ("application/grpc-web+proto", FRAME, ()),
    "grpc-web-text": ("application/grpc-web-text", base64.b64encode(FRAME), ()),
}
STREAMS = ("connect stream", "connect json stream", "grpc-web", "grpc-web-text")

# Of a method that is denied.
SPELLINGS = (
    "/library.Library/%4cistBooks", "/library.Library/ListBook%73", "//library.Library/ListBooks", "/./library.Library/ListBooks",
    "/x/../library.Library/ListBooks", "/library.Library/ListBooks/", "/library.Library//ListBooks", "/LIBRARY.LIBRARY/LISTBOOKS",
    "/library.Library/listBooks", "/library.Library%2FListBooks", "/library.Library/ListBooks%00", "/library.Library/ListBooks;x",
    "/library.Library/ListBooks%20", "/hello.Greeter/SayHello/../../library.Library/ListBooks", "/library.Library/ListBooks?",
    "/hello.Greeter/SayHello%2f..%2f..%2flibrary.Library%2fListBooks", "/library.Library/ListBooks?x=/hello.Greeter/SayHello",
)


def with_text(answer):
    """Behind the answer what its content says in base64, as gRPC-Web's text mode has it."""
    content = answer.partition(b"\r\n\r\n")[2].partition(b"\r\n")[0]
    return answer + b"".join(base64.b64decode(part + b"=" * (-len(part) % 4)) for part in re.findall(rb"[A-Za-z0-9+/]{4,}=*", content)
                             if len(part.rstrip(b"=")) % 4 != 1)


def passed(answer):
    """A call of a unary method was answered with its message."""
    text = with_text(answer)
    return b" 200" in answer.splitlines()[0] and (b"grpc-status" not in text or b"grpc-status: 0" in text)


def shows_the_secret(answer):
    return any(secret in with_text(answer) for secret in (SECRET, SECRET_VARINT))


@needs("curl")
class Protocols(Served):
    FLAGS = (KEYS,)

    def ask(self, version, path, *more, key=KEY, body=None):
        """The answer with its head and trailers."""
        identity = ("-H", f"x-api-key: {key}") if key else ()
        content = ("--data-binary", "@-") if body is not None else ()
        return self.curl(version, "--path-as-is", "-i", *identity, *content, *more, self.url + path, input=body)

    def each(self, check, names=tuple(PROTOCOLS)):
        for version in VERSIONS:
            for name, (kind, body, more) in PROTOCOLS.items():
                if name not in names:
                    continue
                with self.subTest(version=version, protocol=name):
                    check(name, lambda path, key=KEY: self.ask(version, path, "-H", f"content-type: {kind}", *more, key=key, body=body))

    def test_what_is_allowed_passes(self):
        def check(name, ask):
            if name.startswith("connect") and "stream" in name:
                return  # SayHello is unary
            answer = ask(HELLO)
            self.assertIn(b"for reader", with_text(answer))
        self.each(check)

    def test_nobody_passes_without_a_key(self):
        def check(name, ask):
            for key in (None, KEY[:-1] + "8", "test_x_y"):
                answer = with_text(ask(COUNT if name in STREAMS else HELLO, key=key))
                self.assertNotIn(b"for reader", answer)
                self.assertTrue(any(sign in answer for sign in (b" 401", b"grpc-status: 16", b"unauthenticated")), answer)
        self.each(check)

    def test_what_is_denied_is_denied(self):
        def check(name, ask):
            paths = (COUNT,) if name in STREAMS else ("/library.Library/GetBook", LIST)
            for path in paths:
                self.assert_denied(ask(path))
        self.each(check)

    def assert_denied(self, answer):
        self.assertFalse(shows_the_secret(answer), answer)
        self.assertTrue(any(sign in with_text(answer) for sign in (b" 403", b"grpc-status: 7", b"permission_denied")), answer)

    def test_paths_of_rest_are_the_methods_they_call(self):
        for version in VERSIONS:
            with self.subTest(version):
                made = self.ask(version, BOOKS, "-H", "content-type: application/json", body=b'{"title": "Weaving"}')
                self.assertIn(b" 200", made.splitlines()[0])
                # Denied by the deny rule, though an allow rule names it; and by no allow rule.
                for path in (BOOKS, BOOKS + ":list", BOOKS + "?page_size=1", "/v1/shelves/%31/books", "/v1/shelves/1/books/1"):
                    answer = self.ask(version, path)
                    self.assertIn(b" 403", answer.splitlines()[0], path)
                self.assertIn(b" 401", self.ask(version, BOOKS, key=None).splitlines()[0])

    def test_gets_of_connect_are_calls(self):
        for version in VERSIONS:
            with self.subTest(version):
                query = "?connect=v1&encoding=json&message=%7B%7D"
                self.assertIn(b"for reader", self.ask(version, HELLO + query))
                self.assertIn(b" 401", self.ask(version, HELLO + query, key=None).splitlines()[0])
                for path in (LIST, SUM):
                    self.assertFalse(passed(self.ask(version, path + query)), path)

    def test_other_spellings_of_a_path_get_nothing(self):
        def check(_, ask):
            for path in SPELLINGS:
                answer = ask(path)
                self.assertFalse(passed(answer), (path, answer))
        self.each(check, ("json", "connect", "grpc-web"))

    def test_fields_that_rename_a_request_change_nothing(self):
        for field in ("x-original-url", "x-rewrite-url", "x-http-method-override", "x-forwarded-uri", "x-envoy-original-path"):
            for path, other in ((LIST, HELLO), (HELLO, LIST)):
                answer = self.ask("--http1.1", path, "-H", f"{field}: {other}", "-H", "content-type: application/json", body=b"{}")
                self.assertEqual(passed(answer), path == HELLO, (field, answer))

    def test_a_second_key_is_refused(self):
        for version in VERSIONS:
            answer = self.ask(version, HELLO, "-H", "x-api-key: other", "-H", "content-type: application/json", body=b"{}")
            self.assertIn(b" 401", answer.splitlines()[0])


@unittest.skipIf(grpc is None, "grpcio is not installed for this Python")
class GrpcCalls(Served):
    FLAGS = (KEYS,)

    def code(self, path, key=KEY):
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            try:
                reply = channel.unary_unary(path)(b"", timeout=30, metadata=[("x-api-key", key)] if key else [])
            except grpc.RpcError as error:
                return error.code()
            self.assertNotIn(SECRET_VARINT, reply)
            return grpc.StatusCode.OK

    def test_the_policy_holds(self):
        code = grpc.StatusCode
        for path, key, expected in ((HELLO, KEY, code.OK), (HELLO, None, code.UNAUTHENTICATED), (HELLO, KEY + "7", code.UNAUTHENTICATED),
                                    (COUNT, KEY, code.PERMISSION_DENIED), (SUM, KEY, code.PERMISSION_DENIED),
                                    (LIST, KEY, code.PERMISSION_DENIED)):
            with self.subTest(path, key=key):
                self.assertEqual(self.code(path, key), expected)

    def test_other_spellings_of_a_path_get_nothing(self):
        for path in SPELLINGS:
            with self.subTest(path):
                self.assertIn(self.code(path), (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED))


class RawTargets(Served):
    FLAGS = (KEYS,)

    def ask(self, target, method="POST"):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n"
                               "content-length: 2\r\nconnection: close\r\n\r\n{}".encode())
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return answer

    def test_an_absolute_form_is_the_same_path(self):
        self.assertIn(b"for reader", self.ask("http://x" + HELLO))
        self.assertIn(b" 403", self.ask("http://x" + LIST).splitlines()[0])
        for target in ("http://x/" + LIST, "http://x" + HELLO + "#" + LIST, "http://library.Library/ListBooks", LIST + "#x"):
            self.assertFalse(passed(self.ask(target)), target)


if __name__ == "__main__":
    main(sys.argv)
