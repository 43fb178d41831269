#!/usr/bin/env python3
"""What clang-format does not see: file length, white space, README length, names that say nothing, and
documents that name files which are not there.

usage: check_style.py [ROOT]
"""

import re
import sys
from pathlib import Path

MAX_LINES = 600
MAX_README_LINES = 60
FORBIDDEN = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
TEXT = {".h", ".cc", ".cpp", ".proto", ".py", ".sh", ".cmake", ".md", ".txt", ".json", ""}
TOPS = ("weft", "tools", "examples", "tests", "bench", "cmake", "scripts", "docs")
# Inputs kept for the fuzzers and recorded traffic are bytes, not text.
BYTES = ("tests/fuzz/corpus/",)

# What asks the C locale, in which the capital of 'i' may be no 'I' and a number may have a comma.
LOCALE = re.compile(
    r"\bstd::(?:to(?:lower|upper)|is(?:alpha|alnum|digit|space|lower|upper|print|punct|xdigit|cntrl|graph)"
    r"|sto(?:d|f|ld)|strto(?:d|f|ld)|atof)\b"
    r"|printf\(.*%[-+ #0-9.*]*[aefgAEFG]\b"
    r"|#include <cctype>"
)
LOCALE_FREE = ("weft/", "tools/")

# `weft/rpc/call/call.h` in a document, and [text](docs/adr/README.md).
NAMED_PATH = re.compile(r"`((?:weft|tools|examples|tests|cmake|scripts|docs)/[\w./-]+\.\w+)`")
LINK = re.compile(r"\]\(([\w./-]+)(?:#[\w-]*)?\)")


def text_files(root):
    for top in (".", *TOPS):
        for path in sorted((root / top).glob("*.md") if top == "." else (root / top).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and path.suffix in TEXT and not name.startswith(BYTES):
                if "__pycache__" not in path.parts:
                    yield path, name


def check_name(path, name):
    words = set(path.stem.lower().replace("-", "_").split("_"))
    if path.stem == "types":
        yield 1, '"types" says nothing; which?'
    words |= {part.lower() for part in Path(name).parent.parts}
    for word in sorted(words & FORBIDDEN):
        yield 1, f'"{word}" says nothing; name the file or room for what it holds'


def check_text(path, name, text):
    lines = text.splitlines()
    is_code = path.suffix in {".h", ".cc", ".cpp"}
    is_library = is_code and name.startswith(LOCALE_FREE) and not re.search(r"_(test|bench|fuzz)\.cc$", name)
    if is_code and len(lines) > MAX_LINES:
        yield MAX_LINES + 1, f"{len(lines)} lines, at most {MAX_LINES}: split the file along its meaning"
    if path.name == "README.md" and name.startswith("weft/") and len(lines) > MAX_README_LINES:
        yield MAX_README_LINES + 1, f"{len(lines)} lines, at most {MAX_README_LINES} in a room's README"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "white space at the end of the line"
        if "\t" in line:
            yield number, "tab"
        if is_library and LOCALE.search(line):
            yield number, "asks the C locale: see weft/base/text/ascii.h and weft/base/text/number_text.h"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end of the file"
    if path.suffix == ".h" and "#pragma once" not in text:
        yield 1, "no #pragma once"


def check_document(path, root, text):
    for number, line in enumerate(text.splitlines(), 1):
        for named in NAMED_PATH.findall(line):
            if not (root / named).exists():
                yield number, f"names {named}, which is not there"
        for target in LINK.findall(line):
            if not (path.parent / target).exists():
                yield number, f"links to {target}, which is not there"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    files, problems = 0, 0
    for path, name in text_files(root):
        files += 1
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            if path.suffix:
                print(f"{name}:1: not UTF-8")
                problems += 1
            continue
        rules = [*check_name(path, name), *check_text(path, name, text)]
        if path.suffix == ".md":
            rules += check_document(path, root, text)
        for number, rule in rules:
            problems += 1
            print(f"{name}:{number}: {rule}")
    if files == 0:
        print(f"{root}: no files to check")
        return 1
    print(f"style: {files} files, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
