"""Reads MessagePack that weft has written and writes some for weft to read, with python3-msgpack.

usage: msgpack_peer.py INPUT OUTPUT

INPUT has to be the message EXPECTED; OUTPUT becomes the same message with field numbers and declared
names beside JSON names. Exit status 77: python3-msgpack is not installed.
"""

import sys

try:
    import msgpack
except ImportError as error:
    print(error)
    sys.exit(77)

EXPECTED = {
    "doubleValue": 1.1,
    "floatValue": 0.5,
    "int32Value": -(2**31),
    "int64Value": -(2**63),
    "uint32Value": 2**32 - 1,
    "uint64Value": 2**64 - 1,
    "sint32Value": -1,
    "sint64Value": -(2**40),
    "fixed32Value": 7,
    "fixed64Value": 2**63,
    "sfixed32Value": -128,
    "sfixed64Value": -32769,
    "boolValue": True,
    "stringValue": "käse",
    "bytesValue": b"\x00\xff",
    "colour": -2,
    "child": {"int32Value": 5},
    "doubles": [0.25, -3.0],
    "int32s": list(range(-50, 300, 7)),
    "strings": ["", "x" * 40],
    "bytess": [b"b" * 300],
    "children": [{}, {"boolValue": True}],
    "byString": {"k": 1},
    "byInt32": {-5: "a"},
    "byUint64": {2**40: b"b"},
    "byBool": {False: "f"},
    "valuesByString": {"v": [None, 1.5, True, "s", {"o": {}}]},
    "text": "",
    "time": msgpack.Timestamp(-62135596800, 999999999),
    "span": {"seconds": -1, "nanos": -500},
    "object": {"n": 2.0},
    "any": {"@type": "type.googleapis.com/weft.formats.Item", "id": 7, "labels": {"a": "b"}},
    "empty": {},
    "wrappedInt64": 9,
    "anys": [
        {"@type": "x/google.protobuf.Timestamp", "value": msgpack.Timestamp(5, 0)},
        {"@type": "x/not.Known", "@value": b"\x08\x01"},
    ],
}

# The same fields by their declared names and by their numbers.
OTHER_NAMES = {"doubleValue": "double_value", "int32Value": 3, "byInt32": "by_int32", "anys": 91}


def main():
    source, target = sys.argv[1:]
    with open(source, "rb") as file:
        read = msgpack.unpackb(file.read(), strict_map_key=False)
    for name in sorted(EXPECTED.keys() | read.keys(), key=str):
        if repr(read.get(name)) != repr(EXPECTED.get(name)):
            print(f"{name}: {read.get(name)!r} instead of {EXPECTED.get(name)!r}")
            return 1
    other = {OTHER_NAMES.get(name, name): value for name, value in EXPECTED.items()}
    with open(target, "wb") as file:
        file.write(msgpack.packb(other))
    return 0


sys.exit(main())
