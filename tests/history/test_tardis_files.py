"""Tardis and Hyperliquid: when a row could be known, contracts and coins, what a row leaves empty; and as readings."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FundingRate, MarkPrice
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.history.kinds import LIQUIDATIONS, TICKERS, TOPS, TRADES, Kind
from cockpit.history.store import Series, day_of, is_whole
from cockpit.research.readings import readings_of
from tests.history.shelf import Shelf

DAY = day_of("2024-08-08")
START_US = DAY * 86_400_000_000
HEADS = {
    "trades": "exchange,symbol,timestamp,local_timestamp,id,side,price,amount",
    "quotes": "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount",
    "derivative_ticker": (
        "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,"
        "last_price,index_price,mark_price"
    ),
}


def tardis(
    directory: Path, what: str, rows: list[str], exchange: str = "binance-futures", symbol: str = "BTCUSDT"
) -> Path:
    """Rows as what follows the symbol, after (µs into the day, µs until it was received)."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{exchange}_{what}_2024-08-08_{symbol}.csv.gz"
    head = HEADS.get(what, HEADS["trades"])
    path.write_bytes(gzip.compress("\n".join([head, *(f"{exchange},{symbol},{row}" for row in rows)]).encode()))
    return path


def stamped(at_s: float, later_us: int, rest: str) -> str:
    at_us = START_US + round(at_s * 1e6)
    return f"{at_us},{at_us + later_us},{rest}"


def stored(store: Shelf, kind: Kind, venue: str = "binance", asset: str = "BTC") -> dict[str, list[float]]:
    found: dict[str, list[float]] = pq.read_table(store.path(Series(venue, asset, kind), DAY)).to_pydict()
    return found


def test_trades(store: Shelf, tmp_path: Path) -> None:
    rows = [stamped(1.5, 800, "77,buy,60000.1,0.5"), stamped(1.5, 900, "78,sell,60000.0,0.25")]
    added = store.add(tardis(tmp_path, "trades", rows))
    assert (added.bad, added.rows) == ("", 2)
    found = stored(store, TRADES)
    assert found["ts_ns"] == [DAY * NS_PER_DAY + 1_500_000_000] * 2
    assert (found["taker_is_buyer"], found["qty_coins"]) == ([True, False], [0.5, 0.25])


def test_contracts_of_okx_become_coins(store: Shelf, tmp_path: Path) -> None:
    path = tardis(tmp_path, "trades", [stamped(1, 800, "1,buy,60000.1,50")], "okex-swap", "BTC-USDT-SWAP")
    assert not store.add(path).bad
    assert stored(store, TRADES, "okx")["qty_coins"] == [0.5]


def test_a_forced_sale_closed_a_long_and_a_quiet_day_has_no_gap(store: Shelf, tmp_path: Path) -> None:
    rows = [stamped(1.5, 800, "7,sell,60000.1,0.5"), stamped(40_000, 900, ",buy,60000.0,0.25")]
    assert not store.add(tardis(tmp_path, "liquidations", rows)).bad
    found = stored(store, LIQUIDATIONS)
    assert (found["long_liquidated"], found["qty_coins"]) == ([True, False], [0.5, 0.25])
    assert [known - at for known, at in zip(found["known_ns"], found["ts_ns"], strict=True)] == [800_000, 900_000]
    about = store.about(Series("binance", "BTC", LIQUIDATIONS), DAY)
    assert about is not None and is_whole(about, DAY) and not about.gap_count


def test_a_quote_is_known_when_it_was_received_and_an_empty_side_is_no_top(store: Shelf, tmp_path: Path) -> None:
    rows = [
        stamped(1, 7_000, "2,60000.2,60000.1,1"),
        stamped(2, 7_000, "2,60000.2,,"),
        stamped(3, -5_000, "3,60000.3,60000.2,1"),
    ]
    assert not store.add(tardis(tmp_path, "quotes", rows)).bad
    found = stored(store, TOPS)
    start_ns = DAY * NS_PER_DAY
    assert found["known_ns"] == [start_ns + NS_PER_S + 7_000_000, start_ns + 3 * NS_PER_S]
    assert (found["bid_usd"], found["ask_coins"]) == ([60000.1, 60000.2], [2.0, 3.0])


