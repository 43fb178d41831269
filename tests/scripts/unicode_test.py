"""Compares the table of weft/base/text/printable.cc with the character data that Python has."""

import re
import unicodedata
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "weft" / "base" / "text" / "printable.cc"
UNPRINTABLE = {"Cc", "Cf", "Zl", "Zp"}
# Variation selectors: in the block of plane 14 that is escaped as a whole.
ALSO_ESCAPED = range(0xE0100, 0xE01F0)


def escaped():
    ranges = re.findall(r"\{0x([0-9a-f]+), 0x([0-9a-f]+)\}", SOURCE.read_text())
    return {code for first, last in ranges for code in range(int(first, 16), int(last, 16) + 1)}


class Table(unittest.TestCase):
    def test_it_has_every_control_format_and_separator_character(self):
        table = escaped()
        for code in range(0x110000):
            if unicodedata.category(chr(code)) in UNPRINTABLE:
                self.assertIn(code, table, f"U+{code:04X}")

    def test_it_has_no_character_that_can_be_seen(self):
        for code in escaped():
            category = unicodedata.category(chr(code))
            if code not in ALSO_ESCAPED:
                self.assertIn(category, UNPRINTABLE | {"Cn"}, f"U+{code:04X}")


if __name__ == "__main__":
    unittest.main()
