#!/usr/bin/env python3
"""Writes the seeds that are made by hand to tests/fuzz/corpus/: examples of the RFCs and of the protocol's
pages, and what went wrong elsewhere before. A file's name says what it is.

usage: make_seeds.py [DIRECTORY]
"""

import base64
import gzip
import struct
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, struct_pb2, timestamp_pb2

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, HAS_PRIORITY = 1, 4, 8, 32


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def frames():
    """A byte that seeds the cuts, then frames (RFC 9113 section 6)."""
    block = bytes.fromhex("828684418cf1e3c2e5f23a6ba0ab90f4ff")
    yield "one_of_each", b"\x07" + b"".join([
        frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)), frame(SETTINGS, 1, 0),
        frame(HEADERS, END_HEADERS, 1, block), frame(DATA, END_STREAM, 1, b"hello"),
        frame(PRIORITY, 0, 3, struct.pack(">IB", 1, 15)), frame(RST_STREAM, 0, 1, struct.pack(">I", 8)),
        frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + block), frame(PING, 0, 0, b"12345678"),
        frame(GOAWAY, 0, 0, struct.pack(">II", 1, 0) + b"bye"), frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)),
        frame(HEADERS, 0, 3, block[:4]), frame(CONTINUATION, END_HEADERS, 3, block[4:])])
    yield "data_all_padding", b"\x01" + frame(DATA, PADDED, 1, b"\x04" + bytes(4)) + frame(PING, 0, 0, bytes(8))
    yield "data_padding_too_long", b"\x02" + frame(DATA, PADDED, 1, b"\x05" + bytes(4))
    yield "data_padded_and_empty", b"\x03" + frame(DATA, PADDED, 1)
    yield "data_in_pieces", b"\x04" + frame(DATA, PADDED, 1, b"\x10" + b"d" * 200 + bytes(16)) * 3
    yield "headers_padded_with_priority", b"\x05" + frame(
        HEADERS, END_HEADERS | PADDED | HAS_PRIORITY, 1, b"\x02" + struct.pack(">IB", 0, 9) + block + bytes(2))
    yield "unknown_type_between", b"\x06" + frame(0x20, 0xff, 7, b"?" * 50) + frame(PING, 0, 0, bytes(8))
    yield "reserved_bit", b"\x07" + frame(DATA, 0, 0x80000001, b"x")
    yield "longest_length_and_no_payload", b"\x08" + b"\xff\xff\xff\x01\x04" + bytes(4)


