"""The real minutes of 2024-08-08: the same digest and the same trades either way, over many settings."""

import os
import random
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.history.checking import days_between
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import Backtest, run_backtest
from tests.conftest import SHIPPED_CONFIG
from tests.history.shelf import Shelf

CAPTURE = "usdm_btcusdt_20240808.gz"
SETTINGS = int(os.environ.get("COCKPIT_EXACT_SETTINGS", "12"))
"""So many random settings; hundreds of them are for whoever changes how columns are read."""
FIRST = int(os.environ.get("COCKPIT_EXACT_FIRST", "0"))


@pytest.fixture(scope="module")
def shelf(real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    shelf = Shelf(tmp_path_factory.mktemp("store"))
    added = shelf.add(real_data_dir / CAPTURE)
    assert not added.bad
    return shelf


def random_config(numbers: random.Random) -> CockpitConfig:
    return configured(random_changes(numbers))


def configured(changes: dict[str, str]) -> CockpitConfig:
    return load_config(SHIPPED_CONFIG, [f"{key}={value}" for key, value in changes.items()])


def random_changes(numbers: random.Random) -> dict[str, str]:
    low = numbers.uniform(61_580, 61_680)
    high = low + numbers.uniform(10, 90)
    return {
        "aave.required": "false",
        "bands.BTC.lower": f"[[{low - 20:.1f},{low:.1f}]]",
        "bands.BTC.upper": f"[[{high:.1f},{high + 15:.1f}]]",
        "market_context.positioning.BTC.short_pct": numbers.choice(["50", "52"]),
        "market_context.funding_bps.BTC.binance": numbers.choice(["0.5", "-0.9"]),
        "setups.btc_lower_band_long.reclaim_after_s": numbers.choice(["5", "10", "30"]),
        "setups.btc_lower_band_long.stop_bps": f"{numbers.uniform(3, 28):.1f}",
        "setups.btc_upper_band_short.stop_bps": f"{numbers.uniform(3, 28):.1f}",
        "setups.btc_upper_band_short.squeeze_min_seen_s": "10",
        "limits.losses_until_review": "40",
        "limits.losses_until_kill": "50",
        "paper.latency_ms": numbers.choice(["0", "20", "250"]),
        "capital.hot_wallet_usd": "10000",
        "assets.BTC.trade_on": numbers.choice(["okx", "binance"]),
    }


def run(shelf: Shelf, config: CockpitConfig, assumptions: Assumptions, *, event_by_event: bool) -> Backtest:
    days = days_between(shelf, None, None)
    return run_backtest(shelf, config, days, assumptions, hold_context=True, event_by_event=event_by_event)


def test_both_ways_come_to_the_same_on_the_recorded_minutes(shelf: Shelf) -> None:
    numbers, trades, wakes, rows = random.Random(20_240_808 + FIRST), 0, 0, 0
    for number in range(SETTINGS):
        config, assumptions = random_config(numbers), Assumptions(pessimism=number % 3, seed=number)
        by_event = run(shelf, config, assumptions, event_by_event=True)
        by_column = run(shelf, config, assumptions, event_by_event=False)
        assert by_column.digest == by_event.digest
        assert by_column.results == by_event.results
        assert by_column.denied_by == by_event.denied_by
        trades += len(by_event.results)
        wakes, rows = wakes + by_column.wakes, rows + by_event.rows
    assert trades >= 5
    assert wakes < rows / 20


def test_an_instant_nobody_waits_for_any_more_is_passed_as_the_engine_passes_it(shelf: Shelf) -> None:
    """A setup had asked for it before its trade: the engine still stops there, and looks at the exit's price."""
    changes = random_changes(random.Random(0)) | {
        "bands.BTC.lower": "[[61632.3,61652.3]]",
        "bands.BTC.upper": "[[61731.6,61746.6]]",
        "market_context.positioning.BTC.short_pct": "52",
        "market_context.funding_bps.BTC.binance": "0.5",
        "setups.btc_lower_band_long.reclaim_after_s": "30",
        "setups.btc_lower_band_long.stop_bps": "3.8",
        "setups.btc_upper_band_short.stop_bps": "25.7",
        "paper.latency_ms": "250",
        "assets.BTC.trade_on": "okx",
    }
    config, assumptions = configured(changes), Assumptions(pessimism=2, seed=311)
    by_event = run(shelf, config, assumptions, event_by_event=True)
    by_column = run(shelf, config, assumptions, event_by_event=False)
    assert by_event.results and by_column.results == by_event.results
    assert by_column.digest == by_event.digest
