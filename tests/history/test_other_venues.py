"""Files of OKX and Bybit: the day that is not UTC's, contracts and coins, seconds with a fraction, files backwards."""

import gzip
import zipfile
from pathlib import Path

import pytest

from cockpit.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_S
from cockpit.history.kinds import FUNDING, TRADES, Kind
from cockpit.history.store import Series, day_of, is_whole
from tests.history.shelf import Shelf

DAY = day_of("2024-08-08")
START_MS = DAY * 86_400_000
TRADES_HEADER = "instrument_name,trade_id,side,price,size,created_time"
FUNDING_HEADER = "instrument_name,funding_rate,funding_time"
BYBIT_HEADER = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"


def zipped(directory: Path, name: str, header: str, rows: list[str]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{name}.csv", "\r\n".join([header, *rows]) + "\r\n")
    return path


def okx_day(directory: Path, day: str, asset: str = "BTC", size: str = "2") -> Path:
    """A print a minute over the day of UTC+8, odd ones sold."""
    start_ms = day_of(day) * 86_400_000 - 8 * 3_600_000
    sides, first = ("buy", "sell"), start_ms // 60_000
    rows = [f"{asset}-USDT-SWAP,{first + n},{sides[n % 2]},60000.1,{size},{start_ms + n * 60_000}" for n in range(1440)]
    return zipped(directory, f"{asset}-USDT-SWAP-trades-{day}", TRADES_HEADER, rows)


def rows_of(store: Shelf, venue: str, asset: str, kind: Kind, day: int = DAY) -> dict[str, list[float]]:
    import pyarrow.parquet as pq

    found: dict[str, list[float]] = pq.read_table(store.path(Series(venue, asset, kind), day)).to_pydict()
    return found


def test_one_utc_day_of_okx_needs_two_files(store: Shelf, tmp_path: Path) -> None:
    series = Series("okx", "BTC", TRADES)
    added = store.add(okx_day(tmp_path, "2024-08-08"))
    assert (added.bad, added.rows, added.days) == ("", 1440, ("2024-08-07", "2024-08-08"))
    about = store.about(series, DAY)
    assert about is not None and not is_whole(about, DAY)
    assert about.covered == [(DAY * NS_PER_DAY, DAY * NS_PER_DAY + 16 * 3600 * NS_PER_S)]
    assert not store.add(okx_day(tmp_path, "2024-08-09")).bad
    about = store.about(series, DAY)
    assert about is not None and is_whole(about, DAY) and about.rows == 1440 and not about.gap_count
    rows = rows_of(store, "okx", "BTC", TRADES)
    assert rows["ts_ns"][0] == DAY * NS_PER_DAY and rows["ts_ns"] == sorted(rows["ts_ns"])
    assert rows["taker_is_buyer"][:2] == [True, False]


@pytest.mark.parametrize(
    ("asset", "size", "coins"),
    [("BTC", "2", 0.02), ("BTC", "1.3E1", 0.13), ("ETH", "0.01", 0.001), ("SOL", "3", 3.0), ("XRP", "0.01", 1.0)],
)
def test_contracts_become_coins(store: Shelf, tmp_path: Path, asset: str, size: str, coins: float) -> None:
    assert not store.add(okx_day(tmp_path, "2024-08-08", asset, size)).bad
    assert set(rows_of(store, "okx", asset, TRADES)["qty_coins"]) == {coins}


def test_funding_of_every_swap_in_one_file(store: Shelf, tmp_path: Path) -> None:
    hours = [START_MS - 8 * 3_600_000, START_MS, START_MS + 8 * 3_600_000 + 3]
    rows = [f"BTC-USDT-SWAP,0.0001,{at}" for at in hours]
    rows += [f"XRP-USDT-SWAP,-0.0002,{START_MS + n * 4 * 3_600_000}" for n in range(4)]
    rows += [f"BTC-USD-SWAP,0.5,{START_MS}", f"ETH-USDT-SWAP,0.0003,{START_MS}"]
    added = store.add(zipped(tmp_path, "allswap-fundingrates-2024-08-08", FUNDING_HEADER, rows))
    assert (added.bad, added.rows) == ("", 8)
    btc = rows_of(store, "okx", "BTC", FUNDING)
    assert (btc["ts_ns"], btc["interval_h"]) == ([hours[1] * NS_PER_MS, hours[2] * NS_PER_MS], [8.0, 8.0])
    assert btc["rate_ratio"] == [0.0001, 0.0001]
    assert rows_of(store, "okx", "BTC", FUNDING, DAY - 1)["interval_h"] == [8.0]
    assert rows_of(store, "okx", "XRP", FUNDING)["interval_h"] == [4.0] * 4
    assert rows_of(store, "okx", "ETH", FUNDING)["interval_h"] == [8.0]
    assert {series.asset for series in store.series()} == {"BTC", "ETH", "XRP"}
    assert store.add(tmp_path / "allswap-fundingrates-2024-08-08.zip").sentence.endswith("is in the store already")


def bybit_day(directory: Path, stamps: list[str], symbol: str = "BTCUSDT", side: str = "Sell") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{at},{symbol},{side},0.003,{93530 + n},ZeroMinusTick,id-{n},1,0.003,280.59" for n, at in enumerate(stamps)
    ]
    path = directory / f"{symbol}2024-08-08.csv.gz"
    path.write_bytes(gzip.compress("\n".join([BYBIT_HEADER, *rows]).encode()))
    return path


