#!/usr/bin/env python3
"""Tests of what the benchmark's driver computes and draws; and, with --bin FOLDER, a quick run of it."""

import json
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

from driver import charts, report, tables, targets
from driver.stats import Case, Metric, Scenario, figures, summary
from scenarios import h2load

PROGRAMS = None
RATE = Metric("rate", "calls/s", 0)

H2LOAD = """
finished in 1.01s, 99012.30 req/s, 9.63MB/s
requests: 100 total, 100 started, 100 done, 100 succeeded, 0 failed, 0 errored, 0 timeout
traffic: 9.87KB (10100) total, 1.00KB (1024) headers (space savings 95.00%), 6.45KB (6600) data
                     min         max         mean         sd        +/- sd
time for request:       25us      1.20ms      1.05ms       125us    87.50%
"""


def case_of(rows):
    case = Case("a case", [RATE], ["raw"], [RATE])
    for side, values in rows.items():
        case.add(side, [{"rate": value} for value in values])
    return case


class Statistics(unittest.TestCase):
    def test_a_summary_has_the_median_and_the_spread(self):
        self.assertEqual(summary([3, 1, 2]), {"median": 2, "min": 1, "max": 3, "runs": [3, 1, 2]})

    def test_a_ratio_is_one_of_medians(self):
        case = case_of({"raw": [1, 2, 9], "weft": [4, 8, 5]})
        self.assertEqual(case.ratio("weft", "raw", "rate"), 2.5)
        self.assertIsNone(case.ratio("weft", "nobody", "rate"))

    def test_a_figure_that_a_round_lacks_is_left_out(self):
        case = Case("a case", [RATE])
        case.add("weft", [{"rate": 1, "other": 2}, {"rate": 3}])
        self.assertEqual(list(case.rows["weft"]), ["rate"])

    def test_figures_are_per_call(self):
        latency = {"p50": 1, "p99": 2, "p99.9": 3}
        found = figures({"calls": 10, "seconds": 2, "client_cpu": 1e-4, "server_cpu": 2e-4,
                         "bytes_sent": 100, "bytes_received": 50, "latency": latency}, 1000)
        self.assertEqual(found["calls_per_s"], 5)
        self.assertAlmostEqual(found["server_us"], 20)
        self.assertEqual(found["bytes_per_call"], 15)
        self.assertAlmostEqual(found["megabytes_per_s"], 0.005)


class Tables(unittest.TestCase):
    def test_a_table_has_a_row_for_each_side_and_the_ratio_to_the_reference(self):
        rows = tables.cells(case_of({"raw": [2], "weft": [3]}))
        self.assertEqual(rows[0], ["", "calls/s", "spread", "× raw"])
        self.assertEqual(rows[2], ["weft", "3", "3 – 3", "1.50"])

    def test_markdown_rows_have_as_many_cells_as_the_heading(self):
        lines = [line for line in tables.markdown(case_of({"raw": [2], "weft": [3]})).splitlines()
                 if line.startswith("|")]
        self.assertEqual({line.count("|") for line in lines}, {5})


class Charts(unittest.TestCase):
    def test_ticks_are_round_and_reach_the_top(self):
        self.assertEqual(charts.nice_ticks(7), [0, 2, 4, 6, 8])
        self.assertEqual(charts.nice_ticks(0), [0, 1])
        for top in (0.013, 1, 99, 1234.5):
            ticks = charts.nice_ticks(top)
            self.assertGreaterEqual(ticks[-1], top * (1 - 1e-9))
            self.assertLessEqual(len(ticks), 6)

    def test_a_chart_is_well_formed_and_escapes_names(self):
        scenario = Scenario("X", "a <title> & more", "")
        scenario.cases = [case_of({"raw": [2], "weft": [3], "<peer>": [1, 2]})]
        scenario.cases[0].lines = {"weft": [(0, 1), (1, 2)]}
        scenario.cases[0].line_axes = ("seconds", "MiB")
        root = xml.etree.ElementTree.fromstring(charts.svg(scenario))
        bars = [element for element in root.iter() if element.get("class") in ("bar", "own", "floor")]
        self.assertEqual(len(bars), 3)

    def test_a_bar_is_as_long_as_its_value(self):
        elements, _ = charts.bars(case_of({"raw": [5], "weft": [10]}), RATE, 0)
        widths = [float(element.split('width="')[1].split('"')[0]) for element in elements
                  if element.startswith("<rect")]
        self.assertAlmostEqual(widths[1] / widths[0], 2, places=2)


