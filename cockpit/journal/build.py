"""Which code decides: a digest that stands in every recording, so that a replay knows whether it is the same."""

import hashlib
from functools import cache
from pathlib import Path

import cockpit

DECIDING = ("config", "domain", "engine", "gate", "market", "setups")
"""The parts of the package that a verdict comes from. The others may change without any verdict changing."""
DIGITS = 12


@cache
def code_digest() -> str:
    """The digest of the deciding code as it lies on disk, names and contents; empty where it cannot be read."""
    root, found = Path(cockpit.__file__).parent, hashlib.sha256()
    try:
        for part in DECIDING:
            for file in sorted((root / part).rglob("*.py")):
                found.update(f"{file.relative_to(root).as_posix()}\0".encode())
                found.update(hashlib.sha256(file.read_bytes()).digest())
    except OSError:
        return ""
    return found.hexdigest()[:DIGITS]