def test_bybit_seconds_with_a_fraction(store: Shelf, tmp_path: Path) -> None:
    start_s = START_MS // 1000
    added = store.add(bybit_day(tmp_path, [f"{start_s}.0974", f"{start_s}.0974", f"{start_s + 5}.123456"]))
    assert (added.bad, added.rows) == ("", 3)
    rows = rows_of(store, "bybit", "BTC", TRADES)
    assert rows["ts_ns"] == [
        start_s * NS_PER_S + 97_400_000, start_s * NS_PER_S + 97_400_000, (start_s + 5) * NS_PER_S + 123_456_000
    ]  # fmt: skip
    assert rows["price_usd"] == [93530.0, 93531.0, 93532.0] and rows["taker_is_buyer"] == [False] * 3


def test_a_bybit_file_that_runs_backwards_is_turned(store: Shelf, tmp_path: Path) -> None:
    start_s = START_MS // 1000
    assert not store.add(bybit_day(tmp_path, [f"{start_s + 9}.5", f"{start_s + 4}.5", f"{start_s + 4}.5"])).bad
    rows = rows_of(store, "bybit", "BTC", TRADES)
    assert rows["ts_ns"] == sorted(rows["ts_ns"]) and rows["price_usd"] == [93532.0, 93531.0, 93530.0]


def test_what_is_not_taken_is_one_line(store: Shelf, tmp_path: Path) -> None:
    start_s = START_MS // 1000
    wrong = [f"ETH-USDT-SWAP,1,buy,1,1,{START_MS}"]
    for path, said in (
        (
            okx_day(tmp_path, "2024-08-08", "DOGE"),
            "expected a swap whose contract is known in coins (BTC, ETH, SOL, XRP)",
        ),
        (zipped(tmp_path, "BTC-USDT-trades-2024-08-08", TRADES_HEADER, wrong), "was another instrument"),
        (
            zipped(tmp_path, "BTC-USDT-SWAP-trades-2024-08-08", TRADES_HEADER, wrong),
            "expected rows of BTC-USDT-SWAP, was",
        ),
        (bybit_day(tmp_path, [f"{start_s}.1"], "BTCUSD"), "expected a linear perpetual, was an inverse one"),
        (bybit_day(tmp_path, [f"{start_s}.1"], side="Hold"), "expected buy or sell, was 'hold'"),
    ):
        added = store.add(path)
        assert said in added.bad and "\n" not in added.bad
    assert not store.series()