class Targets(unittest.TestCase):
    def scenario(self, calls_per_s):
        scenario = Scenario("C", "large", "")
        case = Case("1×4, 1 MiB", [RATE])
        case.add("weft", [{"megabytes_per_s": calls_per_s}])
        scenario.cases.append(case)
        return scenario

    def test_a_target_is_met_or_not(self):
        self.assertIn("| 2,500 MB/s | yes |", targets.markdown([self.scenario(2500)]))
        self.assertIn("| 2,100 MB/s | **no** |", targets.markdown([self.scenario(2100)]))

    def test_a_disturbed_figure_says_so(self):
        scenario = self.scenario(2500)
        self.assertNotIn("\\*", targets.markdown([scenario]))
        scenario.cases[0].disturbed = {"weft"}
        self.assertIn("| 2,500 MB/s \\* | yes |", targets.markdown([scenario]))
        self.assertIn("worse than the program's own", targets.terminal([scenario]))

    def test_what_was_not_measured_is_neither(self):
        empty = Scenario("C", "large", "")
        self.assertIn("| not measured | – |", targets.markdown([empty]))
        self.assertEqual(targets.rows([]), [])


class Report(unittest.TestCase):
    MACHINE = {"date": "today", "commit": "abc", "cpu": "a CPU", "cores": 2, "memory_gib": 4,
               "system": "a system", "kernel": "6", "congestion_control": "cubic", "compiler": "c++", "peers": {}}

    def test_publishing_twice_replaces_what_was_there(self):
        scenario = Scenario("X", "a title", "about")
        scenario.cases = [case_of({"raw": [2], "weft": [3]})]
        with tempfile.TemporaryDirectory() as name:
            document = Path(name, "page.md")
            document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
            for _ in range(2):
                report.publish(document, Path(name, "page"), self.MACHINE, "./dev bench", [scenario], [])
            text = document.read_text()
            self.assertTrue(text.startswith("before") and text.endswith("after\n"), text)
            self.assertNotIn("old", text)
            self.assertEqual(text.count("page/bench-X.svg"), 1)
            self.assertTrue(Path(name, "page", "bench-X.svg").exists())


class H2load(unittest.TestCase):
    def test_its_report_is_read(self):
        found, calls = h2load.parse(H2LOAD)
        self.assertEqual(found, {"calls_per_s": 99012.3, "bytes_per_call": 101.0, "mean": 1050.0})
        self.assertEqual(calls, 100)

    def test_a_run_with_failed_calls_is_none(self):
        self.assertIsNone(h2load.parse(H2LOAD.replace("0 errored", "1 errored")))


    def test_a_run_too_short_for_a_call_is_told_from_one_that_failed(self):
        self.assertFalse(h2load.none_ended(H2LOAD))
        none = H2LOAD.replace("100 succeeded", "0 succeeded")
        self.assertTrue(h2load.none_ended(none))
        self.assertFalse(h2load.none_ended(none.replace("0 errored", "1 errored")))


class QuickRun(unittest.TestCase):
    """Every program of ours starts, answers, and its run becomes files."""

    def setUp(self):
        if PROGRAMS is None:
            self.skipTest("no --bin FOLDER")

    def test_the_files_are_valid_and_name_the_sides(self):
        run = Path(__file__).with_name("run.py")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, str(run), "--bin", PROGRAMS, "--quick", "--out", folder, *"ADEFHJK",
                 "--sides", "weft", "raw", "floor"],
                capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            result = json.loads(Path(folder, "bench.json").read_text())
            for path in Path(folder).glob("*.svg"):
                xml.etree.ElementTree.parse(path)
        rows = {scenario["letter"]: [case["rows"] for case in scenario["cases"]]
                for scenario in result["scenarios"]}
        self.assertEqual(set(rows["A"][0]), {"raw", "weft"}, result)
        self.assertEqual(set(rows["D"][0]), {"weft"}, result)
        for row in [*rows["E"][:4], rows["F"][0]]:
            self.assertEqual(set(row), {"floor", "weft"}, result)
        for row in rows["E"][4:]:
            self.assertLessEqual({"h2load", "weft's client"}, set(row), result)
        for row in [*rows["F"][1:], *rows["H"], *rows["K"]]:
            self.assertEqual(set(row), {"weft"}, result)
        self.assertEqual(set(rows["J"][0]), {"weft, 1 loop", "weft, 2 loops"}, result)


if __name__ == "__main__":
    if "--bin" in sys.argv:
        at = sys.argv.index("--bin")
        PROGRAMS = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    unittest.main()
