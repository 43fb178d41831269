"""Orders of shop.proto in JSON, MessagePack and XML, made with Python's own libraries."""

import base64
import json
import xml.etree.ElementTree as ET


class Json:
    NAME = "json"

    @staticmethod
    def dumps(order):
        out = dict(order, id=str(order["id"]), data=base64.b64encode(order["data"]).decode())
        return json.dumps(out).encode()

    @staticmethod
    def loads(data):
        order = json.loads(data)
        order["id"] = int(order.get("id", 0))
        order["data"] = base64.b64decode(order.get("data", ""))
        return order


class Msgpack:
    NAME = "msgpack"

    @staticmethod
    def dumps(order):
        import msgpack

        return msgpack.packb(order)

    @staticmethod
    def loads(data):
        import msgpack

        return dict({"id": 0, "data": b""}, **msgpack.unpackb(data))


class Xml:
    NAME = "xml"

    @staticmethod
    def dumps(order):
        root = ET.Element("Order")
        for name, value in order.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, bytes):
                    item = base64.b64encode(item).decode()
                if not isinstance(item, dict):
                    ET.SubElement(root, name).text = str(item).lower() if item is True else str(item)
                    continue
                for key, held in item.items():
                    entry = ET.SubElement(root, name)
                    ET.SubElement(entry, "key").text = key
                    ET.SubElement(entry, "value").text = held
        return ET.tostring(root)

    @staticmethod
    def loads(data):
        root = ET.fromstring(data)
        order = {"id": 0, "data": b""}
        for element in root:
            text = element.text or ""
            if element.tag == "labels":
                entry = {child.tag: child.text or "" for child in element}
                order.setdefault("labels", {})[entry["key"]] = entry["value"]
            elif element.tag == "counts":
                order.setdefault("counts", []).append(int(text))
            elif element.tag == "data":
                order["data"] = base64.b64decode(text)
            elif element.tag == "paid":
                order["paid"] = text == "true"
            else:
                order[element.tag] = {"id": int, "price": float}.get(element.tag, str)(text)
        return order


FORMATS = {one.NAME: one for one in (Json, Msgpack, Xml)}

ORDER = {
    "id": 2**60,
    "name": "käse & <wein>",
    "counts": [1, -2, 300],
    "labels": {"a": "b"},
    "price": 1.5,
    "data": b"\x00\xff",
    "paid": True,
}


def echoed(order, name):
    """What Echo answers."""
    return dict(order, id=order["id"] + 1, labels=dict(order.get("labels", {}), format=name))
