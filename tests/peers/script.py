"""How a script that judges weft by programs of others ends, and what it needs."""

import socket
import sys

SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def check(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
