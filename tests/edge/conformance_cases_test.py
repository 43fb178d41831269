#!/usr/bin/env python3
"""Requests that Connect's public conformance suite sends to servers, by curl over HTTP/1.1 and 2: the files server_unexpected,
connect_server_unexpected, grpc_web_server_unexpected, *_server_proto_subformat and server_empty of its 1.0.5. Its runner is not to be had everywhere; what
its reference client checks of other answers is in the tests of connect-node, connect-web and grpc-web.

usage: conformance_cases_test.py SERVER
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main, needs

VERSIONS = ("--http1.1", "--http2-prior-knowledge")
UNARY = "/hello.Greeter/SayHello"
STREAM = "/hello.Greeter/Count"
UNKNOWN = "/hello.Nobody/Nothing"
# HelloRequest{name: "me"}; CountRequest{to: 2} is the two bytes 08 02.
ME = b"\x0a\x02me"
TWO = b"\x08\x02"
CODES = {"2": "unknown", "12": "unimplemented", "13": "internal", "3": "invalid_argument", "0": "ok"}


def envelope(message, flags=0):
    return bytes([flags]) + len(message).to_bytes(4, "big") + message


def frames(body):
    while body:
        size = int.from_bytes(body[1:5], "big")
        yield body[0], body[5:5 + size]
        body = body[5 + size:]


class Answer:
    def __init__(self, text):
        head, _, self.body = text.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}

    def unary_code(self):
        """Connect's: of the JSON, else none."""
        if self.status == 200:
            return "ok"
        try:
            return json.loads(self.body)["code"]
        except (ValueError, KeyError):
            return None

    def stream_code(self):
        for flags, content in frames(self.body):
            if flags == 2:
                return json.loads(content).get("error", {"code": "ok"})["code"]
        return None

    def web_code(self):
        status = self.fields.get("grpc-status")
        for flags, content in frames(self.body):
            if flags == 0x80:
                lines = dict(line.split(": ", 1) for line in content.decode().split("\r\n") if line)
                status = lines["grpc-status"]
        return CODES.get(status, status)


@needs("curl")
class Server(Served):
    def ask(self, path, content_type, body=b"", *fields, method="POST", version="--http1.1"):
        with tempfile.NamedTemporaryFile() as content:
            content.write(body)
            content.flush()
            headers = [part for field in (f"content-type: {content_type}", "expect:", *fields) for part in ("-H", field)]
            return Answer(self.curl("-i", version, "-X", method, *headers, "--data-binary", "@" + content.name, self.url + path))

    def each(self, read, expected, *request, **more):
        """`expected`: the codes that are right, and the HTTP status where it counts."""
        status = more.pop("status", None)
        for version in VERSIONS:
            with self.subTest(version=version, request=request):
                answer = self.ask(*request, version=version, **more)
                self.assertIn(read(answer), expected, (answer.status, answer.fields, answer.body))
                if status is not None:
                    self.assertEqual(answer.status, status)

    def test_unexpected_content_type(self):
        self.each(Answer.unary_code, [None, "unknown"], UNARY, "image/jpeg", b"", status=415)

    def test_connect_takes_one_request_for_a_stream_of_answers(self):
        connect = ("connect-protocol-version: 1",)
        self.each(Answer.stream_code, ["unimplemented"], STREAM, "application/connect+proto", b"", *connect)
        self.each(Answer.stream_code, ["unimplemented"], STREAM, "application/connect+proto", envelope(TWO) * 2, *connect)
        self.each(Answer.stream_code, ["ok"], STREAM, "application/connect+proto", envelope(b""), *connect)

    def test_connect_unexpected_requests(self):
        connect = ("connect-protocol-version: 1",)
        self.each(Answer.unary_code, [None, "unknown"], UNARY, "application/proto", ME, *connect, method="DELETE", status=405)
        self.each(Answer.unary_code, ["unimplemented"], UNKNOWN, "application/proto", ME, *connect, status=404)
        self.each(Answer.unary_code, [None, "unknown"], UNARY, "application/foo", ME, *connect, status=415)
        self.each(Answer.unary_code, ["unimplemented"], UNARY, "application/proto", ME, *connect, "content-encoding: foo")
        self.each(Answer.stream_code, ["internal"], STREAM, "application/connect+proto", envelope(TWO, 1), *connect,
                  "connect-content-encoding: identity")
        # The empty message of a unary call is no content.
        self.each(Answer.unary_code, ["invalid_argument"], UNARY, "application/proto", b"", *connect, status=400)

    def test_grpc_web_takes_one_request(self):
        for path, message in ((UNARY, ME), (STREAM, TWO)):
            self.each(Answer.web_code, ["unimplemented"], path, "application/grpc-web+proto", b"")
            self.each(Answer.web_code, ["unimplemented"], path, "application/grpc-web+proto", envelope(message) * 2)
            self.each(Answer.web_code, ["ok"], path, "application/grpc-web+proto", envelope(message))

    def test_grpc_web_unexpected_requests(self):
        self.each(lambda answer: answer.web_code() or str(answer.status), ["405", "unknown", "internal"], UNARY, "application/grpc-web", envelope(ME), method="DELETE")
        self.each(Answer.web_code, ["unimplemented"], UNKNOWN, "application/grpc-web", envelope(ME))
        self.each(lambda answer: answer.web_code() or str(answer.status), ["415", "unknown", "internal", "unimplemented"], UNARY, "application/grpc-web+foo", envelope(ME))
        self.each(Answer.web_code, ["unimplemented"], UNARY, "application/grpc-web", envelope(ME, 1), "grpc-encoding: foo")
        self.each(Answer.web_code, ["internal"], UNARY, "application/grpc-web+proto", envelope(ME, 1), "grpc-encoding: identity")

    def test_grpc_web_with_and_without_the_format_in_the_content_type(self):
        for content_type in ("application/grpc-web", "application/grpc-web+proto"):
            for version in VERSIONS:
                answer = self.ask(UNARY, content_type, envelope(ME), version=version)
                self.assertEqual(answer.web_code(), "ok")
                self.assertIn(answer.fields["content-type"], ("application/grpc-web", "application/grpc-web+proto"))


if __name__ == "__main__":
    main(sys.argv)
