"""Reads XML that weft has written and writes some for weft to read, with Python's own xml.etree.

usage: xml_peer.py INPUT OUTPUT

INPUT has to say EXPECTED; OUTPUT becomes the same message written by xml.etree, with spaces between its
elements, lists whose elements are not together and some declared names beside JSON names.
"""

import base64
import collections
import sys
import xml.etree.ElementTree as ET

ANY = "type.googleapis.com/weft.formats.Item"

# Names and texts, in lists where a name repeats. A text in bytes has the attribute encoding="base64".
EXPECTED = {
    "doubleValue": "1.1",
    "floatValue": "0.5",
    "int32Value": str(-(2**31)),
    "int64Value": str(-(2**63)),
    "uint32Value": str(2**32 - 1),
    "uint64Value": str(2**64 - 1),
    "sint32Value": "-1",
    "sint64Value": str(-(2**40)),
    "fixed32Value": "7",
    "fixed64Value": str(2**63),
    "sfixed32Value": "-128",
    "sfixed64Value": "-32769",
    "boolValue": "true",
    "stringValue": "käse",
    "bytesValue": base64.b64encode(b"\x00\xff").decode(),
    "colour": "BLUE",
    "child": {"int32Value": "5"},
    "doubles": ["0.25", "-3"],
    "int32s": [str(i) for i in range(-50, 300, 7)],
    "strings": ["", "x" * 40, "\t<a>\r\n&]]>", b"\x01"],
    "bytess": base64.b64encode(b"b" * 300).decode(),
    "children": ["", {"boolValue": "true"}],
    "byString": {"key": "k", "value": "1"},
    "byInt32": {"key": "-5", "value": "a"},
    "byUint64": {"key": str(2**40), "value": base64.b64encode(b"b").decode()},
    "byBool": {"key": "false", "value": "f"},
    "valuesByString": {
        "key": "v",
        "value": {
            "listValue": {
                "values": [
                    {"nullValue": "NULL_VALUE"},
                    {"numberValue": "1.5"},
                    {"boolValue": "true"},
                    {"stringValue": "s"},
                    {"structValue": {"fields": {"key": "o", "value": {"structValue": ""}}}},
                ]
            }
        },
    },
    "text": "",
    "time": "0001-01-01T00:00:00.999999999Z",
    "span": "-1.000000500s",
    "object": {"fields": {"key": "n", "value": {"numberValue": "2"}}},
    "any": {"@type": ANY, "id": "7", "labels": {"key": "a", "value": "b"}},
    "empty": "",
    "wrappedInt64": "9",
    "anys": [
        {"@type": "x/google.protobuf.Timestamp", "value": "1970-01-01T00:00:05Z"},
        {"@type": "x/not.Known", "@raw": b"\x08\x01"},
    ],
}

OTHER_NAMES = {"doubleValue": "double_value", "byInt32": "by_int32"}


def value_of(element):
    """What EXPECTED has for an element."""
    encoded = element.get("encoding") == "base64"
    text = base64.b64decode(element.text or "") if encoded else element.text or ""
    kind = element.get("type")
    if len(element) == 0 and kind is None:
        return text
    found = collections.OrderedDict()
    if kind is not None:
        found["@type"] = kind
    if encoded:
        found["@raw"] = text
    for child in element:
        value = value_of(child)
        if child.tag in found:
            previous = found[child.tag]
            found[child.tag] = (previous if isinstance(previous, list) else [previous]) + [value]
        else:
            found[child.tag] = value
    return dict(found)


def put(parent, name, value):
    element = ET.SubElement(parent, name)
    if isinstance(value, bytes):
        element.set("encoding", "base64")
        element.text = base64.b64encode(value).decode()
    elif isinstance(value, dict):
        fill(element, value)
    else:
        element.text = value


def fill(element, fields):
    for name, value in fields.items():
        if name == "@type":
            element.set("type", value)
        elif name == "@raw":
            element.set("encoding", "base64")
            element.text = base64.b64encode(value).decode()
        else:
            for item in value if isinstance(value, list) else [value]:
                put(element, OTHER_NAMES.get(name, name), item)


def main():
    source, target = sys.argv[1:]
    read = value_of(ET.parse(source).getroot())
    for name in sorted(EXPECTED.keys() | read.keys()):
        if read.get(name) != EXPECTED.get(name):
            print(f"{name}: {read.get(name)!r} instead of {EXPECTED.get(name)!r}")
            return 1
    root = ET.Element("weft.formats.Kinds")
    fill(root, EXPECTED)
    # The last element of a list goes to the end, away from the others.
    lists = [child for child in root if child.tag == "int32s"]
    root.remove(lists[-1])
    root.append(lists[-1])
    for child in root:
        child.tail = "\n  "
    # ElementTree writes a carriage return as it is, which XML makes a line feed of.
    text = ET.tostring(root, encoding="unicode").replace("\r", "&#13;")
    with open(target, "w", encoding="utf-8", newline="") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n' + text + "\n")
    return 0


sys.exit(main())
