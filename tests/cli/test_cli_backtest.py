"""`cockpit backtest` as typed: its sentence, its JSON, its files, and wrong use in one line."""

import csv
import json
import math
from pathlib import Path

import pytest

from cockpit import cli
from tests.cli.conftest import Cockpit
from tests.history.public_files import DAY_MS, put

pytest.importorskip("pyarrow", reason="the research extra is not installed")

DIPS = [
    "--set", "aave.required=false", "--set", "capital.hot_wallet_usd=10000",
    "--set", "bands.BTC.lower=[[59800,59910]]", "--set", "bands.BTC.upper=[[70000,70100]]",
    "--set", "setups.btc_lower_band_long.reclaim_after_s=5", "--set", "limits.net_profit_stop_r=50",
    "--set", "setups.btc_lower_band_long.failures_to_stand_down=50",
    "--set", "market_context.positioning.BTC.short_pct=50", "--hold-context",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of prints that dips under 59,910 every ten minutes and is bought back."""
    return dips(tmp_path_factory.mktemp("dips"), 86_400)


@pytest.fixture
def morning(tmp_path: Path) -> Path:
    """The first hours of it."""
    return dips(tmp_path, 12_000)


def dips(tmp_path: Path, seconds: int) -> Path:
    rows = []
    for number in range(seconds):
        price = 60_000.0 + 180.0 * math.sin(number / 600.0 * 2.0 * math.pi)
        is_sold = math.cos(number / 600.0 * 2.0 * math.pi) < 0.0
        rows.append(
            f"{number},{price:.1f},0.5,{number},{number},{DAY_MS + number * 1000},{'true' if is_sold else 'false'}"
        )
    put(tmp_path / "files", "aggTrades", rows)
    return tmp_path / "files"


@pytest.fixture(scope="module")
def store(folder: Path) -> Path:
    """What `history add` makes of it: the tests only read it."""
    store = folder.parent / "store"
    assert cli.run(["history", "add", str(folder), "--store", str(store)]) == 0
    return store


def test_how_it_moves_with_fees_latency_and_each_parameters_neighbours(
    cockpit: Cockpit, morning: Path, tmp_path: Path
) -> None:
    assert cockpit("history", "add", morning).returncode == 0
    page = tmp_path / "page.html"
    plain = json.loads(cockpit("backtest", *DIPS, "--json").stdout)
    assert "sensitivity" not in plain
    found = json.loads(cockpit("backtest", *DIPS, "--json", "--sensitivity", "--html", page).stdout)
    assert found["digest"] == plain["digest"]
    moved = {(one["of"], one["value"]): one for one in found["sensitivity"]}
    fees = [moved["fees", factor]["mean_r"] for factor in (0.5, 1.5, 2.0)]
    assert fees == sorted(fees, reverse=True) and len(set(fees)) == 3, "dearer is worse"
    base = plain["expectancy_r"]["mean"]
    assert fees[0] > base > fees[1]
    wider = cockpit("backtest", *DIPS, "--json", "--set", "setups.btc_lower_band_long.stop_bps=33.6")
    alone = json.loads(wider.stdout)
    one = moved["setups.btc_lower_band_long.stop_bps", 33.6]
    assert (one["was"], one["trades"]) == (28.0, len(alone["trades"]))
    assert one["net_usd"] == pytest.approx(alone["costs_usd"]["net"])
    assert ("setups.btc_lower_band_long.cooldown_s", 48.0) in moved and ("latency", 2.0) in moved
    assert "expected a multiple of 5 s, was 4" in moved["setups.btc_lower_band_long.bar_s", 4]["refused"]
    assert not any("sol_fee_fade" in name for name, _ in moved), "a setup that did not trade cannot move"
    assert '"sensitivity"' in page.read_text(encoding="utf-8")
    told = cockpit("backtest", *DIPS, "--sensitivity").stdout
    assert "how it moves, mean R a trade (trades), one thing changed at a time:" in told
    assert "  fees: x 0.5 " in told and "  setups.btc_lower_band_long.stop_bps 28: 22.4 " in told


def test_a_day_of_dips(cockpit: Cockpit, store: Path, tmp_path: Path) -> None:
    table, page = tmp_path / "trades.csv", tmp_path / "page.html"
    done = cockpit("backtest", *DIPS, "--store", store, "--csv", table, "--html", page)
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first.count(" R a trade") == 1 and " trade" in first
    assert any(line.startswith("MODELLED: no quotes of binance BTC: a spread of 1 bps") for line in lines)
    assert any(line.startswith("HELD at the config's values, no history of it: BTC positioning") for line in lines)
    slow = json.loads(cockpit("backtest", *DIPS, "--store", store, "--json", "--engine", "events").stdout)
    found = json.loads(cockpit("backtest", *DIPS, "--store", store, "--json").stdout)
    assert slow["digest"] == found["digest"]
    assert f"digest {found['digest']}" in lines
    assert (slow["wakes"], found["rows"]) == (2 * 86_400, 86_400)
    # A print a second: while a trade is open each of them is also that second's watch.
    assert found["wakes"] <= slow["wakes"] / 2
    assert len(found["trades"]) >= 1 and found["sentence"] == first
    assert found["costs_usd"]["fees"] < 0.0
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["trade_id"] for row in rows] == [one["id"] for one in found["trades"]]
    assert [float(row["r"]) for row in rows] == pytest.approx([one["result_r"] for one in found["trades"]])
    text = page.read_text(encoding="utf-8")
    assert first in text and "src=" not in text and "http-equiv" not in text and "@import" not in text


def test_a_kept_backtest_stands_in_the_report(cockpit: Cockpit, store: Path, home: Path) -> None:
    assert cockpit("backtest", *DIPS, "--store", store).returncode == 0 and not (home / "backtest.json").exists()
    assert cockpit("backtest", *DIPS, "--store", store, "--keep").returncode == 0
    (one,) = json.loads((home / "backtest.json").read_text(encoding="utf-8"))["setups"]
    assert one["setup"] == "btc_lower_band_long" and one["trades"] >= 1


def test_pessimism_costs(cockpit: Cockpit, store: Path) -> None:
    fees = []
    for pessimism in ("0", "1", "2"):
        found = json.loads(cockpit("backtest", *DIPS, "--store", store, "--json", "--pessimism", pessimism).stdout)
        fees.append(-found["costs_usd"]["fees"] / max(1, len(found["trades"])))
    assert fees[0] == 0.0 < fees[1] < fees[2]


def test_wrong_use_is_one_line(cockpit: Cockpit, store: Path, tmp_path: Path) -> None:
    empty = cockpit("backtest", "--store", tmp_path / "none")
    for done, said in (
        (empty, "expected prints to run on, was none"),
        (
            cockpit("backtest", "--store", store, "--from", "2025-01-01", "--to", "2025-01-02"),
            "expected prints from 2025-01-01",
        ),
        (
            cockpit("backtest", "--store", store, "--from", "2025-01-02", "--to", "2025-01-01"),
            "expected --from on or before --to",
        ),
        (cockpit("backtest", "--store", store, "--from", "soon"), "expected a day like 2024-08-08, was soon"),
        (
            cockpit("backtest", "--store", store, "--csv", tmp_path / "no" / "where.csv"),
            "expected to write it, was No such file",
        ),
    ):
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1 and said in done.stderr
