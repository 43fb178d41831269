#!/usr/bin/env python3
"""gRPC's interop cases called with Python's grpcio.

    grpcio_client.py --server_host=H --server_port=N --test_case=NAME,NAME|all|list
                     [--use_tls=true --ca_file=FILE --server_host_override=NAME]

The messages are protoc's Python output; the directory above them must be on PYTHONPATH. grpcio
does not show whether a message came compressed and compresses whole streams only, so of the
compression cases it does what it can: see each.
"""

import argparse
import concurrent.futures
import os
import sys
import traceback

import grpc

from src.proto.grpc.testing import empty_pb2
from src.proto.grpc.testing import messages_pb2

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
SERVICE = "/grpc.testing.TestService/"
INITIAL = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
TRAILING = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")


class Stub:
    """The methods of TestService, made by hand."""

    def __init__(self, channel):
        self.channel = channel
        self.empty = self._method(channel.unary_unary, SERVICE + "EmptyCall", empty_pb2.Empty)
        self.unary = self._method(channel.unary_unary, SERVICE + "UnaryCall",
                                  messages_pb2.SimpleResponse)
        self.cacheable = self._method(channel.unary_unary, SERVICE + "CacheableUnaryCall",
                                      messages_pb2.SimpleResponse)
        self.output = self._method(channel.unary_stream, SERVICE + "StreamingOutputCall",
                                   messages_pb2.StreamingOutputCallResponse)
        self.input = self._method(channel.stream_unary, SERVICE + "StreamingInputCall",
                                  messages_pb2.StreamingInputCallResponse)
        self.full_duplex = self._method(channel.stream_stream, SERVICE + "FullDuplexCall",
                                        messages_pb2.StreamingOutputCallResponse)
        self.half_duplex = self._method(channel.stream_stream, SERVICE + "HalfDuplexCall",
                                        messages_pb2.StreamingOutputCallResponse)

    @staticmethod
    def _method(kind, path, response):
        return kind(path, request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=response.FromString)

    def unimplemented(self, service):
        method = self._method(self.channel.unary_unary,
                              f"/grpc.testing.{service}/UnimplementedCall", empty_pb2.Empty)
        return method(empty_pb2.Empty())


def payload(size):
    return messages_pb2.Payload(body=bytes(size))


def large_request(**fields):
    return messages_pb2.SimpleRequest(response_size=314159, payload=payload(271828), **fields)


def boolean(value):
    return messages_pb2.BoolValue(value=value)


def output_request(*sizes, size=0):
    return messages_pb2.StreamingOutputCallRequest(
        response_parameters=[messages_pb2.ResponseParameters(size=one) for one in sizes],
        payload=payload(size))


def expect(what, expected, actual):
    if expected != actual:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def expect_zeros(size, got):
    expect("payload", bytes(size), got.body)


def expect_failure(code, call):
    """The error that `call` must end with."""
    try:
        result = call()
        for _ in result if hasattr(result, "__next__") else ():
            pass
    except grpc.RpcError as error:
        expect("status code", code, error.code())
        return error
    raise AssertionError(f"the call ended well, expected {code}")


def empty_unary(stub):
    stub.empty(empty_pb2.Empty())


def large_unary(stub):
    expect_zeros(314159, stub.unary(large_request()).payload)


def concurrent_large_unary(stub):
    calls = [stub.unary.future(large_request()) for _ in range(200)]
    for call in calls:
        expect_zeros(314159, call.result().payload)


def cacheable_unary(stub):
    _, call = stub.cacheable.with_call(messages_pb2.SimpleRequest())
    expect("cache-control", "max-age=60, public", dict(call.initial_metadata())["cache-control"])


def client_streaming(stub):
    requests = (messages_pb2.StreamingInputCallRequest(payload=payload(size))
                for size in REQUEST_SIZES)
    expect("sum", sum(REQUEST_SIZES), stub.input(requests).aggregated_payload_size)


def server_streaming(stub):
    responses = list(stub.output(output_request(*RESPONSE_SIZES)))
    expect("responses", len(RESPONSE_SIZES), len(responses))
    for size, response in zip(RESPONSE_SIZES, responses):
        expect_zeros(size, response.payload)


class Requests:
    """Requests that are given one by one while the call is under way."""

    def __init__(self):
        self._futures = [concurrent.futures.Future()]

    def send(self, request):
        last = self._futures[-1]
        self._futures.append(concurrent.futures.Future())
        last.set_result(request)

    def end(self):
        self._futures[-1].set_result(None)

    def __iter__(self):
        index = 0
        while (request := self._futures[index].result()) is not None:
            index += 1
            yield request


def ping_pong(stub):
    requests = Requests()
    responses = stub.full_duplex(iter(requests))
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(output_request(response_size, size=request_size))
        expect_zeros(response_size, next(responses).payload)
    requests.end()
    expect("further responses", [], list(responses))


def half_duplex(stub):
    requests = [output_request(size) for size in RESPONSE_SIZES]
    responses = list(stub.half_duplex(iter(requests)))
    expect("sizes", list(RESPONSE_SIZES), [len(response.payload.body) for response in responses])


def empty_stream(stub):
    expect("responses", [], list(stub.full_duplex(iter(()))))


def client_compressed_unary(stub):
    announced = large_request(expect_compressed=boolean(True))
    expect_failure(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.unary(announced))
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        expect_zeros(314159, stub.unary(announced, compression=compression).payload)
    expect_zeros(314159, stub.unary(large_request(expect_compressed=boolean(False))).payload)


