#!/usr/bin/env python3
"""Static files of edge::files() for curl, and beside nginx's answers where that is installed.

usage: files_test.py SERVER
"""

import gzip
import http.client
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import free_port
from served import Served, main, needs

LARGE = random.Random(1).randbytes(3_000_000)


class Files(Served):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name) / "www"
        (self.folder / "sub").mkdir(parents=True)
        for name, content in {"index.html": b"<p>home</p>", "app.js": b"let x = 1;\n" * 500, "large.bin": LARGE,
                              "sub/index.html": b"<p>sub</p>", "a b.txt": b"blank", "empty.txt": b""}.items():
            (self.folder / name).write_bytes(content)
        (Path(self.temporary.name) / "secret.txt").write_bytes(b"hidden content")
        self.FLAGS = (str(self.folder),)
        super().setUp()

    def tearDown(self):
        super().tearDown()
        self.temporary.cleanup()

    def ask(self, path, port=None, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in fields.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def test_large_files_over_both_versions(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            self.assertEqual(self.curl(version, self.url + "/large.bin"), LARGE)
            self.assertEqual(self.curl(version, "-r", "1000000-2500000", self.url + "/large.bin"), LARGE[1000000:2500001])

    def test_a_download_goes_on_where_it_ended(self):
        target = Path(self.temporary.name) / "download"
        target.write_bytes(LARGE[:1_234_567])
        self.curl("-C", "-", "-o", str(target), self.url + "/large.bin")
        self.assertEqual(target.read_bytes(), LARGE)

    def test_curl_keeps_a_copy_by_its_tag(self):
        tag, copy = (str(Path(self.temporary.name) / name) for name in ("tag", "copy"))
        ask = ("--etag-save", tag, "--etag-compare", tag, "-o", copy, "-w", "%{http_code}", self.url + "/app.js")
        self.assertEqual(self.curl(*ask), b"200")
        self.assertEqual(self.curl(*ask), b"304")
        (self.folder / "app.js").write_bytes(b"new")
        os.utime(self.folder / "app.js", (1, 1))
        until = time.monotonic() + 30
        while self.curl(*ask) != b"200":
            self.assertLess(time.monotonic(), until, "the change did not show")
        self.assertEqual(Path(copy).read_bytes(), b"new")

    def test_nothing_leads_out(self):
        for path in ("/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//../secret.txt"):
            done = self.curl("--path-as-is", "-w", "%{http_code}", self.url + path)
            self.assertIn(done[-3:], (b"400", b"404"), path)
            self.assertNotIn(b"hidden content", done)

    def test_a_client_that_goes_in_a_large_file_harms_nobody(self):
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("GET", "/large.bin")
            connection.sock.recv(100)
            connection.close()
        self.assertEqual(self.curl(self.url + "/"), b"<p>home</p>")

    @needs("nginx")
    def test_beside_nginx(self):
        port = self.start_nginx()
        date = self.ask("/app.js")[0].headers["last-modified"]
        for path, fields in (("/", {}), ("/sub/", {}), ("/app.js", {}), ("/a%20b.txt", {}), ("/empty.txt", {}), ("/none.js", {}),
                             ("/large.bin", {"range": "bytes=5-9"}), ("/large.bin", {"range": "bytes=-7"}),
                             ("/large.bin", {"range": "bytes=2999999-"}), ("/large.bin", {"range": "bytes=3000000-"}),
                             ("/app.js", {"if_modified_since": date}), ("/app.js", {"if_none_match": '"x"'}),
                             ("/app.js", {"if_none_match": "*"}), ("/app.js", {"if_match": '"x"'}),
                             ("/app.js", {"range": "bytes=0-3", "if_range": '"x"'}),
                             ("/app.js", {"range": "bytes=0-3", "if_range": date})):
            ours, our_body = self.ask(path, **fields)
            theirs, their_body = self.ask(path, port, **fields)
            self.assertEqual(ours.status, theirs.status, (path, fields))
            self.assertEqual(ours.headers["content-range"], theirs.headers["content-range"], (path, fields))
            if ours.status < 300:
                self.assertEqual(ours.headers["last-modified"], theirs.headers["last-modified"], (path, fields))
                self.assertEqual(our_body, their_body, (path, fields))

    def test_text_is_compressed(self):
        answer, body = self.ask("/app.js", accept_encoding="gzip")
        self.assertEqual(answer.headers["content-encoding"], "gzip")
        self.assertEqual(gzip.decompress(body), b"let x = 1;\n" * 500)

    def start_nginx(self):
        root = Path(self.temporary.name)
        port = free_port()
        (root / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {root}/pid; error_log {root}/error.log; events {{}} "
            f"http {{ access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f; "
            f"uwsgi_temp_path {root}/u; scgi_temp_path {root}/s; server {{ listen 127.0.0.1:{port}; root {self.folder}; }} }}")
        process = subprocess.Popen(["nginx", "-p", str(root), "-c", str(root / "nginx.conf")], stderr=subprocess.DEVNULL)

        def stop():
            process.terminate()
            process.wait(timeout=30)
        self.addCleanup(stop)
        for _ in range(1000):
            self.assertIsNone(process.poll(), (root / "error.log").read_text() if (root / "error.log").exists() else "")
            with http.client.socket.socket() as probe:
                probe.settimeout(10)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            os.sched_yield()
        self.fail("nginx did not start")
        return None


if __name__ == "__main__":
    main(sys.argv)
