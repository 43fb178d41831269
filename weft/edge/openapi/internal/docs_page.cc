#include "weft/edge/openapi/internal/docs_page.h"

namespace weft::edge::api {

const std::string_view kDocsPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="openapi" content="%DOCUMENT%">
<title>API</title>
<link rel="stylesheet" href="%ROOT%/page.css">
<script src="%ROOT%/page.js" defer></script>
</head>
<body>
<header><h1>API</h1><p id="about">Loading %DOCUMENT%</p><input id="filter" type="search" placeholder="Filter operations" aria-label="Filter operations"></header>
<main></main>
</body>
</html>
)html";

const std::string_view kDocsStyle =
    R"css(:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1rem }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.1rem }
.text { white-space: pre-line }
details.operation { border: 1px solid #8886; border-radius: 6px; margin: .4rem 0; padding: 0 .8rem }
details.operation > summary { cursor: pointer; padding: .5rem 0 }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600; text-transform: uppercase }
code, pre, textarea, input { font-family: ui-monospace, monospace; font-size: 13px }
.deprecated code { text-decoration: line-through }
table { border-collapse: collapse; width: 100% }
td { padding: .2rem .5rem .2rem 0; vertical-align: top }
textarea { width: 100%; min-height: 7rem; box-sizing: border-box }
pre { background: #8882; border-radius: 6px; padding: .6rem; overflow: auto; max-height: 30rem; white-space: pre-wrap }
button, select { margin: .5rem .5rem .5rem 0; padding: .2rem .8rem }
.bad { color: #c33 }
)css";

const std::string_view kDocsScript = R"js("use strict";
const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
let api;

// Text only ever becomes a text node.
function make(name, fields = {}, ...children) {
  const element = Object.assign(document.createElement(name), fields);
  element.append(...children.filter((child) => child !== undefined && child !== ""));
  return element;
}

function resolved(schema) {
  while (schema && schema.$ref) {
    schema = schema.$ref.slice(2).split("/").reduce((at, part) => at[part], api);
  }
  return schema || {};
}

// A type in a line: "Book", "[string]".
function type_of(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.allOf && schema.allOf.length === 1) return type_of(schema.allOf[0]);
  if (schema.anyOf) return schema.anyOf.map(type_of).join(" or ");
  if (schema.enum && !schema.type) return schema.enum.join(", ");
  if (schema.type === "array") return "[" + type_of(schema.items) + "]";
  if (schema.additionalProperties) return "{string: " + type_of(schema.additionalProperties) + "}";
  return [schema.type || "any", schema.format].filter(Boolean).join(", ");
}

// What a value may look like; a type within itself is left out.
function example(schema, outer = []) {
  if (schema.$ref) {
    if (outer.includes(schema.$ref) || outer.length > 4) return undefined;
    return example(resolved(schema), [...outer, schema.$ref]);
  }
  if (schema.enum) return schema.enum[0];
  if (schema.allOf && !schema.properties) return example(schema.allOf[0], outer);
  if (schema.anyOf) return example(schema.anyOf[0], outer);
  if (schema.type === "object") {
    const value = {};
    const left_out = new Set();
    for (const one of schema.allOf || []) {  // of a oneof the first field
      for (const other of (one.oneOf || []).slice(1)) (other.required || []).forEach((name) => left_out.add(name));
    }
    for (const [name, property] of Object.entries(schema.properties || {})) {
      const inner = left_out.has(name) ? undefined : example(property, outer);
      if (inner !== undefined) value[name] = inner;
    }
    return value;
  }
  if (schema.type === "array") {
    const item = example(schema.items || {}, outer);
    return item === undefined ? [] : [item];
  }
  if (schema.format === "date-time") return new Date(0).toISOString();
  if (schema.format === "int64" || schema.format === "uint64") return "0";
  return { integer: 0, number: 0, boolean: false, string: schema.pattern ? "0s" : "" }[schema.type];
}

// The fields of a schema, opened when they are asked for, so recursion has no end to reach.
function show_schema(name, schema, description) {
  const whole = resolved(schema.allOf && !schema.properties ? schema.allOf[0] : schema);
  const inner = whole.type === "array" ? resolved(whole.items) : whole;
  const head = [make("code", {}, name), " ", type_of(schema), description ? make("span", { className: "text" }, " \u2013 " + description) : ""];
  if (inner.enum) head.push(": " + inner.enum.join(", "));
  if (!inner.properties) return make("div", {}, ...head);
  const details = make("details", {}, make("summary", {}, ...head));
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    const list = make("ul");
    for (const [field, property] of Object.entries(inner.properties)) {
      list.append(make("li", {}, show_schema(field, property, property.description)));
    }
    details.append(list);
  });
  return details;
}

function contents_of(response) { return Object.entries(resolved(response).content || {}); }

