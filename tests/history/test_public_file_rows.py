"""The public files' columns, units, headers and labels, as rows of the store."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cockpit.history.kinds import AGG_TRADES, DEPTH_BANDS, FUNDING, KINDS, POSITIONING, PREMIUM, TOPS, TRADES, Kind
from cockpit.history.source_files import Given
from cockpit.history.store import Series, day_of
from tests.history import public_files
from tests.history.public_files import DAY_MS, put
from tests.history.shelf import Shelf

NS_PER_MS = 1_000_000


def stored(store: Shelf, kind: Kind, day: str = "2024-08-08") -> pa.Table:
    return pq.read_table(store.path(Series("binance", "BTC", kind), day_of(day)), partitioning=None)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("unit", [1, 1_000])
def test_stamps_are_the_same_instant_in_ms_and_in_µs_with_and_without_a_header(
    store: Shelf, tmp_path: Path, header: bool, unit: int
) -> None:
    added = store.add(put(tmp_path, "aggTrades", public_files.agg_trades(unit=unit), header=header))
    rows = stored(store, AGG_TRADES).to_pylist()
    assert (added.rows, added.days, added.bad, added.has_checksum) == (1440, ("2024-08-08",), "", True)
    assert rows[1] == {
        "agg_trade_id": 1001,
        "ts_ns": (DAY_MS + 60_000) * NS_PER_MS,
        "price_usd": 60_001.1,
        "qty_coins": 0.003,
        "taker_is_buyer": False,
        "first_trade_id": 2,
        "last_trade_id": 3,
    }


def test_a_file_of_two_units_is_bad(store: Shelf, tmp_path: Path) -> None:
    rows = [*public_files.agg_trades(count=720), *public_files.agg_trades(unit=1_000, count=720, first_id=9_000)]
    bad = store.add(put(tmp_path, "aggTrades", rows)).bad
    assert "expected stamps of one unit (s, ms, µs or ns) from 2009 on, was 1723075200000 to 1723161" in bad
    assert store.series() == []


def test_trades_say_who_took(store: Shelf, tmp_path: Path) -> None:
    store.add(put(tmp_path, "trades", public_files.trades()))
    first = stored(store, TRADES).to_pylist()[0]
    assert first == {
        "trade_id": 500, "ts_ns": DAY_MS * NS_PER_MS, "price_usd": 60000.1, "qty_coins": 0.01, "taker_is_buyer": False
    }  # fmt: skip


def test_a_top_is_known_when_the_exchange_sent_it(store: Shelf, tmp_path: Path) -> None:
    store.add(put(tmp_path, "bookTicker", public_files.book_ticker()))
    first = stored(store, TOPS).to_pylist()[0]
    assert (first["ts_ns"], first["known_ns"]) == (DAY_MS * NS_PER_MS, (DAY_MS + 5) * NS_PER_MS)
    assert (first["bid_usd"], first["bid_coins"], first["ask_usd"], first["ask_coins"]) == (60000.1, 1.5, 60000.2, 2.5)


def test_a_file_of_two_instruments_in_turn_is_refused(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.book_ticker()
    rows[1::2] = [row.replace("60000.", "2474.") for row in rows[1::2]]
    added = store.add(put(tmp_path, "bookTicker", rows))
    assert "expected tops of one instrument, was bids of 2474.1 and 60000.1" in added.bad and not store.series()


def test_a_crossed_top_and_a_price_of_zero_are_left_and_counted(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.book_ticker()
    rows[3] = f"3,60000.3,1.5,60000.2,2.5,{DAY_MS + 180_000},{DAY_MS + 180_005}"
    rows[4] = f"4,0,1.5,60000.2,2.5,{DAY_MS + 240_000},{DAY_MS + 240_005}"
    added = store.add(put(tmp_path, "bookTicker", rows))
    assert added.rows == 1438
    assert dict(added.left) == {
        "top whose bid is above its ask": 1, "price or quantity that is not a number above zero": 1
    }  # fmt: skip


@pytest.mark.parametrize(("day", "later_s"), [("2026-06-24", 0), ("2026-06-25", 300), ("2026-06-26", 300)])
def test_metrics_are_known_at_the_end_of_their_window_whatever_their_label_names(
    store: Shelf, tmp_path: Path, day: str, later_s: int
) -> None:
    store.add(put(tmp_path, "metrics", public_files.metrics(day), day))
    rows = stored(store, POSITIONING, day).to_pylist()
    assert len(rows) == 288
    assert {row["known_ns"] - row["ts_ns"] for row in rows} == {later_s * 1_000_000_000}
    midnight = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    assert rows[0]["ts_ns"] == midnight * 1_000_000_000


def test_metrics_that_were_not_taken_are_unknown_not_zero(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.metrics("2024-08-08")
    rows[5] = "2024-08-08 00:25:00,BTCUSDT,100243.058,6012494186.40,,,0.56,1.15"
    store.add(put(tmp_path, "metrics", rows))
    row = stored(store, POSITIONING).to_pylist()[5]
    assert (row["top_account_long_short_ratio"], row["account_long_short_ratio"]) == (None, 0.56)


def test_metrics_of_another_symbol_are_refused(store: Shelf, tmp_path: Path) -> None:
    rows = [row.replace("BTCUSDT", "ETHUSDT") for row in public_files.metrics("2024-08-08")]
    assert "expected rows of BTCUSDT, was ETHUSDT" in store.add(put(tmp_path, "metrics", rows)).bad


def test_depth_bands_of_both_ways_of_writing(store: Shelf, tmp_path: Path) -> None:
    old = "2024-08-08 11:07:31,-1,2294.324,191369991.21"
    new = "2024-08-08 11:07:31,-0.20,94.3,8369991.21"
    store.add(put(tmp_path, "bookDepth", [new, old.replace("-1", "-5.00"), old]))
    rows = stored(store, DEPTH_BANDS).to_pylist()
    assert [row["band_pct"] for row in rows] == [-5.0, -1.0, -0.2]
    assert rows[1]["depth_usd"] == 191369991.21


def test_funding_by_the_month_becomes_days(store: Shelf, tmp_path: Path) -> None:
    month_ms = DAY_MS - 7 * 86_400_000
    rows = [f"{month_ms + n * 28_800_000 + 7},8,0.00008191" for n in range(93)]
    added = store.add(put(tmp_path, "fundingRate", rows, "2024-08"))
    assert (len(added.days), added.days[0], added.days[-1]) == (31, "2024-08-01", "2024-08-31")
    first = stored(store, FUNDING).to_pylist()[0]
    assert first == {"ts_ns": (DAY_MS + 7) * NS_PER_MS, "interval_h": 8.0, "rate_ratio": 0.00008191}


def test_a_premium_bar_is_known_when_it_has_closed(store: Shelf, tmp_path: Path) -> None:
    directory = tmp_path / "premiumIndexKlines" / "BTCUSDT" / "1m"
    store.add(put(directory, "premiumIndexKlines", public_files.premium(), what="1m"))
    first = stored(store, PREMIUM).to_pylist()[0]
    assert (first["ts_ns"], first["known_ns"]) == (DAY_MS * NS_PER_MS, (DAY_MS + 60_000) * NS_PER_MS)
    assert (first["open_ratio"], first["close_ratio"]) == (-0.0004, -0.0003)


def test_bars_are_not_taken_for_premium_by_their_name_alone(store: Shelf, tmp_path: Path) -> None:
    path = put(tmp_path, "premiumIndexKlines", public_files.premium(), what="1m")
    assert "expected a name like BTCUSDT-aggTrades-2024-08-08.zip or --kind (" in store.add(path).bad
    assert store.add(path, Given(kind="premiumIndexKlines")).days == ("2024-08-08",)


def test_bars_of_an_hour_are_refused(store: Shelf, tmp_path: Path) -> None:
    rows = [f"{DAY_MS + n * 3_600_000},0,0,0,0,0,{DAY_MS + n * 3_600_000 + 3_599_999},0,1,0,0,0" for n in range(24)]
    path = put(tmp_path / "premiumIndexKlines", "premiumIndexKlines", rows, what="1h")
    assert "expected premium index bars of one minute" in store.add(path).bad


@pytest.mark.parametrize("market", ["spot", "cm"])
def test_other_markets_of_the_same_names_are_refused(store: Shelf, tmp_path: Path, market: str) -> None:
    path = put(tmp_path / market / "daily", "aggTrades", public_files.agg_trades())
    assert f"expected USD-M futures, was {market}" in store.add(path).bad


def test_a_spot_file_in_no_directory_is_known_by_its_columns(store: Shelf, tmp_path: Path) -> None:
    rows = [f"{row},true" for row in public_files.agg_trades()]
    assert "expected 7 columns of aggTrades" in store.add(put(tmp_path, "aggTrades", rows, header=False)).bad


def test_every_column_has_its_unit_in_its_name_or_needs_none() -> None:
    units = ("_ns", "_usd", "_coins", "_ratio", "_pct", "_h", "_id")
    names = {name for kind in KINDS.values() for name, _ in kind.columns}
    assert {name for name in names if not name.endswith(units)} == {"arrival", "taker_is_buyer", "long_liquidated"}
