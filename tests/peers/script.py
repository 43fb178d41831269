"""How a script that judges weft by programs of others ends, and what it needs."""

import os
import socket
import sys
from pathlib import Path

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
NODE_MODULES = os.environ.get("WEFT_NODE_MODULES", "")


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def without_packages(names):
    """What skip() says where the folder NODE_MODULES lacks some of these packages of Node's; else an empty text."""
    missing = [name for name in names if not NODE_MODULES or not (Path(NODE_MODULES) / name).is_dir()]
    return "WEFT_NODE_MODULES names no folder with " + ", ".join(missing) if missing else ""


def check(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
