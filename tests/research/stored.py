"""Generated days in a store, by way of the public files they would have come in."""

from pathlib import Path

import numpy as np

from cockpit.domain.units import NS_PER_DAY, NS_PER_MS
from cockpit.history.store import day_text
from tests.history.public_files import put
from tests.history.shelf import Shelf
from tests.research.generated import DAY, prints_of


def shelf_of(directory: Path, *, days: int = 3, count: int = 2_500, span_s: float = 1_500.0, seed: int = 1) -> Shelf:
    """BTC prints of some days."""
    shelf = Shelf(directory / "store")
    for day in range(DAY, DAY + days):
        prints = prints_of(np.random.default_rng((seed, day)), "BTC", day, count, span_s, swing=1.5)
        stamps = (np.maximum(prints.ts_ns, day * NS_PER_DAY) // NS_PER_MS).tolist()
        columns = (prints.price.tolist(), prints.qty.tolist(), stamps, prints.is_buyer.tolist())
        rows = [
            f"{number},{price},{qty},{number},{number},{at},{'false' if buyer else 'true'}"
            for number, (price, qty, at, buyer) in enumerate(zip(*columns, strict=True))
        ]
        added = shelf.add(put(directory / "files", "aggTrades", rows, day_text(day)))
        assert not added.bad, added.bad
    return shelf
