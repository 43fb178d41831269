#!/usr/bin/env python3
"""One trace through Python, two servers of weft's and Node: trace_node.py --relay PROGRAM --proto FOLDER

Python's grpcio begins the trace by a traceparent of its own; the weft servers export their spans to a collector here; Node's server is
traced by OpenTelemetry's own packages. WEFT_NODE_MODULES names a node_modules folder that has what node/package.json names, for example by

  mkdir -p build/node && cp tests/telemetry/node/package*.json build/node && npm ci --ignore-scripts --prefix build/node

Ends with 77, which ctest shows as skipped, where one of them, node or Python's grpcio, protobuf or protoc is not there.
"""

import argparse
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from export import compiled, grpcio, receive
from script import NODE_MODULES, check, skip, without_packages

NODE = Path(__file__).resolve().parent / "node"
METHOD = "test.Traced/Echo"
SERVER, CLIENT = 2, 3
SECONDS = 60  # of each wait, which only a failure needs
RECORDED = "0af7651916cd43dd8448eb211c80319c"
NOT_RECORDED = "f067aa0ba902b74bf92f3577b34da6a3"
CALLER = "b7ad6b7169203331"
STATE = "python=began"


def node_modules():
    """The folder with the packages of package.json."""
    needed = json.loads((NODE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    if why := without_packages(needed):
        skip(why)
    if shutil.which("node") is None:
        skip("no node")
    return NODE_MODULES


class Peer:
    """A program that prints its port, and ends when its standard input does."""

    def __init__(self, *command, **environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | environment)
        self.deadline = threading.Timer(2 * SECONDS, self.process.kill)
        self.deadline.daemon = True
        self.deadline.start()
        port = self.process.stdout.readline().strip()
        check(port.isdigit(), f"{command[0]} prints its port: '{port}'")
        self.target = f"127.0.0.1:{port}"

    def stop(self):
        """What it printed after its port."""
        printed, _ = self.process.communicate()
        self.deadline.cancel()
        check(self.process.returncode == 0, f"{self.process.args[0]} ends with {self.process.returncode}")
        return printed.splitlines()


class Collector:
    """Takes the spans of each service, in the order in which they come."""

    def __init__(self, messages):
        self.spans = {"first": queue.Queue(), "second": queue.Queue()}
        self.server = grpcio().server(ThreadPoolExecutor(2))
        receive(self.server, "trace.v1.TraceService", messages.TraceRequest, messages.TraceResponse, self.take)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def take(self, request, _):
        for group in request.resource_spans:
            resource = {one.key: one.value.string_value for one in group.resource.attributes}
            for scope in group.scope_spans:
                for span in scope.spans:
                    self.spans[resource["service.name"]].put(span)

    def environment_of(self, service):
        return {"OTEL_SERVICE_NAME": service, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}", "OTEL_BSP_SCHEDULE_DELAY": "1",
                "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}

    def next_spans(self, service, count):
        try:
            return [self.spans[service].get(timeout=SECONDS) for _ in range(count)]
        except queue.Empty:
            raise SystemExit(f"failed: {service} exports {count} spans") from None


def call(target, trace, flags):
    from google.protobuf.wrappers_pb2 import BytesValue

    with grpcio().insecure_channel(target) as channel:
        echo = channel.unary_unary(f"/{METHOD}", BytesValue.SerializeToString, BytesValue.FromString)
        reply = echo(BytesValue(value=b"x"), timeout=SECONDS, wait_for_ready=True,
                     metadata=[("traceparent", f"00-{trace}-{CALLER}-{flags}"), ("tracestate", STATE), ("baggage", "tenant=blue")])
    check(reply.value == b"x", "the call came through all of them and back")


def check_relay(name, spans, parent):
    """A relay's three spans hang on one another below `parent`; the id of its attempt."""
    by_kind = {(span.kind, span.name): span for span in spans}
    chain = [by_kind[SERVER, METHOD], by_kind[CLIENT, METHOD], by_kind[CLIENT, f"Attempt.{METHOD}"]]
    for span in chain:
        check(span.trace_id.hex() == RECORDED, f"{name}: the trace of {span.name}")
        check(span.trace_state == STATE, f"{name}: the tracestate of {span.name}: '{span.trace_state}'")
        check(span.parent_span_id.hex() == parent, f"{name}: the parent of {span.name}, of kind {span.kind}")
        parent = span.span_id.hex()
    return parent


def check_node(lines, parent):
    spans = [json.loads(line) for line in lines]
    check(len(spans) == 1, f"Node records the call that Python records, and no other: {spans}")
    [span] = spans
    check(span["kind"] == "SERVER" and span["name"] == f"grpc.{METHOD}", f"Node's span: {span}")
    check(span["trace"] == RECORDED, f"Node's span is of Python's trace: {span}")
    check(span["parent"] == parent, f"its parent is the second relay's attempt, {parent}: {span}")
    check(span["state"] == STATE and span["tenant"] == "blue", f"tracestate and baggage reach Node: {span}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relay", required=True)
    parser.add_argument("--proto", required=True)
    options = parser.parse_args()
    modules = node_modules()
    collector = Collector(compiled(options.proto))
    node = Peer("node", NODE / "traced_server.mjs", modules)
    second = Peer(options.relay, node.target, **collector.environment_of("second"))
    first = Peer(options.relay, second.target, **collector.environment_of("first"))
    call(first.target, NOT_RECORDED, "00")
    call(first.target, RECORDED, "01")
    spans = {name: collector.next_spans(name, 3) for name in collector.spans}
    first.stop()
    second.stop()
    printed = node.stop()
    collector.server.stop(0).wait()
    check(all(queue.empty() for queue in collector.spans.values()), "the call that Python does not record has no spans")
    attempt = check_relay("first", spans["first"], CALLER)
    attempt = check_relay("second", spans["second"], attempt)
    check_node(printed, attempt)
    print("passed")


if __name__ == "__main__":
    main()
