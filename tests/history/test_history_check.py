"""What `check` says: each day's state, the gaps, and the readings that a backtest would lack."""

from pathlib import Path

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.history.checking import Check, Lack, check_store
from cockpit.history.errors import HistoryError
from cockpit.history.listing import check_lines, list_store, listing_lines
from cockpit.history.store import day_of
from tests.history import public_files
from tests.history.public_files import DAY_MS, put
from tests.history.shelf import Shelf

DAY = day_of("2024-08-08")


def states(found: Check, kind: str) -> list[tuple[str, str]]:
    series = next(one for one in found.series if one.kind == kind)
    return [(day.day, day.state) for day in series.days]


def lack_of(found: Check, detail: str) -> Lack | None:
    return next((lack for lack in found.lacks if lack.detail.startswith(detail)), None)


def test_each_day_is_whole_part_with_gaps_or_missing(
    store: Shelf, tmp_path: Path, shipped_config: CockpitConfig
) -> None:
    day_ms = 86_400_000
    rows = public_files.agg_trades(DAY_MS + 2 * day_ms)
    store.add(put(tmp_path, "aggTrades", public_files.agg_trades(), "2024-08-08"))
    store.add(put(tmp_path, "aggTrades", rows[:10] + rows[12:], "2024-08-10"))
    store.add(put(tmp_path, "aggTrades", public_files.agg_trades(DAY_MS + 3 * day_ms)[:700], "2024-08-11"))
    found = check_store(store, shipped_config, None, None)
    assert states(found, "agg_trades") == [
        ("2024-08-08", "whole"), ("2024-08-09", "missing"), ("2024-08-10", "gaps"), ("2024-08-11", "part")
    ]  # fmt: skip
    assert not found.ok
    lines = check_lines(found)
    assert lines[0] == "2024-08-08 to 2024-08-11"
    assert "binance BTC agg_trades: 2024-08-10 gaps, 1,438 rows, 1 gap: 00:09:00-00:12:00 (2 rows)" in lines
    assert "binance BTC agg_trades: 2024-08-11 part, 700 rows, of 699.0 minutes" in lines
    prints = lack_of(found, "prints of BTC on binance")
    assert prints is not None and (prints.days, prints.part_days) == (2, 1)
    assert any(line.startswith("lacks on 2 of 4 days (1 of them there in part): prints of BTC") for line in lines)


def test_only_the_days_asked_for_count(store: Shelf, tmp_path: Path, shipped_config: CockpitConfig) -> None:
    store.add(put(tmp_path, "aggTrades", public_files.agg_trades()))
    found = check_store(store, shipped_config, DAY - 1, DAY)
    assert states(found, "agg_trades") == [("2024-08-07", "missing"), ("2024-08-08", "whole")]
    with pytest.raises(HistoryError, match="expected --from on or before --to"):
        check_store(store, shipped_config, DAY, DAY - 1)


def test_readings_that_lack_are_named_with_their_setups(
    store: Shelf, tmp_path: Path, shipped_config: CockpitConfig
) -> None:
    store.add(put(tmp_path, "aggTrades", public_files.agg_trades()))
    before = check_store(store, shipped_config, None, None)
    positioning = lack_of(before, "positioning of BTC")
    assert positioning is not None
    assert (positioning.days, positioning.of_days) == (1, 1)
    assert len(positioning.setups) == 2
    assert lack_of(before, "prints of BTC on binance") is None
    assert lack_of(before, "prints of BTC on okx") is not None
    assert lack_of(before, "best bid and ask (else the spread is modelled) of BTC on binance") is not None
    assert lack_of(before, "funding of BTC on okx: funding") is not None
    assert lack_of(before, "health factor: no history is read of it") is not None
    fee = lack_of(before, "Solana priority fee")
    assert fee is not None
    assert all(shipped_config.setups[name].kind == "priority_fee_fade" for name in fee.setups)

    store.add(put(tmp_path, "metrics", public_files.metrics("2024-08-08")))
    after = check_store(store, shipped_config, None, None)
    assert lack_of(after, "positioning of BTC") is None
    assert lack_of(after, "open interest of BTC") is None
    assert lack_of(after, "positioning of SOL") is not None


def test_a_damaged_day_is_said_and_does_not_count(store: Shelf, tmp_path: Path, shipped_config: CockpitConfig) -> None:
    store.add(put(tmp_path, "aggTrades", public_files.agg_trades()))
    path = next(store.root.rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-50])
    found = check_store(store, shipped_config, None, None)
    assert states(found, "agg_trades") == [("2024-08-08", "damaged")]
    assert lack_of(found, "prints of BTC on binance") is not None
    assert list_store(store)[0].whole_days == 0


def test_an_empty_store_says_how_to_fill_it(store: Shelf, shipped_config: CockpitConfig) -> None:
    assert listing_lines(store, list_store(store)) == [f"{store.root}: no history yet: cockpit history add FILES"]
    with pytest.raises(HistoryError, match="expected history to check, was none"):
        check_store(store, shipped_config, None, None)
