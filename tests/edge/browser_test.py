#!/usr/bin/env python3
"""Clients of browsers in headless Chromium, from a page of another origin: connect-web, by fetch and over
WebSockets (web/websocket-transport.ts), grpc-web, protobuf-ts.

WEFT_NODE_MODULES names a node_modules folder that has
  @connectrpc/connect 2.1.2, @connectrpc/connect-web 2.1.2, @bufbuild/protobuf 2, grpc-web 2.0.2, google-protobuf 3.21.4,
  @protobuf-ts/runtime, @protobuf-ts/runtime-rpc, @protobuf-ts/grpcweb-transport 2.11.1, esbuild 0.25, and typescript 5 for one more test.

usage: browser_test.py SERVER
"""

import base64
import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import NODE_MODULES, skip, without_packages
from served import Served, main, needs, run

HERE = Path(__file__).resolve().parent
NEEDED = ["@connectrpc/connect-web", "grpc-web", "@protobuf-ts/grpcweb-transport", "esbuild"]

# What the page's server may be called from is in edge_server.cc.
ALLOWED = "page.example"

GREETING = "Hello, Zoë nobody yes"
CONNECT = {
    "hello": GREETING,
    "error": "InvalidArgument, name is required, for example you",
    "deadline": "DeadlineExceeded, the operation timed out",
    "abort": "Canceled, left",
    "stream": "1 2 3",
    "streamError": "100 OutOfRange, no more than 100",
    "empty": "0 messages",
}
WEBSOCKET = {**CONNECT, "sum": "500500", "chat": "2 4 8 16 32 64 128", "failingRequests": "Unknown, no more", "endlessRequests": "Unimplemented told",
             "leaves": "left"}
GRPC_WEB = {"hello": GREETING, "error": "3 name is required", "stream": "1 2 3", "streamError": "100 11 no more than 100"}
PROTOBUF_TS = {
    "hello": GREETING,
    "error": "INVALID_ARGUMENT name is required",
    "stream": "1 2 3",
    "streamError": "100 OUT_OF_RANGE no more than 100",
}


def bundle(folder):
    """The page's script and its descriptors, as HTML."""
    made = run("protoc", f"-I{HERE}", "--include_imports", f"--descriptor_set_out={folder}/greeter.pb", "greeter.proto")
    assert made.returncode == 0, made.stderr
    made = run(f"{NODE_MODULES}/.bin/esbuild", HERE / "browser_calls.mjs", "--bundle", "--format=esm", f"--outfile={folder}/page.js",
               env={**os.environ, "NODE_PATH": NODE_MODULES})
    assert made.returncode == 0, made.stderr
    descriptors = base64.b64encode(Path(f"{folder}/greeter.pb").read_bytes()).decode()
    script = Path(f"{folder}/page.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    return (f'<!doctype html><meta charset="utf-8"><script id="descriptors" type="text/plain">{descriptors}</script>'
            f'<script type="module">{script}</script>').encode()


class PageServer(http.server.ThreadingHTTPServer):
    """Has the page, and takes what it was told."""

    def __init__(self, page):
        told = self.told = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = self.path.startswith("/?")
                self.send_response(200 if found else 404)
                self.send_header("content-type", "text/html")
                self.end_headers()
                if found:
                    self.wfile.write(page)

            def do_POST(self):
                told.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Types(unittest.TestCase):
    @unittest.skipUnless((Path(NODE_MODULES) / "typescript").is_dir(), "WEFT_NODE_MODULES has no typescript")
    def test_the_transport_is_what_connect_wants(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("websocket-transport.ts", "tsconfig.json"):
                shutil.copy(HERE.parents[1] / "web" / name, folder)
            os.symlink(NODE_MODULES, Path(folder) / "node_modules")
            checked = run(f"{NODE_MODULES}/.bin/tsc", "-p", folder)
            self.assertEqual(checked.returncode, 0, checked.stdout.decode())


@needs("chromium")
@needs("protoc")
class Browser(Served):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.page = bundle(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def told(self, host):
        """What the clients of a page at http://`host` were told."""
        pages = PageServer(self.page)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = subprocess.Popen(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--remote-debugging-port=0",
                 f"--host-resolver-rules=MAP {host} 127.0.0.1:{pages.server_port}", f"http://{host}/?server={self.url}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            errors = []
            reader = threading.Thread(target=lambda: errors.append(browser.stderr.read()))
            reader.start()
            try:
                return pages.told.get(timeout=90)
            except queue.Empty:
                browser.kill()
                reader.join()
                self.fail(errors[0].decode(errors="replace")[-2000:])
            finally:
                browser.terminate()
                browser.wait(timeout=30)
                reader.join()
                browser.stderr.close()
                pages.shutdown()
                pages.server_close()

    def test_clients_are_answered_from_an_allowed_origin(self):
        told = self.told(ALLOWED)
        for client, expected in {"connect json": CONNECT, "connect binary": CONNECT, "connect get": CONNECT, "connect-web grpc-web": CONNECT, "websocket json": WEBSOCKET, "websocket binary": WEBSOCKET,
                                 "grpc-web text": GRPC_WEB, "grpc-web binary": GRPC_WEB,
                                 "protobuf-ts text": PROTOBUF_TS, "protobuf-ts binary": PROTOBUF_TS}.items():
            for call, answer in expected.items():
                with self.subTest(client=client, call=call):
                    self.assertEqual(told[client][call], answer)

    def test_other_origins_are_kept_out(self):
        told = self.told("other.example")
        for client, calls in told.items():
            for call, answer in calls.items():
                with self.subTest(client=client, call=call):
                    self.assertNotIn("Hello", answer)
                    self.assertNotIn("1 2 3", answer)


if __name__ == "__main__":
    if why := without_packages(NEEDED):
        skip(why)
    main(sys.argv)
