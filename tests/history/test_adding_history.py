"""What an add does to the store: twice, in pieces, out of order, published anew, damaged, cut, killed."""

import gzip
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cockpit.history.day_files import ROW_GROUP, Gap
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import AGG_TRADES, FUNDING, POSITIONING, RECORDED_TOPS, RECORDED_TRADES
from cockpit.history.source_files import Given, files_in
from cockpit.history.store import Series, Store, day_of, is_whole
from tests.history import public_files
from tests.history.public_files import DAY_MS, put, shuffled
from tests.history.shelf import Shelf

BTC = Series("binance", "BTC", AGG_TRADES)
DAY = day_of("2024-08-08")


def ids(store: Store, series: Series = BTC, day: int = DAY, column: str = "agg_trade_id") -> list[int]:
    found: list[int] = pq.read_table(store.path(series, day), partitioning=None)[column].to_pylist()
    return found


def fingerprint(store: Store) -> dict[str, bytes]:
    paths = (path for path in store.root.rglob("*.parquet"))
    return {str(path.relative_to(store.root)): path.read_bytes() for path in paths}


def test_a_day_is_whole_and_an_add_repeated_adds_nothing(store: Shelf, tmp_path: Path) -> None:
    path = put(tmp_path, "aggTrades", public_files.agg_trades())
    store.add(path)
    before = fingerprint(store)
    about = store.about(BTC, DAY)
    assert about is not None
    assert (is_whole(about, DAY), about.gap_count, about.rows, about.symbol) == (True, 0, 1440, "BTCUSDT")
    again = store.add(path)
    assert (again.days, again.sentence) == ((), f"{path.name}: is in the store already")
    assert fingerprint(store) == before


def test_the_same_content_under_another_name_is_known(store: Shelf, tmp_path: Path) -> None:
    path = put(tmp_path, "aggTrades", public_files.agg_trades())
    store.add(path)
    other = tmp_path / "copy" / path.name
    other.parent.mkdir()
    shutil.copy(path, other)
    assert store.add(other).days == ()


def test_a_day_that_was_lost_comes_back_with_its_file(store: Shelf, tmp_path: Path) -> None:
    path = put(tmp_path, "aggTrades", public_files.agg_trades())
    store.add(path)
    store.path(BTC, DAY).unlink()
    assert store.add(path).days == ("2024-08-08",)


