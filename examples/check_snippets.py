#!/usr/bin/env python3
"""Fails where a document shows code of an example that the example does not have.

usage: check_snippets.py ROOT

A block of code after a line `<!-- examples/hello/server.cc -->` has to be in that file as it stands, but for
the indentation of the whole.
"""

import re
import sys
from pathlib import Path

SNIPPET = re.compile(r"^<!-- (\S+) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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


def main():
    root = Path(sys.argv[1])
    documents = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    snippets, problems = 0, 0
    for document in documents:
        for match in SNIPPET.finditer(document.read_text(encoding="utf-8")):
            snippets += 1
            source = root / match.group(1)
            if source.is_file() and contains(source.read_text().splitlines(), match.group(2).splitlines()):
                continue
            problems += 1
            first = match.group(2).splitlines()[0].strip()
            print(f"{document.relative_to(root)}: not in {match.group(1)}: {first} ...")
    print(f"snippets: {snippets} in {len(documents)} documents, {problems} problems")
    return 1 if problems or snippets == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
