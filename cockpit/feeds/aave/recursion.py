"""A library that raises the recursion limit while it is imported must not leave it raised.

web3 brings one (py_ecc) that sets it to 100,000 for the whole process. At that limit a deeply nested JSON text, from
whoever may send us one, no longer raises RecursionError: it overflows the stack and kills the engine.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def recursion_limit_kept() -> Iterator[None]:
    """Import inside of this; afterwards the limit is what it was."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
