"""How fast history comes in, beside DuckDB's own CSV reading: `python tests/benchmarks/history_import.py`.

One day of aggTrades as busy as Bitcoin's, made here (prices are a random walk), read by each in a process of its own:
rows/s by the clock and by the CPU, and the most memory it held. Ours unzips, checks every row, follows ids and gaps and
writes Parquet; DuckDB's only reads the CSV that was unzipped for it, or reads it and writes Parquet. Prints, asserts
nothing.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.history.public_files import DAY_MS, HEADERS, put  # noqa: E402

ROWS = 1_430_000
READERS = ("ours", "ours out of order", "duckdb reads", "duckdb reads and writes")


def day_of_rows(count: int) -> list[str]:
    """A day's rows in the order of their ids."""
    numbers = np.random.default_rng(3)
    prices = np.round(60_000 + np.cumsum(numbers.normal(0, 0.4, count)), 1)
    sizes = np.round(numbers.exponential(0.05, count) + 0.001, 3)
    stamps = DAY_MS + np.sort(numbers.integers(0, 86_400_000, count))
    makers = np.where(numbers.random(count) < 0.5, "true", "false")
    rows = zip(prices.tolist(), sizes.tolist(), stamps.tolist(), makers.tolist(), strict=True)
    return [f"{n},{price},{size},{2 * n},{2 * n + 1},{at},{maker}" for n, (price, size, at, maker) in enumerate(rows)]


def most_mb() -> float:
    """The most memory that this process held; `getrusage` would tell its parent's where that was more."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def run(reader: str, directory: Path) -> None:
    """One reader, in this process."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    if reader.startswith("ours"):
        rows = _ours(directory / ("shuffled" if reader.endswith("order") else "sorted"), directory / reader)
    else:
        rows = _duckdb(directory / "day.csv", directory / "duckdb.parquet" if reader.endswith("writes") else None)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    memory_mb = most_mb()
    rates = f"{rows / took_s / 1e6:.2f} M rows/s by the clock, {rows / cpu_s / 1e6:.2f} by the CPU"
    print(f"{reader}: {rows:,} rows in {took_s:.2f} s: {rates}, {memory_mb:.0f} MB", flush=True)


def _ours(directory: Path, store: Path) -> int:
    from tests.history.shelf import Shelf

    added = Shelf(store).add(next(directory.glob("*.zip")))
    assert not added.bad, added.bad
    return added.rows


def _duckdb(path: Path, target: Path | None) -> int:
    import duckdb

    if target is None:
        duckdb.sql(f"create temp table day as select * from read_csv('{path}', header=true)")
        return int(duckdb.sql("select count(*) from day").fetchall()[0][0])
    duckdb.sql(f"copy (select * from read_csv('{path}', header=true)) to '{target}' (format parquet, compression zstd)")
    return int(duckdb.sql(f"select count(*) from '{target}'").fetchall()[0][0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Import of history beside DuckDB's CSV reading.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--reader", choices=READERS)
    parser.add_argument("--directory", type=Path)
    asked = parser.parse_args()
    if asked.reader:
        run(asked.reader, asked.directory)
        return
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        rows = day_of_rows(asked.rows)
        packed = put(directory / "sorted", "aggTrades", rows)
        with zipfile.ZipFile(packed) as file:
            (directory / "day.csv").write_bytes(file.read(file.namelist()[0]))
        np.random.default_rng(4).shuffle(rows)
        put(directory / "shuffled", "aggTrades", rows)
        assert (directory / "day.csv").read_text().startswith(HEADERS["aggTrades"])
        for reader in READERS:
            options = ["--reader", reader, "--directory", str(directory)]
            subprocess.run([sys.executable, __file__, *options], check=True)


if __name__ == "__main__":
    main()