def test_tickers_tell_the_running_rate_and_the_basis(
    store: Shelf, tmp_path: Path, shipped_config: CockpitConfig
) -> None:
    rows = [
        stamped(10, 1_000, ",0.0001,,100000,60000,59990,60001"),
        stamped(59.9995, 1_000, ",0.0009,,100000,60000,59990,60009"),
        stamped(130, 1_000, ",,,100000,60000,59990,60002"),
    ]
    assert not store.add(tardis(tmp_path, "derivative_ticker", rows)).bad
    found = stored(store, TICKERS)
    assert found["funding_rate_ratio"] == [0.0001, 0.0009, None] and found["mark_usd"] == [60001.0, 60009.0, 60002.0]
    told = readings_of(store, shipped_config, DAY)
    start_ns = DAY * NS_PER_DAY
    rates = [one for one in told if isinstance(one, FundingRate)]
    # The second row was received half a millisecond after the minute: nobody knew it then.
    assert [(one.ts_ns - start_ns, round(one.rate_bps_8h, 9)) for one in rates] == [
        (60 * NS_PER_S, 1.0), (120 * NS_PER_S, 9.0)
    ]  # fmt: skip
    marks = [one for one in told if isinstance(one, MarkPrice)]
    assert [(one.ts_ns - start_ns, one.mark) for one in marks] == [
        (60 * NS_PER_S, 60001.0), (120 * NS_PER_S, 60009.0), (180 * NS_PER_S, 60002.0)
    ]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_hyperliquid_contexts_of_every_coin(store: Shelf, tmp_path: Path, packed: bool) -> None:
    head = "time,coin,funding,open_interest,prev_day_px,day_ntl_vlm,premium,oracle_px,mark_px,mid_px,impact_bid_px"
    rows = [
        f"2024-08-08T00:0{minute}:00Z,{coin},0.0000125,{oi},1,1,0,60000,60001,60000.5,60000"
        for minute in range(3)
        for coin, oi in (("BTC", 9_000), ("kPEPE", 5), ("ETH", 80_000))
    ]
    data = "\n".join([head, *rows]).encode()
    path = tmp_path / ("20240808.csv.lz4" if packed else "20240808.csv")
    if packed:
        with pa.CompressedOutputStream(str(path), "lz4") as file:
            file.write(data)
    else:
        path.write_bytes(data)
    added = store.add(path)
    assert (added.bad, added.rows) == ("", 6)
    assert {(series.venue, series.asset) for series in store.series()} == {
        ("hyperliquid", "BTC"),
        ("hyperliquid", "ETH"),
    }
    found = stored(store, TICKERS, "hyperliquid")
    assert (found["interval_h"], found["open_interest_coins"]) == ([1.0] * 3, [9_000.0] * 3)
    assert found["known_ns"] == [DAY * NS_PER_DAY + minute * 60 * NS_PER_S for minute in range(3)]


def test_what_is_not_taken_is_one_line(store: Shelf, tmp_path: Path) -> None:
    row = [stamped(1, 800, "1,buy,60000.1,50")]
    for path, said in (
        (tardis(tmp_path, "trades", row, "deribit", "BTC-PERPETUAL"), "expected an exchange that is read"),
        (
            tardis(tmp_path, "book_snapshot_5", row),
            "expected trades, quotes, derivative_ticker, liquidations of Tardis, was book_snapshot_5",
        ),
        (tardis(tmp_path, "liquidations", [stamped(1, 800, "1,unknown,60000.1,50")]), "expected buy or sell"),
        (tardis(tmp_path, "trades", row, "okex-swap", "DOGE-USDT-SWAP"), "whose contract is known in coins"),
    ):
        added = store.add(path)
        assert said in added.bad and "\n" not in added.bad
    assert not store.series()
