#!/usr/bin/env python3
"""Methods called by paths (google.api.http) with curl and Python, over HTTP/1.1 and HTTP/2.

usage: rest_peers_test.py SERVER
"""

import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main, needs

JSON = "application/json"
BOOKS = "/v1/shelves/1/books"


@needs("curl")
class Curl(Served):
    def ask(self, version, path, *more):
        answer = self.curl(version, "-o", "-", "-w", "\n%{http_code}", *more, self.url + path)
        text, _, code = answer.rpartition(b"\n")
        return int(code), json.loads(text) if text else None

    def test_the_life_of_a_book(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                code, book = self.ask(version, BOOKS, "-H", f"content-type: {JSON}", "-d", '{"title": "Weaving", "pages": 7}')
                self.assertEqual((code, book["title"], book["pages"]), (200, "Weaving", 7))
                self.assertEqual(self.ask(version, "/v1/" + book["name"]), (200, book))
                self.assertEqual(self.ask(version, BOOKS + "?titles=None&titles=Weaving&page_size=1"), (200, {"books": [book]}))
                self.assertEqual(self.ask(version, BOOKS + ":list"), (200, [book]))
                self.assertEqual(self.ask(version, "/v1/" + book["name"], "-X", "DELETE"), (200, {}))
                code, error = self.ask(version, "/v1/" + book["name"])
                self.assertEqual((code, error), (404, {"code": 5, "message": "there is no " + book["name"]}))

    def test_what_is_wrong_is_named(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                code, error = self.ask(version, BOOKS + "?page_size=many")
                self.assertEqual((code, error["code"]), (400, 3))
                self.assertIn("the parameter 'page_size'", error["message"])
                self.assertEqual(self.ask(version, "/v1/none")[0], 404)
                self.assertEqual(self.ask(version, BOOKS, "-X", "PATCH")[0], 405)
                self.assertEqual(self.ask(version, BOOKS, "-d", "title=x")[0], 415)

    def test_a_head_has_no_content(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                head = self.curl(version, "--head", self.url + BOOKS).decode().lower()
                self.assertIn(" 200", head.splitlines()[0])
                self.assertIn("content-length: 2\r\n", head)


    def test_streams_in_three_forms(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                watch = self.url + BOOKS + ":watch?count="
                books = [{"title": f"Book {i}"} for i in range(1, 101)]
                error = {"code": 11, "message": "no more than 100"}
                self.assertEqual(json.loads(self.curl(version, watch + "100")), books)
                self.assertEqual(json.loads(self.curl(version, watch + "101")), books + [{"error": error}])
                lines = self.curl(version, "-H", "accept: application/x-ndjson", watch + "101")
                self.assertEqual([json.loads(line) for line in lines.splitlines()], books + [{"error": error}])
                events = self.curl(version, "-H", "accept: text/event-stream", watch + "1").decode()
                self.assertEqual(events, 'data: {"title":"Book 1"}\n\nevent: end\ndata: {}\n\n')

    def test_a_client_that_goes_away_ends_its_stream(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                done = subprocess.run(["curl", "-sSN", version, "--max-time", "1", "-H", "accept: text/event-stream",
                                       self.url + BOOKS + ":watch?count=-1"], capture_output=True, timeout=20, check=False)
                self.assertEqual((done.returncode, done.stdout), (28, b""))

    def test_requests_are_lines(self):
        lines = "".join(json.dumps({"title": f"T{i}"}) + "\n" for i in range(1000))
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                answer = self.curl(version, "-H", "content-type: application/x-ndjson", "--data-binary", lines,
                                   self.url + "/v1/shelves/9/books:import")
                self.assertEqual([book["title"] for book in json.loads(answer)["books"]], [f"T{i}" for i in range(1000)])
                self.assertEqual(self.ask(version, "/v1/shelves/9/books:import", "-d", "{}")[0], 415)

    def test_both_ways_need_http2(self):
        trade = ("-H", "content-type: application/x-ndjson", "--data-binary", '{"title":"a"}\n{"title":"b"}')
        answer = self.curl("--http2-prior-knowledge", *trade, self.url + "/v1/books:trade")
        self.assertEqual(answer, b'{"title":"a, used"}\n{"title":"b, used"}\n')
        code, error = self.ask("--http1.1", "/v1/books:trade", *trade)
        self.assertEqual((code, error["code"]), (505, 12))


class Python(Served):
    def test_urllib(self):
        request = urllib.request.Request(self.url + BOOKS, json.dumps({"title": "Π & more"}).encode(), {"content-type": JSON})
        with urllib.request.urlopen(request, timeout=10) as answer:
            book = json.load(answer)
        with urllib.request.urlopen(self.url + BOOKS + "?titles=%CE%A0+%26+more", timeout=10) as answer:
            self.assertEqual(json.load(answer), {"books": [book]})
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(self.url + "/v1/shelves/1/books/none", timeout=10)
        with raised.exception as error:
            self.assertEqual((error.code, json.load(error)["code"]), (404, 5))

    def test_requests_share_a_connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        for method, path, code in (("GET", BOOKS, 200), ("HEAD", BOOKS, 200), ("OPTIONS", BOOKS, 204), ("PUT", BOOKS, 405),
                                   ("GET", BOOKS, 200)):
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            self.assertEqual((method, answer.status), (method, code))
        connection.request("OPTIONS", BOOKS)
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.getheader("allow"), "GET, HEAD, OPTIONS, POST")


if __name__ == "__main__":
    main(sys.argv)