def server_compressed_unary(stub):
    """That a compressed response is understood."""
    for compressed in (True, False):
        request = large_request(response_compressed=boolean(compressed))
        expect_zeros(314159, stub.unary(request).payload)


def client_compressed_streaming(stub):
    """As a whole stream compressed, then as a whole stream not. A message that compression would
    not make smaller is sent as it is, so none is small."""
    sizes = (27182, 45904)

    def requests(compressed):
        for size in sizes:
            yield messages_pb2.StreamingInputCallRequest(
                payload=payload(size), expect_compressed=boolean(compressed))

    expect_failure(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.input(requests(True)))
    response = stub.input(requests(True), compression=grpc.Compression.Gzip)
    expect("sum", sum(sizes), response.aggregated_payload_size)
    expect("sum", sum(sizes), stub.input(requests(False)).aggregated_payload_size)


def server_compressed_streaming(stub):
    """That compressed responses are understood beside others."""
    request = messages_pb2.StreamingOutputCallRequest(response_parameters=[
        messages_pb2.ResponseParameters(size=31415, compressed=boolean(True)),
        messages_pb2.ResponseParameters(size=92653, compressed=boolean(False))])
    sizes = [len(response.payload.body) for response in stub.output(request)]
    expect("sizes", [31415, 92653], sizes)


def custom_metadata(stub):
    def check(call):
        expect("initial", INITIAL[1], dict(call.initial_metadata()).get(INITIAL[0]))
        expect("trailing", TRAILING[1], dict(call.trailing_metadata()).get(TRAILING[0]))

    metadata = (INITIAL, TRAILING)
    response, call = stub.unary.with_call(large_request(), metadata=metadata)
    expect_zeros(314159, response.payload)
    check(call)
    call = stub.full_duplex(iter([output_request(314159, size=271828)]), metadata=metadata)
    expect("responses", 1, len(list(call)))
    check(call)


def status_code_and_message(stub):
    status = messages_pb2.EchoStatus(code=2, message="test status message")
    unary = messages_pb2.SimpleRequest(response_status=status)
    error = expect_failure(grpc.StatusCode.UNKNOWN, lambda: stub.unary(unary))
    expect("message", status.message, error.details())
    stream = messages_pb2.StreamingOutputCallRequest(response_status=status)
    error = expect_failure(grpc.StatusCode.UNKNOWN, lambda: stub.full_duplex(iter([stream])))
    expect("message", status.message, error.details())


def special_status_message(stub):
    message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    request = messages_pb2.SimpleRequest(
        response_status=messages_pb2.EchoStatus(code=2, message=message))
    error = expect_failure(grpc.StatusCode.UNKNOWN, lambda: stub.unary(request))
    expect("message", message, error.details())


def unimplemented_method(stub):
    expect_failure(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.unimplemented("TestService"))


def unimplemented_service(stub):
    expect_failure(grpc.StatusCode.UNIMPLEMENTED,
                   lambda: stub.unimplemented("UnimplementedService"))


def cancel_after_begin(stub):
    requests = Requests()
    call = stub.input.future(iter(requests))
    call.cancel()
    requests.end()
    expect("cancelled", True, call.cancelled())
    expect("status code", grpc.StatusCode.CANCELLED, call.code())


def cancel_after_first_response(stub):
    requests = Requests()
    call = stub.full_duplex(iter(requests))
    requests.send(output_request(31415, size=27182))
    expect_zeros(31415, next(call).payload)
    call.cancel()
    requests.end()
    expect_failure(grpc.StatusCode.CANCELLED, lambda: call)


def timeout_on_sleeping_server(stub):
    requests = Requests()
    requests.send(output_request(size=27182))
    expect_failure(grpc.StatusCode.DEADLINE_EXCEEDED,
                   lambda: stub.full_duplex(iter(requests), timeout=0.001))
    requests.end()


CASES = (empty_unary, large_unary, concurrent_large_unary, cacheable_unary, client_streaming,
         server_streaming, ping_pong, half_duplex, empty_stream, client_compressed_unary,
         server_compressed_unary, client_compressed_streaming, server_compressed_streaming,
         custom_metadata, status_code_and_message, special_status_message, unimplemented_method,
         unimplemented_service, cancel_after_begin, cancel_after_first_response,
         timeout_on_sleeping_server)


def connect(arguments):
    target = f"{arguments.server_host}:{arguments.server_port}"
    if arguments.use_tls != "true":
        return grpc.insecure_channel(target)
    with open(arguments.ca_file, "rb") as file:
        credentials = grpc.ssl_channel_credentials(root_certificates=file.read())
    name = arguments.server_host_override
    options = [("grpc.ssl_target_name_override", name)] if name else []
    return grpc.secure_channel(target, credentials, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server_host", default="localhost")
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--server_host_override", default="")
    parser.add_argument("--test_case", default="all")
    parser.add_argument("--use_tls", nargs="?", const="true", default="false")
    parser.add_argument("--use_test_ca", nargs="?", const="true", help="as --ca_file says")
    parser.add_argument("--ca_file")
    arguments = parser.parse_args()
    if arguments.test_case == "list":
        print("\n".join(case.__name__ for case in CASES))
        return 0
    wanted = arguments.test_case.split(",")
    passed = True
    for case in CASES:
        if case.__name__ not in wanted and arguments.test_case != "all":
            continue
        with connect(arguments) as channel:
            try:
                case(Stub(channel))
                print(f"passed {case.__name__}", flush=True)
            except Exception:  # pylint: disable=broad-except
                passed = False
                print(f"FAILED {case.__name__}: {traceback.format_exc()}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    # Calls under way must not hold up the end.
    STATUS = main()
    sys.stdout.flush()
    os._exit(STATUS)
