#!/usr/bin/env python3
"""Fails on two ways of writing co_await that GCC 12 compiles into broken code without a warning.

usage: check_coroutines.py [ROOT]

1. co_await in an arm of ?: whose value has a destructor: the value is destroyed twice.

       const Result<A> a = cached ? co_await f() : co_await g();

2. co_await in the condition of an if, while, for or switch, in a coroutine that starts suspended and
   declares no local variable at all: the condition's hidden variable becomes the first member of the frame,
   where the address of the resume function belongs, and resuming runs into nowhere.

       Task<> f() { if (co_await g()) h(); }

Both were reproduced with g++ 12.2 and AddressSanitizer; clang 16 is right. The source is read as text: a
value that needs no destructor in case 1, which would be harmless, is refused too.
"""

import re
import sys
from pathlib import Path

TOPS = ("weft", "tools", "examples", "tests", "bench")
SUFFIXES = {".h", ".cc", ".cpp"}

NOISE = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
TERNARY = re.compile(r"\?[^;{}]*\bco_await\b[^;{}]*:[^;{}:]|\?[^;{}]*[^:]:(?!:)[^;{}]*\bco_await\b")
CONDITION = re.compile(r"\b(if|while|for|switch)\s*(?:constexpr\s*)?\(")
NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$")
DECLARATION = re.compile(r"^(?:(?:const|constexpr|static|volatile|typename)\s+|\[\[\w+\]\]\s*)*"
                         r"[A-Za-z_][\w:]*(?:<.*>)?(?:\s*[&*]+\s*|\s+)(?:const\s+)?"
                         r"(?:[A-Za-z_]\w*|\[[\w\s,]+\])\s*(?:[=({\[]|$)", re.DOTALL)
NO_TYPE = {"return", "co_return", "co_await", "co_yield", "throw", "else", "delete", "new", "goto", "case",
           "default", "break", "continue", "using", "typedef"}


def without_noise(text):
    """The text with comments and literals blanked; offsets and lines stay."""
    return NOISE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def matching(text, start, opening, closing):
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == opening) - (text[i] == closing)
        if depth == 0:
            return i
    return len(text)


def function_bodies(text):
    """(begin, end) of each outermost block that is code: everything but namespaces and classes."""
    i = 0
    while (i := text.find("{", i)) >= 0:
        header = re.split(r"[;{}]", text[:i])[-1]
        if NOT_A_FUNCTION.search(header):
            i += 1
            continue
        end = matching(text, i, "{", "}")
        yield i + 1, end
        i = end


def declares_a_variable(body):
    for statement in re.split(r"[;{}]", body):
        statement = CONDITION.sub(" ", statement.strip(), count=1).strip()
        match = DECLARATION.match(statement)
        if match and re.search(r"[A-Za-z_]\w*", statement).group() not in NO_TYPE:
            return True
    return False


def awaiting_conditions(body):
    for match in CONDITION.finditer(body):
        end = matching(body, match.end() - 1, "(", ")")
        if re.search(r"\bco_await\b", body[match.start():end]):
            yield match.start()


def problems_of(text):
    text = without_noise(text)
    for begin, end in function_bodies(text):
        body = text[begin:end]
        if "co_await" not in body:
            continue
        for match in TERNARY.finditer(body):
            yield begin + match.start(), "co_await in ?: is miscompiled by GCC 12; use if and else"
        if not declares_a_variable(body):
            for offset in awaiting_conditions(body):
                yield begin + offset, ("co_await in a condition of a coroutine without a local variable is "
                                       "miscompiled by GCC 12; name the result first")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    files, problems = 0, 0
    for path in sorted(p for top in TOPS for p in (root / top).rglob("*") if p.suffix in SUFFIXES):
        files += 1
        text = path.read_text(encoding="utf-8", errors="replace")
        for offset, rule in problems_of(text):
            problems += 1
            print(f"{path.relative_to(root).as_posix()}:{text.count(chr(10), 0, offset) + 1}: {rule}")
    if files == 0:
        print(f"{root}: no sources to check")
        return 1
    print(f"coroutines: {files} files, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
