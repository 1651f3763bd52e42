"""Hyperliquid's fills: both sides of a print count once, a forced order closed a position, hours make days."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cockpit.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_S
from cockpit.history.kinds import LIQUIDATIONS, TRADES, Kind
from cockpit.history.store import Series, day_of, is_whole
from tests.history.shelf import Shelf

DAY = day_of("2025-07-28")
START_MS = DAY * 86_400_000
TAKER, MAKER, LIQUIDATED = "0xAaaa", "0xbbbb", "0xCcCc"


def fill(at_ms: int, tid: int, side: str, *, crossed: bool, coin: str = "BTC", forced: str = "") -> dict[str, Any]:
    """One side of a print as the nodes write it."""
    row: dict[str, Any] = {
        "coin": coin, "px": "119000.5", "sz": "0.25", "side": side, "time": START_MS + at_ms, "startPosition": "0.0",
        "dir": "Open Long", "closedPnl": "0.0", "hash": "0x1", "oid": tid, "crossed": crossed, "fee": "0.1",
        "tid": tid, "feeToken": "USDC",
    }  # fmt: skip
    return row | (
        {"liquidation": {"liquidatedUser": forced, "markPx": "118990.0", "method": "market"}} if forced else {}
    )


def pair(at_ms: int, tid: int, taker_side: str, **more: Any) -> list[list[Any]]:
    maker_side = "A" if taker_side == "B" else "B"
    taker = more.get("forced") or TAKER
    return [
        [MAKER, fill(at_ms, tid, maker_side, crossed=False, **more)],
        [str(taker).lower(), fill(at_ms, tid, taker_side, crossed=True, **more)],
    ]


def block(at_ms: int, events: list[list[Any]]) -> dict[str, Any]:
    stamp = f"2025-07-28T{at_ms // 3_600_000:02d}:{at_ms // 60_000 % 60:02d}:{at_ms // 1000 % 60:02d}"
    return {"local_time": f"{stamp}.334741319", "block_time": f"{stamp}.2737", "block_number": 1, "events": events}


def put(directory: Path, hour: int, lines: list[Any], day: str = "20250728", *, packed: bool = True) -> Path:
    path = directory / day / (f"{hour}.lz4" if packed else str(hour))
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    if not packed:
        path.write_bytes(data)
        return path
    with pa.CompressedOutputStream(str(path), "lz4") as file:
        file.write(data)
    return path


def stored(store: Shelf, kind: Kind, asset: str = "BTC") -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = pq.read_table(store.path(Series("hyperliquid", asset, kind), DAY)).to_pydict()
    return found


@pytest.mark.parametrize("packed", [True, False])
def test_a_print_is_there_once_and_its_taker_is_who_crossed(store: Shelf, tmp_path: Path, packed: bool) -> None:
    tids = [900, 5, 77]  # hashes: they order nothing
    events = [*pair(1_000, tids[0], "B"), *pair(1_000, tids[1], "A"), *pair(1_001, tids[2], "A", coin="ETH")]
    added = store.add(put(tmp_path, 0, [block(1_000, events)], packed=packed))
    assert (added.bad, added.rows) == ("", 3)
    found = stored(store, TRADES)
    assert found["taker_is_buyer"] == [True, False] and found["qty_coins"] == [0.25] * 2
    assert found["ts_ns"] == [DAY * NS_PER_DAY + 1_000 * NS_PER_MS] * 2
    assert found["trade_id"] == [(START_MS + 1_000) * 1_000_000, (START_MS + 1_000) * 1_000_000 + 1]
    assert stored(store, TRADES, "ETH")["taker_is_buyer"] == [False]


def test_lines_of_single_fills_are_the_same_prints(store: Shelf, tmp_path: Path) -> None:
    lines = [*pair(1_000, 900, "B"), *pair(1_000, 5, "A")]
    assert not store.add(put(tmp_path, 0, lines)).bad
    assert stored(store, TRADES)["taker_is_buyer"] == [True, False]


@pytest.mark.parametrize(("side", "closed_long"), [("A", True), ("B", False)])
def test_a_forced_order_is_taken_once_whichever_side_says_it(
    store: Shelf, tmp_path: Path, side: str, closed_long: bool
) -> None:
    events = pair(5_000, 12, side, forced=LIQUIDATED)
    assert not store.add(put(tmp_path, 0, [block(5_000, events)])).bad
    found = stored(store, LIQUIDATIONS)
    assert (found["long_liquidated"], found["qty_coins"], found["price_usd"]) == ([closed_long], [0.25], [119000.5])
    assert found["ts_ns"] == [DAY * NS_PER_DAY + 5 * NS_PER_S]
    assert found["known_ns"] == [DAY * NS_PER_DAY + 5 * NS_PER_S + 334_741_319]
    assert stored(store, TRADES)["taker_is_buyer"] == [not closed_long]


def test_a_takeover_by_the_vault_is_forced_and_no_market_print(store: Shelf, tmp_path: Path) -> None:
    sides = [
        [LIQUIDATED.lower(), fill(9, 4, "A", crossed=False, forced=LIQUIDATED)],
        [MAKER, fill(9, 4, "B", crossed=False, forced=LIQUIDATED)],
    ]
    assert not store.add(put(tmp_path, 0, [block(9, sides)])).bad
    assert stored(store, LIQUIDATIONS)["long_liquidated"] == [True]
    assert [series.kind for series in store.series()] == [LIQUIDATIONS]


def test_spot_is_left_and_counted_and_a_block_that_is_there_twice_counts_once(store: Shelf, tmp_path: Path) -> None:
    one = block(
        1_000, [*pair(1_000, 1, "B"), *pair(1_000, 2, "B", coin="@107"), *pair(1_000, 3, "B", coin="PURR/USDC")]
    )
    added = store.add(put(tmp_path, 0, [one, one]))
    assert added.rows == 1 and dict(added.left) == {
        "fill of spot, or of a market that is not the venue's own": 8,
        "fill that was there already": 1,
    }


def test_twenty_four_hours_in_any_order_make_a_day_and_each_hour_again_nothing(store: Shelf, tmp_path: Path) -> None:
    hours = []
    for hour in range(24):
        minutes = range(hour * 3_600_000, (hour + 1) * 3_600_000, 60_000)
        hours.append(put(tmp_path, hour, [block(at, pair(at, at, "B")) for at in minutes]))
    for path in sorted(hours)[:-1]:
        assert not store.add(path).bad
    about = store.about(Series("hyperliquid", "BTC", TRADES), DAY)
    assert about is not None and not is_whole(about, DAY)
    assert not store.add(sorted(hours)[-1]).bad
    about = store.about(Series("hyperliquid", "BTC", TRADES), DAY)
    assert about is not None and is_whole(about, DAY) and about.rows == 1_440 and not about.gap_count
    stamps = stored(store, TRADES)["ts_ns"]
    assert stamps == sorted(stamps)
    assert store.add(hours[3]).sentence.endswith("is in the store already")


def test_a_straggler_of_the_day_before_takes_nothing_away(store: Shelf, tmp_path: Path) -> None:
    assert not store.add(put(tmp_path, 0, [block(1_000, pair(1_000, 1, "B"))])).bad
    late = pair(86_399_999, 2, "A")
    assert not store.add(put(tmp_path, 0, [block(86_399_000, late)], day="20250729")).bad
    assert stored(store, TRADES)["taker_is_buyer"] == [True, False]


def test_a_bad_file_is_one_line_and_leaves_nothing(store: Shelf, tmp_path: Path) -> None:
    good = block(1_000, pair(1_000, 1, "B"))
    zero = block(1_000, [["0x", fill(1_000, 1, "B", crossed=True) | {"px": "0"}]])
    strange = block(1_000, [["0x", fill(-9 * 86_400_000, 1, "B", crossed=True)]])
    for number, (lines, said) in enumerate(
        [
            ([good, {"local_time": "x", "events": "none"}], "line 2"),
            ([good, zero], "line 2: expected a price and a size above zero, was 0 and 0.25"),
            ([strange], "expected a stamp near the hour of its name"),
            ([], "was empty"),
        ]
    ):
        added = store.add(put(tmp_path, number, lines))
        assert said in added.bad and "\n" not in added.bad, added.bad
    whole = put(tmp_path, 9, [block(at, pair(at, at, "B")) for at in range(0, 400_000, 100)])
    whole.write_bytes(whole.read_bytes()[:-2_000])
    assert store.add(whole).bad
    assert not store.series()
