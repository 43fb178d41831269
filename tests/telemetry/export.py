#!/usr/bin/env python3
"""Receives the spans, metrics and log lines that a program exports: export.py http|grpc|hang|away --program PROGRAM --proto FOLDER

http, grpc  Python's HTTP server, and grpcio, take the spans, which form traces, and the metrics and log
            lines, which lead to them; a busy collector is asked again
hang        a collector that takes connections and answers nothing: the program ends within two seconds, all signals
            together
away        nobody listens: the same

Ends with 77, which ctest shows as skipped, where Python's protobuf, protoc or grpcio is not there.
"""

import argparse
import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from script import check, skip

CALLS = 20
SPANS = 4 * CALLS  # the call, its attempt, the server's call, its work
STOP_MS = 2000
METHOD = "test.Traced/Echo"


def compiled(folder):
    """The messages of otlp_read.proto, as Python's protobuf has them."""
    if shutil.which("protoc") is None:
        skip("no protoc")
    out = tempfile.mkdtemp()
    subprocess.run(["protoc", f"--python_out={out}", f"-I{folder}", "otlp_read.proto"], check=True)
    sys.path.insert(0, out)
    try:
        return importlib.import_module("otlp_read_pb2")
    except ImportError as error:
        skip(error)


def run(program, **environment):
    done = subprocess.run([program, str(CALLS)], check=True, capture_output=True, text=True, timeout=60,
                          env=os.environ | environment)
    print(done.stdout, done.stderr)
    said = json.loads(done.stdout)
    check(said["lines"] == 6, "the metrics tell of five outcomes, and whose they are")
    return said


def check_metrics(requests, traces):
    check(requests[0].resource_metrics[0].resource == traces[0].resource_spans[0].resource, "one resource for all")
    metrics = {metric.name: metric for metric in requests[-1].resource_metrics[0].scope_metrics[0].metrics}
    check("target.info" not in metrics, "the resource says it")
    started = metrics["grpc.server.call.started"].sum
    check(started.is_monotonic and started.aggregation_temporality == 2, "a counter is a cumulative sum")
    calls = {point.attributes[0].value.string_value: point.as_double for point in started.data_points}
    check(calls[METHOD] == CALLS, f"{CALLS} calls: {calls}")
    [duration] = [point for point in metrics["grpc.server.call.duration"].histogram.data_points if point.count]
    check(duration.count == CALLS == sum(duration.bucket_counts), "durations of all calls")
    check(len(duration.bucket_counts) == len(duration.explicit_bounds) + 1, "a bucket more than bounds")
    check(0 < duration.sum and duration.start_time_unix_nano < duration.time_unix_nano, "sum and times")
    ids = {span.trace_id for request in traces for span in request.resource_spans[0].scope_spans[0].spans}
    check(len(duration.exemplars) > 0, "exemplars")
    for exemplar in duration.exemplars:
        check(exemplar.trace_id in ids, "an exemplar leads to a trace")
        check(abs(exemplar.time_unix_nano - duration.time_unix_nano) < 60e9, "and says when")


def check_logs(requests, traces):
    check(requests[0].resource_logs[0].resource == traces[0].resource_spans[0].resource, "one resource for all")
    lines = [line for request in requests for line in request.resource_logs[0].scope_logs[0].log_records]
    spans = {span.span_id: span for request in traces for span in request.resource_spans[0].scope_spans[0].spans}
    echoed = [line for line in lines if line.body.string_value == "echoed"]
    check(len(echoed) == CALLS, f"{len(echoed)} lines of handlers")
    for line in echoed:
        check(spans[line.span_id].trace_id == line.trace_id and spans[line.span_id].name == "work", "a line's span")
        check(line.severity_number == 9 and line.severity_text == "INFO" and line.flags & 1, "severity and flags")
        check([(one.key, one.value.int_value) for one in line.attributes] == [("test.size", 1)], "fields")
    check(not any("lost" in line.body.string_value for line in lines), "none of the exporter's own")


def check_nothing_lost(said):
    check(said["exported"] == SPANS and said["lost"] == 0, "no span is lost")
    check(said["points"] > 0 and said["lost_points"] == 0, "no point is lost")
    check(said["logs"] >= CALLS and said["lost_logs"] == 0, "no log line is lost")


