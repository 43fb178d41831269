#!/usr/bin/env python3
"""Checks what documents show: that code is what compiles, with the headers it names, and that each page is found.

usage: check_docs.py [ROOT] [--build BUILD]

A block of C++ says in a line before it where it is from, or compiles by itself:

    <!-- examples/hello/server.cc -->      it stands in that file, but for the indentation of the whole; its
                                           #include lines, and those of a block of nothing else that the page has
                                           before, name the headers of what it uses
    <!-- inside: void f(weft::Server& s) -->   it compiles as the body of that function, or of that class
    (nothing)                              it compiles as it is

Blocks of proto, cmake and python say a file; JSON is JSON; sh, console, text and yaml are free. Code is compiled where BUILD,
a built build directory, is given: its include directories are used, and what compiled is remembered in it.
Each page of docs/ is reached by links from README.md, those of the guide and the reference by one.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import compile_database
from include_graph import IncludeGraph

BLOCK = re.compile(r"(?:^<!-- (.+?) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]\n?', re.MULTILINE)
LINK = re.compile(r"\]\(([\w./-]+\.md)(?:#[\w-]*)?\)")
FROM_A_FILE = {"proto", "cmake", "python"}
FREE = {"sh", "console", "text", "yaml"}
LANGUAGES = FREE | FROM_A_FILE | {"cpp", "json"}
CUT = "// ..."
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused", "-Wunused-result", "-Werror", "-x", "c++", "-"]

# What is declared at the left margin of a header, as all is that stands in a namespace only.
DECLARED = re.compile(r"^(?:(?:class|struct|concept|enum class) (\w+)|using (\w+) =|(?:[\w:<>,&* \[\]]+[ >&*])(\w+)\()", re.MULTILINE)
USED = re.compile(r"\bweft::(?:\w+::)*(\w+)|(?<![\w.:>])([A-Z]\w+)\b")
# What a generated header, x.weft.h, includes.
GENERATED_BRINGS = ["weft/rpc/client/blocking.h", "weft/rpc/client/client_stream.h", "weft/rpc/server/server_context.h"]


class Block:
    def __init__(self, document, text, match):
        self.origin, self.language, self.code = match.groups()
        self.place = f"{document}:{text.count(chr(10), 0, match.start(2)) + 1}"
        self.includes = INCLUDE.findall(self.code)
        self.body = INCLUDE.sub("", self.code).strip("\n")

    @property
    def is_preamble(self):
        return self.language == "cpp" and self.origin is None and not re.sub(r"using [^;]*;|//.*", "", self.body).strip()

    @property
    def is_compiled(self):
        return self.language == "cpp" and (self.origin is None or self.origin.startswith("inside: "))

    def unit(self):
        """The source that is to compile."""
        if self.origin is None:
            return self.code
        around = self.origin.removeprefix("inside: ")
        end = "};" if around.startswith(("class ", "struct ")) else "}"
        includes = "".join(f"{line}\n" for line in self.code.splitlines() if line.startswith("#include"))
        return f"{includes}{around} {{\n{self.body}\n{end}\n"


def documents_of(root):
    rooms = (path for top in ("weft", "examples", "tools") for path in (root / top).rglob("README.md"))
    return [root / "README.md", *sorted((root / "docs").rglob("*.md")), *sorted(rooms)]


def contains(lines, wanted):
    """Whether the wanted lines follow each other in lines, all shifted by the same indentation."""
    for start in range(len(lines) - len(wanted) + 1):
        shift = len(lines[start]) - len(lines[start].lstrip()) - (len(wanted[0]) - len(wanted[0].lstrip()))
        if shift < 0:
            continue
        shifted = [" " * shift + line if line else "" for line in wanted]
        if lines[start : start + len(wanted)] == shifted:
            return True
    return False


def pieces(body):
    """The parts between lines of `// ...`."""
    parts = [[]]
    for line in body.splitlines():
        if line.strip() == CUT:
            parts.append([])
        else:
            parts[-1].append(line)
    return [part for part in ("\n".join(part).strip("\n").splitlines() for part in parts) if part]


def check_origin(block, root):
    source = root / block.origin
    if not source.is_file():
        yield f"says that it is from {block.origin}, which is not there"
        return
    text = source.read_text(encoding="utf-8")
    there = INCLUDE.findall(text)
    for name in block.includes:
        if name not in there:
            yield f"{block.origin} does not include {name}"
    whole = contains(text.splitlines(), block.code.strip("\n").splitlines())
    for piece in [] if whole else pieces(block.body):
        if not contains(text.splitlines(), piece):
            yield f"not in {block.origin}: {piece[0].strip()} ..."


class Headers:
    """Which public header declares a name."""

    def __init__(self, root):
        self.root = root
        self.graph = IncludeGraph([root])
        self.of_name = {}
        for header in (root / "weft").rglob("*.h"):
            name = header.relative_to(root).as_posix()
            if "/internal/" in name or name.count("/") < 2:
                continue
            for groups in DECLARED.findall(header.read_text(encoding="utf-8")):
                self.of_name.setdefault(next(filter(None, groups), ""), set()).add(name)
        self.generated = self.closure(GENERATED_BRINGS)

    def closure(self, names):
        there = [self.root / name for name in names if (self.root / name).is_file()]
        return {path.relative_to(self.root).as_posix() for header in there for path in self.graph.closure(header)}

    def missing(self, block, preamble):
        includes = preamble + block.includes
        known = self.closure(includes)
        if any(name.endswith(".weft.h") for name in includes):
            known |= self.generated
        for qualified, plain in USED.findall(re.sub(r'//.*|"[^"\n]*"', "", block.body)):
            headers = self.of_name.get(qualified or plain, set())
            if headers and not headers & known:
                yield f"uses {qualified or plain} without #include \"{sorted(headers)[0]}\""


def check_block(block, root, headers, preamble):
    if block.language not in LANGUAGES:
        yield f"a block of '{block.language}'; known are {', '.join(sorted(LANGUAGES))}"
    elif block.language == "json":
        try:
            json.loads(block.code)
        except ValueError as error:
            yield f"is not JSON: {error}"
    elif block.language in FREE or block.is_compiled:
        return
    elif block.origin is None:
        yield f"a block of {block.language} that does not say which file it is from"
    else:
        yield from check_origin(block, root)
        if block.language == "cpp":
            yield from dict.fromkeys(headers.missing(block, preamble))


def check_page(blocks, root, headers):
    preamble = []
    for block in blocks:
        for problem in check_block(block, root, headers, preamble):
            yield f"{block.place}: {problem}"
        if block.is_preamble:
            preamble += block.includes


class Compiler:
    def __init__(self, root, build):
        flags = compile_database.include_flags(compile_database.load(build))
        self.flags = [f"-I{root}", *flags]
        self.graph = IncludeGraph(compile_database.include_directories(self.flags))
        self.program = os.environ.get("CXX", "g++")
        self.cache = build / "docs-compiled"
        self.cache.mkdir(parents=True, exist_ok=True)

    def key(self, unit):
        source = self.cache / f"{hashlib.sha256(unit.encode()).hexdigest()}.cc"
        source.write_text(unit)
        key = self.graph.fingerprint(source, " ".join([self.program, *self.flags, *FLAGS]))
        source.unlink()
        return self.cache / key

    def complaint(self, block):
        unit = block.unit()
        done_before = self.key(unit)
        if done_before.exists():
            return ""
        done = subprocess.run([self.program, *self.flags, *FLAGS], input=unit, text=True, capture_output=True)
        if done.returncode == 0:
            done_before.touch()
            return ""
        return f"does not compile:\n{done.stderr}"


def check_links(root):
    """Pages that nobody finds."""
    def targets(page):
        links = LINK.findall(page.read_text(encoding="utf-8"))
        return {(page.parent / link).resolve() for link in links if (page.parent / link).is_file()}

    readme = (root / "README.md").resolve()
    index, seen, todo = targets(readme), set(), [readme]
    while todo:
        page = todo.pop()
        if page not in seen:
            seen.add(page)
            todo.extend(targets(page))
    for page in sorted((root / "docs").rglob("*.md")):
        name = page.relative_to(root).as_posix()
        if name.startswith(("docs/guide/", "docs/reference/")) and name.count("/") == 2:
            if page.resolve() not in index:
                yield f"README.md: does not link to {name}"
        elif page.resolve() not in seen:
            yield f"README.md: no links lead to {name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", type=Path)
    options = parser.parse_args()
    root = options.root.resolve()
    headers = Headers(root)
    documents = [path for path in documents_of(root) if path.is_file()]
    blocks, problems = [], []
    for document in documents:
        text = document.read_text(encoding="utf-8")
        page = [Block(document.relative_to(root), text, match) for match in BLOCK.finditer(text)]
        problems += check_page(page, root, headers)
        blocks += page
    problems += check_links(root)
    compiled = [block for block in blocks if block.is_compiled] if options.build else []
    if compiled:
        compiler = Compiler(root, options.build.resolve())
        with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            complaints = list(pool.map(compiler.complaint, compiled))
        problems += [f"{block.place}: {text}" for block, text in zip(compiled, complaints) if text]
    print("\n".join(problems + [f"docs: {len(documents)} documents, {len(blocks)} blocks, {len(compiled)} compiled, "
                                f"{len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