def test_a_file_out_of_order_comes_out_in_order(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.agg_trades()
    added = store.add(put(tmp_path, "aggTrades", shuffled(rows)))
    about = store.about(BTC, DAY)
    assert ids(store) == list(range(1000, 2440))
    assert about is not None
    assert (added.duplicates, about.gap_count, is_whole(about, DAY)) == (0, 0, True)


def test_rows_that_are_there_twice_count_once(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.agg_trades()
    added = store.add(put(tmp_path, "aggTrades", [*rows, *rows[100:200]]))
    assert ids(store) == list(range(1000, 2440))
    assert (added.duplicates, added.changed) == (100, 0)


def test_of_two_rows_of_one_id_the_later_counts_and_it_is_said(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.agg_trades()
    added = store.add(put(tmp_path, "aggTrades", [*rows, rows[5].replace("0.003", "0.009")]))
    table = pq.read_table(store.path(BTC, DAY), partitioning=None)
    assert (added.duplicates, added.changed) == (1, 1)
    assert table["qty_coins"].to_pylist()[4:7] == [0.003, 0.009, 0.003]
    assert "1 were there twice (1 of them otherwise: the newer counts)" in added.sentence


def test_a_file_published_anew_replaces_the_old_one(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.agg_trades()
    store.add(put(tmp_path / "old", "aggTrades", rows))
    anew = [row for n, row in enumerate(rows) if n != 700]
    assert store.add(put(tmp_path / "new", "aggTrades", anew)).days == ("2024-08-08",)
    about = store.about(BTC, DAY)
    assert about is not None
    assert 1700 not in ids(store)
    assert len(about.sources) == 1
    assert about.gaps == [Gap((DAY_MS + 699 * 60_000) * 10**6, (DAY_MS + 701 * 60_000) * 10**6, 1)]


def test_a_month_and_its_days_together_are_each_row_once(store: Shelf, tmp_path: Path) -> None:
    day_ms = 86_400_000
    first = DAY_MS - 7 * day_ms
    month = public_files.agg_trades(first, count=24)
    month += public_files.agg_trades(first + day_ms, count=24, first_id=1_024)
    assert store.add(put(tmp_path, "aggTrades", month, "2024-08")).days == ("2024-08-01", "2024-08-02")
    added = store.add(put(tmp_path, "aggTrades", public_files.agg_trades(first, count=1440), "2024-08-01"))
    about = store.about(BTC, day_of("2024-08-01"))
    assert about is not None
    assert (added.duplicates, about.rows, len(about.sources)) == (24, 1440, 2)
    assert is_whole(about, day_of("2024-08-01"))


def test_missing_ids_and_silence_are_gaps(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.agg_trades()
    del rows[10:12], rows[600:700]
    store.add(put(tmp_path, "aggTrades", rows))
    about = store.about(BTC, DAY)
    assert about is not None
    assert [gap.missing for gap in about.gaps] == [2, 100]


def test_five_minutes_that_lack_in_metrics_are_a_gap(store: Shelf, tmp_path: Path) -> None:
    rows = public_files.metrics("2024-08-08")
    del rows[100]
    store.add(put(tmp_path, "metrics", shuffled([*rows, rows[3]])))
    about = store.about(Series("binance", "BTC", POSITIONING), DAY)
    assert about is not None
    assert (about.rows, about.duplicates, about.gap_count) == (287, 1, 1)


def test_a_payment_that_lacks_in_funding_every_four_hours_is_a_gap(store: Shelf, tmp_path: Path) -> None:
    rows = [f"{DAY_MS + n * 14_400_000 + 3},4,0.0001" for n in range(6) if n != 3]
    store.add(put(tmp_path, "fundingRate", rows, "2024-08"))
    about = store.about(Series("binance", "BTC", FUNDING), DAY)
    assert about is not None
    assert about.gap_count == 1


def test_a_day_that_stops_at_noon_is_not_whole(store: Shelf, tmp_path: Path) -> None:
    store.add(put(tmp_path, "aggTrades", public_files.agg_trades()[:720]))
    about = store.about(BTC, DAY)
    assert about is not None
    assert not is_whole(about, DAY)
    assert about.covered == [(DAY_MS * 10**6, (DAY_MS + 719 * 60_000) * 10**6 + 1)]


def bad_files(directory: Path) -> dict[str, Path]:
    rows = public_files.agg_trades()
    cut = put(directory, "aggTrades", rows, "2024-08-01")
    cut.write_bytes(cut.read_bytes()[:-200])
    cut.with_name(f"{cut.name}.CHECKSUM").unlink()
    flipped = put(directory, "aggTrades", rows, "2024-08-02")
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 0xFF
    flipped.write_bytes(content)
    rotten = put(directory, "aggTrades", rows, "2024-08-03")
    rotten.write_bytes(content)
    rotten.with_name(f"{rotten.name}.CHECKSUM").unlink()
    wrong = put(directory, "aggTrades", [*rows[:700], "12,oops,1,1,1,1,true", *rows[700:]], "2024-08-04")
    short = put(directory, "aggTrades", [*rows[:-1], rows[-1][:20]], "2024-08-05")
    empty = put(directory, "aggTrades", [], "2024-08-06")
    two = put(directory, "aggTrades", rows, "2024-08-07")
    with zipfile.ZipFile(two, "a") as packed:
        packed.writestr("more.csv", "x")
    two.with_name(f"{two.name}.CHECKSUM").unlink()
    return {
        "cut": cut,
        "flipped": flipped,
        "rotten": rotten,
        "wrong": wrong,
        "short": short,
        "empty": empty,
        "two": two,
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cut", "expected a whole file, was damaged"),
        ("flipped", "expected sha256 "),
        ("rotten", "expected a whole file, was damaged"),
        ("wrong", "invalid value 'oops'"),
        ("short", "expected 7 columns"),
        ("empty", "expected aggTrades rows, was none"),
        ("two", "expected one CSV in the zip, was 2 files"),
    ],
)
def test_a_bad_file_is_one_line_and_leaves_nothing(store: Shelf, tmp_path: Path, name: str, said: str) -> None:
    path = bad_files(tmp_path)[name]
    bad = store.add(path).bad
    assert said.lower() in bad.lower()
    assert bad.startswith(str(path))
    assert "\n" not in bad
    assert [found for found in store.root.rglob("*") if found.is_file() and found.name != ".lock"] == []


def test_a_check_sum_file_that_is_empty_is_said_as_it_is(store: Shelf, tmp_path: Path) -> None:
    path = put(tmp_path, "aggTrades", public_files.agg_trades())
    path.with_name(f"{path.name}.CHECKSUM").write_text("")
    assert "expected a sha256 in BTCUSDT-aggTrades-2024-08-08.zip.CHECKSUM, was none" in store.add(path).bad


def test_a_header_without_a_column_is_named(store: Shelf, tmp_path: Path) -> None:
    rows = ["agg_trade_id,price,quantity", "1,2,3"]
    bad = store.add(put(tmp_path, "aggTrades", rows, header=False)).bad
    assert "was without first_trade_id, last_trade_id, transact_time, is_buyer_maker" in bad


def test_two_symbols_of_one_coin_do_not_mix(store: Shelf, tmp_path: Path) -> None:
    store.add(put(tmp_path, "aggTrades", public_files.agg_trades()))
    path = put(tmp_path / "usdc", "aggTrades", public_files.agg_trades(count=720))
    path = path.rename(path.with_name(path.name.replace("BTCUSDT", "BTCUSDC")))
    assert "expected BTCUSDT as stored, was BTCUSDC" in store.add(path).bad


def test_a_day_out_of_order_over_many_row_groups_is_right_whatever_came_before(store: Shelf, tmp_path: Path) -> None:
    count = 3 * ROW_GROUP + 17
    rows = public_files.agg_trades(count=count)
    store.add(put(tmp_path / "old", "aggTrades", rows[: count // 2], "2024-08"))
    added = store.add(put(tmp_path, "aggTrades", shuffled(rows)))
    assert ids(store) == list(range(1000, 1000 + count))
    assert added.duplicates == count // 2
    groups = pq.ParquetFile(store.path(BTC, DAY))
    assert max(groups.metadata.row_group(n).num_rows for n in range(groups.num_row_groups)) <= 2 * ROW_GROUP


def test_plain_and_gzipped_csv_are_read_too(store: Shelf, tmp_path: Path) -> None:
    text = "\n".join(public_files.agg_trades()) + "\n"
    (tmp_path / "BTCUSDT-aggTrades-2024-08-08.csv").write_text(text)
    with gzip.open(tmp_path / "mine.csv.gz", "wt") as file:
        file.write(text)
    assert store.add(tmp_path / "BTCUSDT-aggTrades-2024-08-08.csv").rows == 1440
    added = store.add(tmp_path / "mine.csv.gz", Given(kind="aggTrades", asset="ETH"))
    assert (added.bad, added.rows) == ("", 1440)
    about = store.about(Series("binance", "ETH", AGG_TRADES), DAY)
    assert about is not None
    assert not is_whole(about, DAY), "a name without a day says nothing of how much of it is there"


def test_what_a_killed_import_left_is_no_day_and_goes(store: Shelf, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from cockpit.history import adding; "
        "from cockpit.history.store import Store; from cockpit.history.source_files import Given\n"
        "adding.put_in_place = lambda *_: os._exit(9)\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.writing(): adding.add_file(store, Path(sys.argv[2]), Given())\n"
    )
    path = put(tmp_path, "aggTrades", public_files.agg_trades())
    killed = subprocess.run([sys.executable, "-c", code, str(store.root), str(path)], check=False)
    assert killed.returncode == 9
    assert [found.suffix for found in store.root.rglob(".2024*")] == [".part"]
    assert store.series() == []
    assert store.add(path).days == ("2024-08-08",)
    assert list(store.root.rglob("*.part")) == []


def test_only_one_process_writes(store: Shelf) -> None:
    with store.writing(), pytest.raises(HistoryError, match="was another history add running"), store.writing():
        pass


def test_a_directory_is_every_history_file_in_it(tmp_path: Path) -> None:
    paths = [put(tmp_path / day, "aggTrades", [], day) for day in ("2024-08-09", "2024-08-08")]
    (tmp_path / "notes.txt").write_text("x")
    assert files_in([tmp_path]) == sorted(paths)
    with pytest.raises(HistoryError, match="expected a file or directory, was not there"):
        files_in([tmp_path / "nowhere"])


def test_the_recorded_minutes_keep_the_order_of_arrival(store: Shelf, real_data_dir: Path) -> None:
    added = store.add(real_data_dir / "usdm_btcusdt_20240808.gz")
    assert (added.bad, added.rows) == ("", 21_313 + 66_089)
    trades = Series("binance", "BTC", RECORDED_TRADES)
    arrivals = ids(store, trades, DAY, "arrival")
    assert arrivals == sorted(arrivals)
    assert len(arrivals) == 21_313
    tops = store.about(Series("binance", "BTC", RECORDED_TOPS), DAY)
    assert tops is not None
    assert not is_whole(tops, DAY)
    assert store.add(real_data_dir / "usdm_btcusdt_20240808.gz").days == ()


def test_a_spot_capture_is_refused(store: Shelf, real_data_dir: Path) -> None:
    bad = store.add(real_data_dir / "spot_btcusdt_20240808.gz").bad
    assert bad.endswith("expected a perpetual's capture, was spot: its prices are not the perpetual's")