def check_spans(requests):
    resource = {one.key: one.value for one in requests[0].resource_spans[0].resource.attributes}
    check(resource["service.name"].string_value == "orders", "OTEL_SERVICE_NAME")
    check(resource["test.where"].string_value == "here, there", "OTEL_RESOURCE_ATTRIBUTES")
    spans = {span.span_id: span for request in requests for span in request.resource_spans[0].scope_spans[0].spans}
    check(len(spans) == SPANS, f"{len(spans)} spans of {SPANS}")
    chain = {"work": METHOD, f"Attempt.{METHOD}": METHOD}
    for span in spans.values():
        parent = spans.get(span.parent_span_id)
        check(parent is None or parent.trace_id == span.trace_id, "a parent is of the same trace")
        check(span.start_time_unix_nano <= span.end_time_unix_nano, "a span ends after it begins")
        if span.name in chain:
            check(parent is not None and parent.name == chain[span.name], f"the parent of {span.name}")
    roots = [span for span in spans.values() if not span.parent_span_id]
    check(len(roots) == CALLS and all(span.kind == 3 for span in roots), "each call is a trace of its own")
    check(len({span.trace_id for span in spans.values()}) == CALLS, "traces do not mix")


def http(options, messages):
    requests, metrics, logs, busy = [], [], [], [503]

    class Collector(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if busy:
                self.send_response(busy.pop())
                self.send_header("retry-after", "0")
                self.send_header("content-length", "0")
                return self.end_headers()
            check(self.headers["content-type"] == "application/x-protobuf", "content type")
            if self.path == "/v1/metrics":
                metrics.append(messages.MetricsRequest.FromString(body))
            elif self.path == "/v1/logs":
                logs.append(messages.LogsRequest.FromString(body))
            else:
                check(self.path == "/v1/traces", f"path {self.path}")
                requests.append(messages.TraceRequest.FromString(body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = run(options.program, **OTEL, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
               OTEL_BSP_SCHEDULE_DELAY="1")
    server.shutdown()
    check_nothing_lost(said)
    check_spans(requests)
    check_metrics(metrics, requests)
    check_logs(logs, requests)


def grpcio():
    try:
        import grpc as library
    except ImportError as error:
        skip(error)
    return library


def receive(server, service, request_type, response_type, take):
    """Adds a collector of one signal to a server of grpcio: take(request, context) for each request."""
    library = grpcio()

    def export(request, context):
        take(request, context)
        return response_type()

    handler = library.unary_unary_rpc_method_handler(export, request_type.FromString, response_type.SerializeToString)
    name = f"opentelemetry.proto.collector.{service}"
    server.add_generic_rpc_handlers((library.method_handlers_generic_handler(name, {"Export": handler}),))


def grpc(options, messages):
    server = grpcio().server(ThreadPoolExecutor(2))

    def take(service, kind):
        requests = []

        def export(request, context):
            check(("api-key", "secret") in context.invocation_metadata(), "OTEL_EXPORTER_OTLP_HEADERS")
            requests.append(request)

        receive(server, service, kind, messages.TraceResponse, export)
        return requests

    requests = take("trace.v1.TraceService", messages.TraceRequest)
    metrics = take("metrics.v1.MetricsService", messages.MetricsRequest)
    logs = take("logs.v1.LogsService", messages.LogsRequest)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    said = run(options.program, **OTEL, OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_HEADERS="api-key=secret",
               OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    server.stop(0)
    check_nothing_lost(said)
    check_spans(requests)
    check_metrics(metrics, requests)
    check_logs(logs, requests)


def hang(options, _):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        for protocol in ("http/protobuf", "grpc"):
            ends_soon(options.program, protocol, listener.getsockname()[1])


def away(options, _):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for protocol in ("http/protobuf", "grpc"):
        ends_soon(options.program, protocol, port)


def ends_soon(program, protocol, port):
    said = run(program, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
               OTEL_BSP_SCHEDULE_DELAY="1")
    check(said["stop_ms"] <= STOP_MS, f"the end takes {said['stop_ms']} ms")
    check(said["exported"] == 0 and said["lost"] == SPANS, "what is lost is counted")
    check(said["points"] == 0 and said["lost_points"] > 0, "points too")
    check(said["logs"] == 0 and said["lost_logs"] >= CALLS, "and log lines")


OTEL = {"OTEL_SERVICE_NAME": "orders", "OTEL_RESOURCE_ATTRIBUTES": "test.where=here%2C%20there"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["http", "grpc", "hang", "away"])
    parser.add_argument("--program", required=True)
    parser.add_argument("--proto", required=True)
    options = parser.parse_args()
    messages = compiled(options.proto) if options.what in ("http", "grpc") else None
    {"http": http, "grpc": grpc, "hang": hang, "away": away}[options.what](options, messages)
    print("passed")


if __name__ == "__main__":
    main()
