"""Programs under callgrind."""

import re
from pathlib import Path

from driver.processes import Failed

# The same memcpy and strlen on every CPU, and none whose one instruction moves many bytes and is counted as many.
PLAIN_LIBC = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-ERMS,-FSRM,-AVX2,-AVX512F,-AVX512VL,-AVX_Fast_Unaligned_Load"}


def command(output, program):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", *map(str, program)]


def total(output):
    """All instructions of the profile."""
    found = re.search(r"^(?:summary|totals): (\d+)", Path(output).read_text(errors="replace"), re.MULTILINE)
    if not found:
        raise Failed("callgrind counted nothing")
    return int(found.group(1))