def hpack():
    """A byte of limits, then blocks behind their length (RFC 7541 Appendix C)."""
    plain = ["828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
             "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"]
    huffman = ["828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf",
               "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"]
    responses = ["488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8"
                 "e9ae82ae43d3", "4883640effc1c0bf",
                 "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b"
                 "3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"]
    for name, blocks in (("appendix_c3_requests", plain), ("appendix_c4_requests_huffman", huffman),
                         ("appendix_c6_responses_with_eviction", responses)):
        yield name, b"\xff" + b"".join(bytes([len(b) // 2]) + bytes.fromhex(b) for b in blocks)
    for name, block in (("index_zero", "80"), ("index_beyond_the_tables", "ff00"), ("integer_overflow", "ffffffffffff7f"),
                        ("huffman_end_of_string", "0084ffffffff00"), ("huffman_long_padding", "00821fff00"),
                        ("size_update_behind_a_field", "8220"), ("size_update_too_large", "3fe21f"),
                        ("three_size_updates", "202020"), ("string_cut_off", "400a6375"),
                        ("never_indexed", "100870617373776f726406736563726574")):
        yield name, b"\xff" + bytes([len(block) // 2]) + bytes.fromhex(block)
    yield "table_sizes_change", b"\xff\xfa\x01\x82\xfe\x02\x20\x82\xfb" + bytes([20]) + bytes.fromhex(plain[0])


def http1_response():
    """A byte that chooses the method and the cut, then what a server sends (RFC 9112)."""
    head = b"HTTP/1.1 200 OK\r\n"
    chunked = head + b"transfer-encoding: chunked\r\n\r\n"
    yield "length", b"\x02" + head + b"content-length: 5\r\n\r\nhello"
    yield "head", b"\x03" + head + b"content-length: 5\r\n\r\n"
    yield "chunks_and_trailers", b"\x06" + chunked + b"3;a=b\r\nabc\r\n0\r\nt: 1\r\n\r\n"
    yield "to_the_end", b"\x02" + head + b"\r\nhello"
    yield "interim", b"\x04HTTP/1.1 103 Early\r\na: b\r\n\r\n" + head + b"content-length: 0\r\n\r\n"
    yield "two_answers", b"\x08" + 2 * (head + b"content-length: 1\r\n\r\nx")
    yield "length_and_chunks", b"\x02" + head + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    yield "chunk_overflow", b"\x02" + chunked + b"fffffffffffffffff\r\n"
    yield "http10", b"\x02HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx"


def message(payload, flag=0, size=None):
    return struct.pack(">BI", flag, len(payload) if size is None else size) + payload


def deframer():
    """A byte for the length of the slices, then gRPC's framing."""
    yield "three_messages", b"\x03" + message(b"one") + message(b"") + message(b"three" * 40)
    yield "compressed_flag", b"\x04" + message(b"\x1f\x8b", 1) + message(b"plain")
    yield "unknown_flag", b"\x05" + message(b"x", 2)
    yield "above_the_limit", b"\x06" + message(b"x", 0, 4097)
    yield "largest_length", b"\x07" + message(b"x", 0, 0xffffffff)
    yield "cut_in_the_prefix", b"\x01" + message(b"x") + b"\0\0\0"


def texts():
    """gRPC's protocol page, and google.rpc.Status."""
    for name, text in (("timeout", "100m"), ("timeout_longest", "99999999H"), ("timeout_nine_digits", "123456789S"),
                       ("timeout_no_unit", "10"), ("timeout_sign", "+1S"), ("status", "16"), ("status_beyond", "17"),
                       ("percent", "caf%C3%A9 100%25"), ("percent_cut", "a%2"), ("percent_not_hex", "%zz"),
                       ("base64", "aGVsbG8"), ("base64_padded", "aGVsbG8="), ("base64_overpadded", "aGVsbG8=="),
                       ("base64_list", "YQ,Yg==, Yw"), ("base64_padding_within", "YQ==YQ=="), ("base64_urlsafe", "-_-_"),
                       ("metadata", "x-name: value "), ("metadata_binary", "x-bin:\x00\xff"), ("metadata_reserved", "grpc-x:1"),
                       ("content_type", "application/grpc+proto"), ("content_type_case", "Application/GRPC;a=b")):
        yield name, text.encode("latin-1")
    yield "status_details", b"\x08\x05\x12\x04text\x1a\x11\x0a\x0bexample/Typ\x12\x02\x08\x01"
    yield "status_details_unknown_fields", b"\x08\x05\x98\x06\x01\xa2\x06\x01x\x1a\x00"
    yield "status_details_cut", b"\x1a\x20\x0a"
    yield "status_details_group", b"\x0b\x08\x01\x0c"


def json():
    """A byte that seeds the cuts, then JSON for the type in json_fuzz.cc."""
    for name, text in (
            ("every_field", '{"i":-1,"longNumber":"-9223372036854775808","u":"18446744073709551615","f":7,"d":1e-300,'
             '"small":"NaN","yes":true,"s":"\\u00e9\\n\\ud83d\\ude00","b":"AAECAw==","colour":"GREEN","all":{"i":1},'
             '"alls":[{},{"i":2}],"numbers":[1,2,3],"byName":{"x":{"i":3}},"byNumber":{"-5":"five"},"first":"",'
             '"maybe":0,"duration":"1.5s","mask":"i,alls","object":{"a":[1,null,"x"]},"value":null,'
             '"time":"2020-02-29T12:00:00.123Z","wrapped":"AA=="}'),
            ("any", '{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}}'),
            ("any_of_ours", '{"any":{"@type":"type.googleapis.com/fuzz.All","i":3}}'),
            ("any_unknown", '{"any":{"@type":"type.googleapis.com/none","i":3}}'),
            ("lines", '{"i":1}\n{"i":2}\n\n {"i":3}'), ("behind_each_other", '{}{}[]"x"1 true null'),
            ("unknown_field", '{\n  "alls": [{}, {"nmbers": [1]}]\n}'), ("wrong_type", '{"i":"x"}'),
            ("out_of_range", '{"i":2147483648}'), ("bad_time", '{"time":"2020-02-30T00:00:00Z"}'),
            ("duplicate", '{"i":1,"i":2}'), ("two_of_a_oneof", '{"first":"a","second":{}}'),
            ("numbers", '[0,-0,1.5,1E+5,-1e-5]'), ("leading_zero", "01"), ("lone_minus", "-"), ("trailing_comma", "[1,]"),
            ("unfinished_string", '{"s":"abc'), ("unfinished_escape", '"\\u12'), ("deep", "[" * 120 + "]" * 120),
            ("deep_message", '{"all":' * 60 + "{}" + "}" * 60), ("single_quotes", "{'i':1}"), ("bare_name", "{i:1}"),
            ("half_surrogate", '{"s":"\\ud83d"}'), ("byte_order_mark", "\ufeff{}"), ("comment", '{/**/"i":1}')):
        yield name, b"\x05" + text.encode()
    yield "not_utf8", b"\x05" + b'{"s":"\xff\xfe"}'
    yield "bytes_of_a_message", b"\x05" + b"\x08\x01\x1a\x02\x08\x01\x52\x00\x8a\x01\x02\x08\x02"
    yield "bytes_of_a_duration", b"\x05" + b"\xa2\x01\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"


def schema():
    """Two bytes of length, a FileDescriptorSet, then JSON."""

    def of(*files, text=b"{}"):
        found = descriptor_pb2.FileDescriptorSet(file=files).SerializeToString()
        return struct.pack(">H", len(found)) + found + text

    def copy(module):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        return file

    yield "struct", of(copy(struct_pb2), text=b'{"fields":{"a":{"numberValue":1}}}')
    yield "timestamp_and_duration", of(copy(timestamp_pb2), copy(duration_pb2), text=b'"1s"')
    shop = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop.v1", syntax="proto3")
    order = shop.message_type.add(name="Order")
    order.field.add(name="sku", number=1, type=9, label=1, json_name="sku")
    order.field.add(name="parent", number=2, type=11, label=3, type_name=".shop.v1.Order", json_name="parent")
    shop.enum_type.add(name="Colour").value.add(name="RED", number=0)
    service = shop.service.add(name="Shop")
    service.method.add(name="Buy", input_type=".shop.v1.Order", output_type=".shop.v1.Order", client_streaming=True)
    yield "service", of(shop, text=b'{"sku":"x","parent":[{"sku":"y"}]}')
    yield "same_file_twice", of(shop, shop)
    missing = descriptor_pb2.FileDescriptorProto(name="a.proto", dependency=["b.proto"])
    yield "import_missing", of(missing)
    missing.dependency[0] = "a.proto"
    yield "imports_itself", of(missing)
    odd = descriptor_pb2.FileDescriptorProto(name="odd.proto", package="google.protobuf", syntax="proto2")
    odd.message_type.add(name="Any").field.add(name="type_url", number=1, type=5, label=1)
    odd.message_type.add(name="Timestamp").field.add(name="seconds", number=1, type=9, label=1)
    yield "well_known_names_of_other_shape", of(odd, text=b'{"@type":"x"}')


def target():
    """What is typed as a target."""
    for name, text in (("dns_with_authority", "dns://8.8.8.8/host:443"), ("ipv4_list", "ipv4:1.2.3.4:1,5.6.7.8:2"),
                       ("ipv6_zone", "ipv6:[fe80::1%eth0]:1"), ("port_too_large", "host:65536"), ("port_empty", "host:"),
                       ("unix_abstract", "unix-abstract:name"), ("unix_relative", "unix:./a"), ("ipv6_bare", "::1"),
                       ("empty", ""), ("control", "ho\x00st:1")):
        yield name, text.encode()


def tls_sniff():
    """First bytes of a connection (RFC 8446 section 5.1)."""
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(32) + b"\0\0\x02\x13\x01"
    yield "client_hello", hello
    yield "client_hello_tls13_record", b"\x16\x03\x03" + hello[3:]
    yield "client_hello_cut", hello[:5]
    yield "client_hello_in_fragments", b"\x16\x03\x01\0\x01\x01\x16\x03\x01\0\x01\0"
    yield "empty_handshake_record", b"\x16\x03\x01\0\0\x01"
    yield "server_hello", b"\x16\x03\x03\0\x40\x02\0\0\x3c"
    yield "alert", b"\x15\x03\x01\0\x02\x02\x28"
    yield "ssl2_client_hello", bytes.fromhex("802e0100020015000000100100800200")
    yield "http2_preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)
    yield "http2_preface_misspelt", b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n"
    for method in ("GET", "POST", "PATCH", "PRI", "get"):
        yield "http1_" + method, method.encode() + b" / HTTP/1.1\r\nHost: h\r\n\r\n"
    yield "http1_answer", b"HTTP/1.1 400 Bad Request\r\n"
    yield "http2_answer_goaway", frame(GOAWAY, 0, 0, bytes(8))
    yield "ssh", b"SSH-2.0-OpenSSH_9.2\r\n"


def http1_requests():
    """The first byte is the length of the pieces."""
    host = "Host: a\r\n"
    get = "GET / HTTP/1.1\r\n" + host + "\r\n"
    post = "POST / HTTP/1.1\r\n" + host
    texts = {
        "get": "GET /a?b=c HTTP/1.1\r\nHost: here:80\r\nAccept: */*\r\n\r\n",
        "pipelined": get * 3,
        "length": post + "Content-Length: 5\r\n\r\nhello" + get,
        "chunked": post + 'Transfer-Encoding: chunked\r\n\r\n5;a="b c"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n' + get,
        "absolute": "GET http://there:1/x HTTP/1.1\r\nHost: here\r\n\r\n",
        "connect": "CONNECT far:443 HTTP/1.1\r\nHost: far:443\r\n\r\nraw",
        "upgrade": "GET / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "http10": "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "expect": post + "Content-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
        "options": "OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
        "empty_line": "\r\n" + get,
        "smuggle_cl_te": post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
        "smuggle_te_te": post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        "smuggle_fold": post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "smuggle_space": post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "smuggle_lf": "GET / HTTP/1.1\nHost: a\n\n",
        "chunk_overflow": post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
    }
    for name, text in texts.items():
        yield name, b"\x03" + text.encode()


def service_config():
    """gRPC's service config (doc/service_config.md, gRFCs A2, A6, A42, A48, A50, A58)."""
    retry = ('"retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", '
             '"backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE", 4, "aborted"], '
             '"perAttemptRecvTimeout": "0.5s"}')
    hedge = '"hedgingPolicy": {"maxAttempts": 3, "hedgingDelay": "0.05s", "nonFatalStatusCodes": ["INTERNAL"]}'
    name = '"name": [{"service": "pkg.S", "method": "M"}, {"service": "pkg.T"}, {}]'
    outliers = ('{"outlier_detection_experimental": {"interval": "1s", "baseEjectionTime": "30s", '
                '"maxEjectionTime": "300s", "maxEjectionPercent": 10, "successRateEjection": '
                '{"stdevFactor": 1900, "enforcementPercentage": 100, "minimumHosts": 5, "requestVolume": 100}, '
                '"failurePercentageEjection": {"threshold": 85, "enforcementPercentage": 100, '
                '"minimumHosts": 5, "requestVolume": 50}, "childPolicy": [{"round_robin": {}}]}}')
    policies = {"pick_first": '{"shuffleAddressList": true}', "round_robin": "{}", "random": "{}",
                "weighted_round_robin": '{"blackoutPeriod": "10s", "weightUpdatePeriod": "1s", '
                                        '"weightExpirationPeriod": "180s", "errorUtilizationPenalty": 1.0}',
                "ring_hash_experimental": '{"minRingSize": 16, "maxRingSize": "64", "requestHashHeader": "key"}',
                "least_request_experimental": '{"choiceCount": 3}', "peak_ewma": '{"decay": "10s"}',
                "unknown": "{}"}
    for policy, options in policies.items():
        yield "lb_" + policy, ('{"loadBalancingConfig": [{"%s": %s}]}' % (policy, options)).encode()
    yield "lb_outliers", ('{"loadBalancingConfig": [{"a": {}}, %s]}' % outliers).encode()
    yield "lb_older", b'{"loadBalancingPolicy": "ROUND_ROBIN"}'
    yield "retry", ('{"methodConfig": [{%s, "timeout": "1.5s", %s}]}' % (name, retry)).encode()
    yield "hedge", ('{"methodConfig": [{%s, "waitForReady": true, %s}]}' % (name, hedge)).encode()
    yield "both", ('{"methodConfig": [{%s, %s, %s}]}' % (name, retry, hedge)).encode()
    yield "same_name_twice", ('{"methodConfig": [{%s}, {%s}]}' % (name, name)).encode()
    yield "limits", ('{"methodConfig": [{%s, "maxRequestMessageBytes": 10, "maxResponseMessageBytes": "20"}]}'
                     % name).encode()
    yield "throttling", b'{"retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1}}'
    yield "health", b'{"healthCheckConfig": {"serviceName": "pkg.S"}}'
    yield "member_twice", b'{"methodConfig": [], "methodConfig": []}'
    yield "nulls", b'{"methodConfig": null, "retryThrottling": null, "loadBalancingConfig": null}'
    yield "deep", b"[" * 80 + b"]" * 80
    yield "numbers", b'{"retryThrottling": {"maxTokens": 1e400, "tokenRatio": "nan"}}'
    yield "empty", b""


def policy_config():
    """weft's policies (docs/reference/policy-config.md)."""
    policies = {
        "timeout": '{"limit": "2s"}', "accessLog": '{"slowerThan": "1s"}',
        "rateLimit": '{"rate": 10, "burst": 2, "key": "metadata:user", "maxKeys": 10, "maxWait": "0.1s"}',
        "concurrencyLimit": '{"limit": 100, "queue": 10, "queueTimeout": "0.5s"}',
        "adaptiveLimit": '{"initialLimit": 10, "minLimit": 2, "tolerance": 1.5, "shares": {"critical": 0.8}}',
        "deadlineShedding": '{"quantile": 0.3, "minSamples": 5, "probeShare": 0.1}',
        "priorityShedding": '{"limit": 10, "shares": {}}',
        "circuitBreaker": '{"consecutiveFailures": 3, "failureRatio": 0.2, "openTime": "1s", "probes": 1}',
        "faultInjection": '{"delayShare": 0.1, "delay": "1s", "abortShare": 0.5, "abortCode": "ABORTED"}',
        "singleFlight": '{"vary": ["user"], "sharedMethods": ["/a/b"]}',
        "responseCache": '{"maxBytes": 100000, "ttl": "1s", "vary": []}', "unknown": "{}"}
    for policy, options in policies.items():
        yield policy, ('{"policies": [{"%s": %s}]}' % (policy, options)).encode()
    yield "all", ('{"policies": [%s]}' % ", ".join('{"%s": %s, "methods": ["/a.B/", "/c/D"]}' % pair
                                                   for pair in policies.items())).encode()
    yield "two_in_one", b'{"policies": [{"timeout": {"limit": "1s"}, "accessLog": {}}]}'
    yield "member_unknown", b'{"policies": [{"rateLimit": {"rate": 1e9, "brust": "3"}}]}'


def propagation():
    """Trace and baggage: the examples of W3C Trace Context and W3C Baggage, and of their limits."""
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    state = b"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
    baggage = b"key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue"
    binary = b"\0\0" + bytes(range(1, 17)) + b"\1" + bytes(range(1, 9)) + b"\2\1"
    yield "traceparent", trace
    yield "traceparent_of_a_later_version", b"cc" + trace[2:] + b"-more"
    yield "tracestate", state
    yield "tracestate_of_33", b",".join(b"k%d=v" % i for i in range(33))
    yield "tracestate_too_long", b",".join(b"k%d=" % i + b"v" * 130 for i in range(6))
    yield "baggage", baggage
    yield "baggage_encoded", b"serverNode=DF%2028,userId=Am%C3%A9lie,bad=%ff%zz%"
    yield "baggage_of_65", b",".join(b"k%d=v" % i for i in range(65))
    yield "baggage_too_large", b"k=" + b"v" * 8191
    yield "trace_bin", binary
    yield "request", b"\n".join([trace, state, baggage, binary])


def envelope(content, flags=0):
    return struct.pack(">BI", flags, len(content)) + content


def edge_content():
    """What is asked, the length of the parts, a content: envelopes of gRPC-Web, their text, unary calls of Connect."""
    def note(text):
        return b"\x0a" + bytes([len(text)]) + text
    three = envelope(note(b"a")) + envelope(note(b"bc")) + envelope(b"")
    encode = base64.b64encode
    zipped = gzip.compress(note(b"zip"), mtime=0)
    for name, what, content in (
            ("web", 0, three), ("web_cut", 0, three[:9]), ("web_flags", 0, envelope(note(b"a")) + envelope(b"x", 7)),
            ("web_huge", 0, b"\0\xff\xff\xff\xff"), ("text", 1, encode(three)), ("text_bad", 1, b"AAAA!AAA"),
            ("text_padding_within", 1, b"".join(encode(envelope(note(text))) for text in (b"a", b"bc", b"def"))),
            ("web_json", 2, envelope(b'{"fileName":"x"}') + envelope(b"{}")), ("web_json_bad", 2, envelope(b'{"fileName":}')),
            ("web_gzip", 3, envelope(zipped, 1) + envelope(b"", 1) + envelope(note(b"plain"))),
            ("unary_text", 4, encode(envelope(note(b"one")))), ("json", 5, '{"fileName":"café"}'.encode()),
            ("json_deep", 5, b'{"fileName":' + b"[" * 200), ("proto", 6, note(b"x")), ("proto_bad", 6, b"\x0a\x09x"),
            ("zstd_bad", 7, b"\x28\xb5\x2f\xfd\x00"), ("connect", 8, envelope(b'{"fileName":"x"}') + envelope(b"{}")),
            ("connect_end", 8, envelope(b"{}", 2)), ("query", 6, b"encoding=json&message=%7b%7D&base64=1&a+b")):
        yield name, bytes([what, 3]) + content


def edge_answer():
    """The length of the parts, and a body: envelopes of Connect and gRPC-Web, ends of streams, errors."""
    end = b'{"error":{"code":"not_found","message":"m","details":[{"type":"a.B","value":"CgF4"}]},"metadata":{"x-a":["1","2"]}}'
    for name, body in (
            ("connect", envelope(b"abc") + envelope(b"") + envelope(end, 2)), ("cut", envelope(b"abc")[:6]), ("huge", b"\0\xff\xff\xff\xff"),
            ("end", end), ("end_null", b'{"error":null}'), ("end_bad_name", b'{"metadata":{"a\\n":["b"]}}'),
            ("web", envelope(b"abc") + envelope(b"grpc-status: 0\r\n", 0x80)),
            ("web_end", b"grpc-status: 5\r\ngrpc-message: a%20b\r\nx-a: 1\r\nx-b-bin: AAE\r\n"), ("web_end_bad", b"grpc-status 5"),
            ("error", b'{"code":"aborted","message":"m"}'), ("page", b"<html>")):
        yield name, b"\3" + body


def go_json():
    """The length of the parts, and what a client of Go's net/rpc/jsonrpc or of JSON-RPC 2.0 sends."""
    multiply = b'{"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":0}\n'
    echo = (b'{"method":"test.v1.Arith.Echo","params":[{"Large":-9007199254740993,"ByName":{"x":1},"byNumber":{"5":{"name":"x"}},'
            b'"Data":"AP8=","Color":1,"Words":["a"],"Maybe":0}],"id":18446744073709551615}')
    for name, step, content in (
            ("multiply", 255, multiply), ("one_by_one", 1, multiply + echo), ("echo", 32, echo),
            ("scalar", 5, b'{"method":"Arith.Upper","params":["a\\"]"],"id":"x"} {"method":"Arith.Nothing","params":[null],"id":null}'),
            ("wrong", 16, b'{"method":"Arith.Multiply","params":[{"A":1,}],"id":1}{"method":7}{"id":{}}]'),
            ("deep", 16, b'{"params":' + b"[" * 30),
            ("json_rpc", 7, b'{"jsonrpc":"2.0","method":"Arith.Divide","params":[42,23],"id":1}{"jsonrpc":"2.0","method":"Arith.Echo","params":{"Large":1}}'),
            ("batch", 50, b'[{"jsonrpc":"2.0","method":"Arith.Upper","params":["x"],"id":"a"},1,{"jsonrpc":"2.0","method":"x"},{"id":1}][]')):
        yield name, bytes([step]) + content


def go_gob():
    """The length of the parts, and what a client of Go's net/rpc sends: as Go 1.19 writes it."""
    definition = bytes.fromhex("2fff81030101075265717565737401ff82000102010d536572766963654d6574686f64010c0001035365710106000000")
    args = bytes.fromhex("1eff83030101044172677301ff84000102010141010400010142010400000007ff84010e011000")

    def header(method, number):
        body = b"\xff\x82\x01" + bytes([len(method)]) + method + b"\x01" + bytes([number]) + b"\x00"
        return bytes([len(body)]) + body
    multiply = definition + header(b"Arith.Multiply", 1) + args
    # A struct with a slice, a map, a struct in itself, time.Time and others that Everything does not have.
    mixed = bytes.fromhex(
        "59ff8703010103416c6c01ff8800010b01014901ff8a0001014c01ff8e0001014d01ff900001015001ff8a0001015401ff92000101440104000101460108000101"
        "58010a0001015501060001015301ff9400010142010200000026ff8903010105496e6e657201ff8a00010201044e616d65010c0001044b69647301ff8c0000001b"
        "ff8b0201010c5b5d6d61696e2e496e6e657201ff8c0001ff8a000013ff8d020101055b5d696e7401ff8e00010400001eff8f0401010e6d61705b737472696e675d"
        "696e7401ff9000010c0104000010ff910501010454696d6501ff9200000016ff93020101085b5d737472696e6701ff9400010c00002eff88010101610101016200"
        "000102000201010178000100010f010000000e7791f70100000005ffff02fef83f00")
    for name, step, content in (
            ("multiply", 255, multiply), ("one_by_one", 1, multiply + header(b"Arith.Multiply", 2) + args[-8:]),
            ("http", 9, b"CONNECT /_goRPC_ HTTP/1.0\n\n" + multiply),
            ("scalar", 4, definition + header(b"Arith.Upper", 3) + bytes.fromhex("060c0003616263")),
            ("passed_over", 40, definition + header(b"Arith.Echo", 4) + mixed), ("no_method", 40, definition + header(b"X.Y", 5) + args),
            ("huge", 3, definition + bytes.fromhex("fc7fffffff")), ("twice", 3, definition + definition)):
        yield name, bytes([step]) + content


SEEDS = {"go_gob": go_gob, "go_json": go_json, "frame": frames, "edge_answer": edge_answer, "edge_content": edge_content, "hpack": hpack, "http1_response": http1_response, "deframer": deframer, "grpc_wire": texts, "json": json,
         "policy_config": policy_config, "propagation": propagation,
         "schema": schema, "http1_requests": http1_requests, "service_config": service_config, "target": target, "tls_sniff": tls_sniff}


def main():
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "corpus"
    for kind, seeds in SEEDS.items():
        (corpus / kind).mkdir(parents=True, exist_ok=True)
        for name, data in seeds():
            (corpus / kind / name).write_bytes(data)


if __name__ == "__main__":
    main()
