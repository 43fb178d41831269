"""The files of this repository a source reads, and a fingerprint of them: what a cached check depends on."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


class IncludeGraph:
    """Follows quoted includes below the given include directories (the repository first)."""

    def __init__(self, directories):
        self.directories = [Path(d) for d in directories]
        self._direct = lru_cache(maxsize=None)(self._read)

    def _read(self, file):
        content = file.read_bytes()
        found = set()
        for name in INCLUDE.findall(content):
            for directory in (file.parent, *self.directories):
                path = directory / name.decode()
                if path.is_file():
                    found.add(path)
                    break
        return hashlib.sha256(content).digest(), frozenset(found)

    def closure(self, file):
        seen, todo = set(), [Path(file)]
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                todo.extend(self._direct(path)[1])
        return seen

    def fingerprint(self, file, salt):
        """Changes when the file, anything it includes from here, or the salt (command, config) changes."""
        digest = hashlib.sha256(salt.encode())
        for path in sorted(self.closure(file)):
            digest.update(self._direct(path)[0])
        return digest.hexdigest()