function request_of(path, method, operation, inputs, body, accept) {
  const query = new URLSearchParams();
  for (const [parameter, input] of inputs) {
    if (parameter.in === "path") {
      const rest = parameter.name.startsWith("+");
      const value = rest ? input.value.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(input.value);
      path = path.replace("{" + parameter.name + "}", () => value);
    } else if (input.value !== "") {
      const values = parameter.schema.type === "array" ? input.value.split(",") : [input.value];
      for (const value of values) query.append(parameter.name, value);
    }
  }
  const options = { method: method.toUpperCase(), headers: {} };
  if (accept) options.headers.accept = accept.value;
  if (body) {
    options.headers["content-type"] = body.kind === "*/*" ? "application/octet-stream" : body.kind;
    options.body = body.input.value;
  }
  const text = query.toString();
  return [path + (text ? "?" + text : ""), options];
}

async function call(url, options, output, stop) {
  output.textContent = options.method + " " + url + "\n";
  try {
    const answer = await fetch(url, { ...options, signal: stop.signal });
    output.append(make("b", { className: answer.ok ? "" : "bad" }, answer.status + " " + answer.statusText + "\n"));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let size = 0; size < 1e6;) {
      const { value, done } = await reader.read();
      if (done) return;
      size += value.length;
      output.append(value);
    }
    output.append("\n(more than a page shows)");
    stop.abort();
  } catch (error) {
    output.append("\n" + error.message);
  }
}

function show_try(path, method, operation) {
  const inputs = (operation.parameters || []).map((parameter) => [parameter, make("input", { ariaLabel: parameter.name })]);
  const rows = inputs.map(([parameter, input]) => make("tr", {},
      make("td", {}, make("code", {}, parameter.name)), make("td", {}, input),
      make("td", {}, parameter.in + ", " + type_of(parameter.schema), make("span", { className: "text" }, parameter.description ? " \u2013 " + parameter.description : ""))));
  const place = make("div", {}, make("table", {}, ...rows));
  let body;
  if (operation.requestBody) {
    const [kind, { schema }] = Object.entries(operation.requestBody.content)[0];
    const lines = kind === "application/x-ndjson";
    const value = example(schema);
    body = { kind, input: make("textarea", { ariaLabel: "content", value: value === undefined ? "" : JSON.stringify(value, null, lines ? 0 : 2) + (lines ? "\n" : "") }) };
    place.append(make("p", {}, "Content, " + kind, lines ? ", a line for each message" : ""), show_schema("content", schema), body.input);
  }
  const answers = contents_of(operation.responses["200"]);
  if (answers.length) place.append(make("p", {}, "Answer"), show_schema("answer", answers[0][1].schema));
  let accept;
  if (answers.length > 1) {
    accept = make("select", { ariaLabel: "accept" }, ...answers.map(([kind]) => make("option", { value: kind }, kind)));
    place.append(accept);
  }
  const output = make("pre", { hidden: true });
  const end = make("button", { hidden: true }, "Stop");
  const send = make("button", { className: "send" }, "Call");
  send.addEventListener("click", async () => {
    const stop = new AbortController();
    end.onclick = () => stop.abort(new Error("stopped"));
    output.hidden = end.hidden = false;
    send.disabled = true;
    await call(...request_of(path, method, operation, inputs, body, accept), output, stop);
    send.disabled = false;
    end.hidden = true;
  });
  place.append(make("div", {}, send, end), output);
  return place;
}

function show_operation(path, method, operation) {
  const details = make("details", { className: "operation" + (operation.deprecated ? " deprecated" : ""), id: operation.operationId },
      make("summary", {}, make("span", { className: "method" }, method), make("code", {}, path), " ", operation.summary || ""));
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    if (operation.description) details.append(make("p", { className: "text" }, operation.description));
    details.append(show_try(path, method, operation));
  });
  return details;
}

function show() {
  document.title = document.querySelector("h1").textContent = api.info.title;
  document.getElementById("about").textContent = ["Version " + api.info.version, api.info.description].filter(Boolean).join("\n");
  const groups = new Map((api.tags || []).map((tag) => [tag.name, make("section", {}, make("h2", {}, tag.name), make("p", { className: "text" }, tag.description || ""))]));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      if (!item[method]) continue;
      const tag = (item[method].tags || [""])[0];
      if (!groups.has(tag)) groups.set(tag, make("section", {}, make("h2", {}, tag)));
      groups.get(tag).append(show_operation(path, method, item[method]));
    }
  }
  document.querySelector("main").append(...groups.values());
  document.getElementById("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase();
    for (const one of document.querySelectorAll(".operation")) {
      one.hidden = !(one.id + " " + one.firstChild.textContent).toLowerCase().includes(words);
    }
  });
  const asked = document.getElementById(location.hash.slice(1));
  if (asked) asked.open = true;
}

async function start() {
  try {
    const answer = await fetch(document.querySelector("meta[name=openapi]").content);
    if (!answer.ok) throw new Error(answer.status + " " + answer.statusText);
    api = await answer.json();
    show();
  } catch (error) {
    document.getElementById("about").textContent = "There is no document: " + error.message;
  }
}
start();
)js";

}  // namespace weft::edge::api
