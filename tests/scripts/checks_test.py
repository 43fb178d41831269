"""Feeds each check of scripts/ a small tree that it has to refuse, and one that it has to accept."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"


class Tree:
    """A throw-away repository: path -> content."""

    def __init__(self, files):
        self.directory = tempfile.TemporaryDirectory()
        self.root = Path(self.directory.name)
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def check(self, script, *arguments):
        """(exit status, output) of a check over this tree."""
        takes_options = script in ("check_headers.py", "lint.py")
        where = ["--root", str(self.root)] if takes_options else [str(self.root)]
        command = [sys.executable, str(SCRIPTS / script), *where, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr


class CheckTest(unittest.TestCase):
    def tree(self, files):
        tree = Tree(files)
        self.addCleanup(tree.directory.cleanup)
        return tree


class Docs(CheckTest):
    FILES = {"README.md": "[page](docs/guide/page.md)\n", "a.cc": '#include "weft/b/x.h"\n  int x = 1;\n  int y = 2;\n',
             "weft/b/x.h": "#pragma once\nint make_x(int from);\n", "weft/rpc/blocking.h": "#pragma once\n"}

    def verdict(self, page, **others):
        return self.tree(self.FILES | {"docs/guide/page.md": page} | others).check("check_docs.py")

    def assert_refused(self, page, rule):
        status, output = self.verdict(page)
        self.assertEqual(status, 1, output)
        self.assertIn("docs/guide/page.md:", output)
        self.assertIn(rule, output)

    def test_code_of_a_file_is_accepted(self):
        for code in ("int x = 1;\nint y = 2;\n", '#include "weft/b/x.h"\n\nint y = 2;\n', "int x = 1;\n// ...\nint y = 2;\n"):
            status, output = self.verdict(f"<!-- a.cc -->\n```cpp\n{code}```\n")
            self.assertEqual(status, 0, output)

    def test_code_that_the_file_does_not_have_is_refused(self):
        self.assert_refused("<!-- a.cc -->\n```cpp\nint z = 3;\n```\n", "not in a.cc: int z = 3;")
        self.assert_refused("<!-- a.cc -->\n```cpp\n#include <map>\n```\n", "a.cc does not include map")
        self.assert_refused("<!-- b.cc -->\n```cpp\nint z = 3;\n```\n", "b.cc, which is not there")

    def test_a_name_without_its_header_is_refused(self):
        files = {"a.cc": "int z = weft::make_x(1);\n"}
        page = "<!-- a.cc -->\n```cpp\nint z = weft::make_x(1);\n```\n"
        status, output = self.verdict(page, **files)
        self.assertEqual(status, 1, output)
        self.assertIn('uses make_x without #include "weft/b/x.h"', output)
        status, output = self.verdict('```cpp\n#include "weft/b/x.h"\n\nusing namespace weft;\n```\n' + page, **files)
        self.assertEqual(status, 0, output)

    def test_a_block_that_nothing_checks_is_refused(self):
        self.assert_refused("```cmake\nproject(x)\n```\n", "does not say which file it is from")
        self.assert_refused("```\nx\n```\n", "a block of ''")
        self.assert_refused("```json\n{\n```\n", "is not JSON")

    def test_code_that_does_not_compile_is_refused(self):
        for page, right in (("```cpp\nint f() { return 1; }\n```\n", True), ("```cpp\nreturn 1;\n```\n", False),
                            ("<!-- inside: int f() -->\n```cpp\n#include <map>\n\nreturn 1;\n```\n", True),
                            ("<!-- inside: int f() -->\n```cpp\nreturn g();\n```\n", False)):
            tree = self.tree(self.FILES | {"docs/guide/page.md": page})
            status, output = tree.check("check_docs.py", "--build", str(tree.root / "build"))
            self.assertEqual(status == 0, right, output)

    def test_a_page_that_readme_does_not_link_is_refused(self):
        for name in ("docs/guide/other.md", "docs/adr/1.md"):
            status, output = self.verdict("text\n", **{name: "text\n"})
            self.assertEqual(status, 1, output)
            self.assertIn(name, output)
        status, output = self.verdict("[why](../adr/1.md)\n", **{"docs/adr/1.md": "text\n"})
        self.assertEqual(status, 0, output)


class Arrows(CheckTest):
    def verdict(self, file, *includes):
        text = "#pragma once\n" + "".join(f"#include {i}\n" for i in includes)
        return self.tree({file: text}).check("check_arrows.py")

    def assert_refused(self, file, include, rule):
        status, output = self.verdict(file, include)
        self.assertEqual(status, 1, output)
        self.assertIn(f"{file}:2: ", output)
        self.assertIn(rule, output)

    def assert_accepted(self, file, *includes):
        status, output = self.verdict(file, *includes)
        self.assertEqual(status, 0, output)

    def test_an_arrow_up_is_refused(self):
        self.assert_refused("weft/base/x.h", '"weft/coro/task.h"', "base may not include coro")
        self.assert_refused("weft/net/x.cc", '"weft/rpc/call/call.h"', "net may not include rpc")
        self.assert_refused("weft/cluster/x.h", '"weft/rpc/call/call.h"', "cluster may not include rpc")

    def test_http2_includes_neither_net_nor_coro(self):
        self.assert_refused("weft/http2/x.h", '"weft/net/loop.h"', "http2 may not include net")
        self.assert_refused("weft/http2/x.h", '"weft/coro/task.h"', "http2 may not include coro")
        self.assert_refused("weft/http2/x.h", "<coroutine>", "no I/O, threads or coroutines")
        self.assert_refused("weft/http2/x.cc", "<sys/socket.h>", "no I/O, threads or coroutines")

    def test_siblings_do_not_include_each_other(self):
        for room, sibling in [("middleware", "fanout"), ("net", "http2"), ("codec", "net"),
                              ("telemetry", "security"), ("messaging", "transaction"),
                              ("http1", "middleware"), ("gateway", "supervisor")]:
            self.assert_refused(f"weft/{room}/x.h", f'"weft/{sibling}/y.h"',
                                f"{room} may not include {sibling}")

    def test_testing_is_for_tests(self):
        self.assert_accepted("weft/net/x_test.cc", '"weft/testing/pair.h"')
        self.assert_refused("weft/net/x.cc", '"weft/testing/pair.h"', "only the tests of net")
        self.assert_refused("weft/testing/x.h", '"weft/middleware/retry.h"',
                            "testing may not include middleware")

    def test_a_test_is_bound_by_its_rooms_arrows(self):
        self.assert_refused("weft/coro/x_test.cc", '"weft/net/loop.h"', "coro may not include net")

    def test_private_headers_stay_in_their_room(self):
        self.assert_accepted("weft/net/x.cc", '"weft/net/internal/y.h"')
        self.assert_accepted("weft/net/x.cc", '"weft/net/tls/internal/y.h"')
        self.assert_refused("weft/rpc/x.cc", '"weft/net/internal/y.h"', "private to net")
        self.assert_refused("weft/rpc/x.cc", '"weft/net/tls/internal/y.h"', "private to net")

    def test_rooms_include_headers_by_their_long_names(self):
        short = '#pragma once\n\n#include "weft/net/loop/loop.h"  // IWYU pragma: export\n'
        for file, name, status in (("weft/rpc/x.cc", "weft/net/loop.h", 1), ("tools/weft/x.cc", "weft/net/loop.h", 1),
                                   ("weft/rpc/x.cc", "weft/net/loop/loop.h", 0), ("examples/x.cc", "weft/net/loop.h", 0)):
            tree = self.tree({"weft/net/loop.h": short, file: f'#include "{name}"\n'})
            found, output = tree.check("check_arrows.py")
            self.assertEqual(found, status, output)
            self.assertEqual("the short name of weft/net/loop/loop.h" in output, status == 1, output)

    def test_includes_are_by_full_path(self):
        self.assert_refused("weft/net/x.cc", '"loop.h"', "include by full path")
        self.assert_refused("weft/net/x.cc", '"../rpc/call.h"', "include by full path")

    def test_nothing_above_the_rooms_is_included_in_them(self):
        self.assert_refused("weft/rpc/x.cc", '"tools/weft/call.h"', "stands above every room")

    def test_a_room_without_a_floor_is_refused(self):
        self.assert_refused("weft/attic/x.h", '"weft/base/status.h"', "no floor")

    def test_arrows_down_are_accepted(self):
        self.assert_accepted("weft/rpc/x.h", '"weft/http2/session.h"', '"weft/net/loop.h"',
                             '"weft/codec/message.h"', '"weft/base/status.h"', "<vector>")
        self.assert_accepted("examples/a/x.cc", '"weft/gateway/x.h"', '"hello.weft.h"')

    def test_an_empty_tree_is_refused(self):
        self.assertEqual(self.tree({}).check("check_arrows.py")[0], 1)


class Style(CheckTest):
    def assert_refused(self, file, text, rule):
        status, output = self.tree({file: text}).check("check_style.py")
        self.assertEqual(status, 1, output)
        self.assertIn(f"{file}:", output)
        self.assertIn(rule, output)

    def test_refuses_what_it_should(self):
        self.assert_refused("weft/base/x.cc", "int x;\n" * 601, "601 lines, at most 600")
        self.assert_refused("weft/base/x.cc", "int x; \n", "white space")
        self.assert_refused("weft/base/x.cc", "\tint x;\n", "tab")
        self.assert_refused("weft/base/x.cc", "int x;", "no newline")
        self.assert_refused("weft/base/x.h", "int x;\n", "#pragma once")
        self.assert_refused("weft/base/README.md", "line\n" * 61, "61 lines, at most 60")
        self.assert_refused("a.md", "see `weft/base/gone.h`\n", "which is not there")
        self.assert_refused("docs/a.md", "see [b](b.md)\n", "which is not there")
        self.assert_refused("weft/utils/x.cc", "int x;\n", '"utils" says nothing')
        self.assert_refused("weft/base/string_helpers.cc", "int x;\n", '"helpers" says nothing')
        for line in ("std::tolower(c);", 'std::snprintf(text, size, "%.2f", x);', "#include <cctype>"):
            self.assert_refused("tools/weft/x.cc", line + "\n", "asks the C locale")

    def test_accepts_a_tidy_file(self):
        status, output = self.tree({"weft/base/x.cc": "int x;\n"}).check("check_style.py")
        self.assertEqual(status, 0, output)


class Coroutines(CheckTest):
    def check(self, body):
        tree = self.tree({"weft/base/x.cc": f"Task<int> f(int a) {{\n  {body}\n}}\n"})
        return tree.check("check_coroutines.py")

    def assert_refused(self, body, rule):
        status, output = self.check(body)
        self.assertEqual(status, 1, body)
        self.assertIn("weft/base/x.cc:2: ", output)
        self.assertIn(rule, output)

    def assert_accepted(self, body):
        status, output = self.check(body)
        self.assertEqual(status, 0, output)

    def test_an_awaited_arm_of_a_conditional_is_refused(self):
        self.assert_refused("const R r = a ? co_await g() : co_await h();", "in ?:")
        self.assert_refused("R r = a ? R(co_await g()) : R();", "in ?:")
        self.assert_refused("co_return a ? Status() : co_await g();", "in ?:")
        self.assert_accepted("int b = a ? 1 : 2; co_return co_await g(b);")

    def test_an_awaited_condition_without_a_local_variable_is_refused(self):
        self.assert_refused("if (co_await g()) co_return 1; co_return 0;", "in a condition")
        self.assert_refused("while (!co_await g(a)) { h(); } co_return 0;", "in a condition")
        self.assert_refused("for (;;) { if (a && co_await g()) co_return a; }", "in a condition")
        self.assert_refused("switch (co_await g()) { default: co_return 1; }", "in a condition")

    def test_a_local_variable_anywhere_makes_it_sound(self):
        self.assert_accepted("int b = 1; if (co_await g()) co_return b; co_return 0;")
        self.assert_accepted("net::Loop& loop = here(); if (co_await g(loop)) co_return 1; co_return 0;")
        self.assert_accepted("for (int i = 0; i < a; ++i) { if (co_await g()) co_return 1; } co_return 0;")
        self.assert_accepted("if (bool b = co_await g(); b) co_return 1; co_return 0;")
        self.assert_accepted("const bool b = co_await g(); if (b) co_return 1; co_return 0;")

    def test_comments_and_literals_are_not_code(self):
        self.assert_accepted('log("a ? co_await g() : 1"); co_return 0;  // if (co_await g())')


class Headers(CheckTest):
    def check(self, text):
        tree = self.tree({"weft/base/x.h": text})
        return tree.check("check_headers.py", "--build", str(tree.root / "build"))

    def test_a_header_that_leans_on_its_includer_is_refused(self):
        status, output = self.check("#pragma once\ninline std::string name() { return {}; }\n")
        self.assertEqual(status, 1, output)
        self.assertIn("weft/base/x.h:1: does not compile alone", output)

    def test_a_header_that_stands_alone_is_accepted(self):
        status, output = self.check(
            "#pragma once\n#include <string>\ninline std::string name() { return {}; }\n")
        self.assertEqual(status, 0, output)

    def test_a_header_that_needs_exceptions_is_refused(self):
        status, output = self.check(
            "#pragma once\ninline int f() { try { return 1; } catch (...) { return 2; } }\n")
        self.assertEqual(status, 1, output)
        self.assertIn("-fno-exceptions", output)

    def test_a_header_that_a_built_source_has_first_is_not_compiled_again(self):
        tree = self.tree({"weft/base/x.h": "#pragma once\ninline std::string name() { return {}; }\n",
                          "weft/base/x.cc": '#include "weft/base/x.h"\n', "build/x.o": ""})
        entry = {"file": str(tree.root / "weft/base/x.cc"), "directory": str(tree.root / "build"),
                 "command": "c++ -o x.o -c x.cc"}
        (tree.root / "build/compile_commands.json").write_text(json.dumps([entry]))
        build = ["--build", str(tree.root / "build")]
        later = time.time() + 10
        os.utime(tree.root / "build/x.o", (later, later))
        # It would be found not to compile, by itself or among the others.
        self.assertNotIn("x.h:1: does not compile alone", tree.check("check_headers.py", *build)[1])
        os.utime(tree.root / "weft/base/x.h", (later + 1, later + 1))
        self.assertIn("x.h:1: does not compile alone", tree.check("check_headers.py", *build)[1])

    def test_the_cache_forgets_a_header_that_changed(self):
        tree = self.tree({"weft/base/x.h": "#pragma once\n#include \"weft/base/y.h\"\ninline Y z;\n",
                          "weft/base/y.h": "#pragma once\nusing Y = int;\n"})
        build = ["--build", str(tree.root / "build")]
        self.assertEqual(tree.check("check_headers.py", *build)[0], 0)
        (tree.root / "weft/base/y.h").write_text("#pragma once\nusing W = int;\n")
        self.assertEqual(tree.check("check_headers.py", *build)[0], 1)


@unittest.skipUnless(shutil.which("clang-tidy-16"), "clang-tidy-16 is not installed")
class Lint(CheckTest):
    def check(self, text, *arguments, options=""):
        tree = self.tree({"weft/base/x.cc": text,
                          ".clang-tidy": (SCRIPTS.parent / ".clang-tidy").read_text()})
        file = str(tree.root / "weft/base/x.cc")
        entry = {"file": file, "directory": str(tree.root), "command": f"c++ -std=c++20 {options} -c {file}"}
        (tree.root / "compile_commands.json").write_text(json.dumps([entry]))
        return tree.check("lint.py", "--build", str(tree.root), *arguments)

    def test_a_finding_is_refused(self):
        status, output = self.check("struct B { virtual void f(); virtual ~B() = default; };\n"
                                    "struct D : B { void f(); };\n")
        self.assertEqual(status, 1, output)
        self.assertIn("modernize-use-override", output)

    def test_a_clean_file_is_accepted(self):
        status, output = self.check("int f(int a) { return a; }\n")
        self.assertEqual(status, 0, output)

    def test_the_output_and_what_only_gcc_knows_are_left_out(self):
        options = "-Werror -Wno-restrict -mstringop-strategy=libcall -o x.o"
        status, output = self.check("int f(int a) { return a; }\n", options=options)
        self.assertEqual(status, 0, output)

    def test_what_the_budget_left_out_is_named(self):
        status, output = self.check("int f(int a) { return a; }\n", "--budget", "-1")
        self.assertEqual(status, 0, output)
        self.assertIn("1 left out", output)


class Weight(unittest.TestCase):
    def check(self, *limits):
        command = [sys.executable, str(SCRIPTS / "check_weight.py"), "--program", "/usr/bin/env", *limits]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    def test_a_program_above_its_bound_is_refused(self):
        status, output = self.check("--max-program", "1000")
        self.assertEqual(status, 1, output)
        self.assertIn("bytes of the program", output)
        self.assertIn("TOO MUCH", output)

    def test_a_program_below_its_bound_is_accepted(self):
        self.assertEqual(self.check()[0], 0)


if __name__ == "__main__":
    unittest.main()
