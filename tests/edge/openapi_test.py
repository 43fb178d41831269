#!/usr/bin/env python3
"""The document of OpenAPI: its form, its references, and what the server answers held against its schemas.

usage: openapi_test.py SERVER
"""

import json
import re
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from served import Served, main

try:
    import jsonschema
except ImportError:
    jsonschema = None
try:
    import openapi_spec_validator
except ImportError:
    openapi_spec_validator = None

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def everything(value):
    """All values in a document."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(inner)


class Document(Served):
    def setUp(self):
        super().setUp()
        with urllib.request.urlopen(self.url + "/openapi.json", timeout=10) as answer:
            self.document = json.load(answer)

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method in METHODS:
                    yield path, method, operation

    def ask(self, method, path, body=None, **fields):
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(),
                                         {"content-type": "application/json", **fields}, method=method.upper())
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    @unittest.skipIf(openapi_spec_validator is None, "openapi_spec_validator is not installed")
    def test_a_validator_takes_it(self):
        openapi_spec_validator.validate(self.document)

    def test_each_reference_has_what_it_refers_to(self):
        count = 0
        for value in everything(self.document):
            if isinstance(value, dict) and isinstance(value.get("$ref"), str):
                kind, name = value["$ref"].removeprefix("#/components/").split("/")
                self.assertIn(name, self.document["components"][kind])
                self.assertRegex(name, r"^[a-zA-Z0-9._-]+$")
                count += 1
        self.assertGreater(count, 10)

    def test_each_operation_is_whole(self):
        ids = []
        for path, method, operation in self.operations():
            with self.subTest(f"{method} {path}"):
                ids.append(operation["operationId"])
                self.assertIn("200", operation["responses"])
                named = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
                self.assertEqual(named, re.findall(r"\{([^}]*)\}", path))
                self.assertEqual(len(set(map(str, operation.get("parameters", ())))), len(operation.get("parameters", ())))
        self.assertEqual(len(set(ids)), len(ids))
        shapes = [re.sub(r"\{[^}]*\}", "{}", path) for path in self.document["paths"]]
        self.assertEqual(len(set(shapes)), len(shapes))

    @unittest.skipIf(jsonschema is None, "jsonschema is not installed")
    def test_schemas_are_of_json_schema(self):
        for value in everything(self.document):
            if isinstance(value, dict) and isinstance(value.get("schema"), dict):
                jsonschema.Draft202012Validator.check_schema(value["schema"])
        for schema in self.document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    @unittest.skipIf(jsonschema is None, "jsonschema is not installed")
    def test_answers_fit_their_schemas(self):
        def check(path, method, code, content, kind="application/json"):
            response = self.document["paths"][path][method]["responses"]["200" if code == 200 else "default"]
            if "$ref" in response:
                response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
            schema = {**response["content"][kind]["schema"], "components": self.document["components"]}
            jsonschema.Draft202012Validator(schema).validate(content)

        books = "/v1/shelves/{shelf}/books"
        code, text = self.ask("post", "/v1/shelves/1/books", {"title": "Weaving", "pages": 40})
        self.assertEqual(code, 200)
        check(books, "post", code, json.loads(text))
        code, text = self.ask("get", "/v1/shelves/1/books?pageSize=5&titles=Weaving")
        check(books, "get", code, json.loads(text))
        code, text = self.ask("get", "/v1/shelves/1/books?pageSize=x")
        self.assertEqual(code, 400)
        check(books, "get", code, json.loads(text))
        with self.assertRaises(jsonschema.ValidationError):
            check(books, "post", 200, {"title": 5})
        code, text = self.ask("get", "/v1/shelves/1/books:watch?count=2")
        check(books + ":watch", "get", code, json.loads(text))
        code, text = self.ask("post", "/hello.Greeter/SayHello", {"name": "you"})
        check("/hello.Greeter/SayHello", "post", code, json.loads(text))
        code, text = self.ask("post", "/hello.Greeter/SayHello", {})
        self.assertEqual(code, 400)
        check("/hello.Greeter/SayHello", "post", code, json.loads(text))


if __name__ == "__main__":
    main(sys.argv)
