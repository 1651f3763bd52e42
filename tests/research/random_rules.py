"""The shipped rules with nearly every number of theirs at random, to hold a backtest's two engines together."""

import random
from typing import Any

from pydantic import ValidationError

from cockpit.config.model import CockpitConfig

TRIES = 50
LENIENT = 0.6
"""So many of them deny little: equal digests say more the more is traded."""


def random_rules(numbers: random.Random, shipped: CockpitConfig, price: float) -> CockpitConfig:
    """Bands around this price of BTC; everything else as it comes, as far as it is a config at all."""
    for _ in range(TRIES):
        try:
            return CockpitConfig.model_validate(_drawn(numbers, shipped.model_dump(by_alias=True), price))
        except ValidationError:
            continue
    raise AssertionError(f"expected a config in {TRIES} draws, was none")


def _drawn(numbers: random.Random, raw: dict[str, Any], price: float) -> dict[str, Any]:
    raw["aave"]["required"] = numbers.random() < 0.1
    raw["bands"] = {"BTC": {"lower": _bands(numbers, price, -1), "upper": _bands(numbers, price, 1)}}
    short_pct = numbers.choice([47.0, 50.0, 52.0])
    raw["market_context"]["positioning"]["BTC"] = {"long_pct": 100.0 - short_pct, "short_pct": short_pct}
    raw["market_context"]["funding_bps"]["BTC"]["binance"] = numbers.choice([0.5, -0.9])
    raw["capital"]["hot_wallet_usd"] = numbers.choice([1_660.0, 20_000.0, 100_000.0])
    raw["paper"]["latency_ms"] = numbers.choice([0.0, 7.0, 50.0, 400.0, 1_500.0])
    for asset in raw["assets"].values():
        asset["trade_on"] = numbers.choice(["okx", "binance"])
    raw["limits"] |= _limits(numbers)
    lenient = numbers.random() < LENIENT
    raw["gate"] |= {
        "short_pct_block_at": {
            asset: 60.0 if lenient else numbers.choice([49.0, 53.0, 60.0]) for asset in raw["assets"]
        },
        "open_interest_reduce_above_pct": numbers.choice([0.5, 3.0]),
        "loss_budget_share": numbers.choice([0.2, 0.5]),
    }
    for feed in ("positioning", "funding", "open_interest"):
        limit_s = numbers.choice([60.0, 100.0, 150.0, 600.0])
        raw["feeds"][feed] |= {"every_s": 20.0, "warn_after_s": 50.0, "stand_down_after_s": limit_s}
    setups = raw["setups"]
    setups["btc_lower_band_long"] |= _lower_band_long(numbers)
    setups["btc_upper_band_short"] |= _upper_band_short(numbers)
    setups["sol_fee_fade"] |= {
        "shock_multiple": numbers.choice([1.5, 3.0]),
        "baseline_s": numbers.choice([120.0, 600.0]),
        "fall_pct": numbers.choice([10.0, 40.0]),
        "tip_multiple": numbers.choice([1.2, 2.0]),
    }
    setups["squeeze_guard"] |= {
        "bar_s": numbers.choice([5.0, 10.0, 15.0, 35.0]),
        "vwap_window_s": numbers.choice([60.0, 300.0]),
        "dip_bps": numbers.uniform(0.5, 15.0),
        "max_hold_s": numbers.uniform(2.0, 90.0),
    }
    for setup in setups.values():
        setup["stop_bps"] = numbers.uniform(3.0, 35.0)
        setup["cooldown_s"] = numbers.choice([0.0, 1.0, 17.3, 60.0, 600.0])
        setup["targets"] = _targets(numbers)
        setup["enabled"] = lenient or numbers.random() < 0.9
    if lenient:
        raw["capital"]["hot_wallet_usd"] = numbers.choice([20_000.0, 100_000.0])
        raw["limits"] |= {"max_notional_usd": 20_000.0, "session_drawdown_pct": 50.0}
        raw["gate"]["funding_spread_longs_only_above_bps"] = 5.0
        setups["btc_lower_band_long"]["funding_spread_above_bps"] = -5.0
        setups["btc_upper_band_short"] |= {"funding_spread_under_bps": 5.0, "squeeze_rise_bps": 500.0}
    return raw


def _bands(numbers: random.Random, price: float, sign: int) -> list[list[float]]:
    found, away = [], numbers.uniform(0.5, 12.0) / 1e4
    for _ in range(numbers.choice([1, 1, 2, 3])):
        height = numbers.choice([0.0, numbers.uniform(0.5, 12.0)]) / 1e4
        edges = (price * (1.0 + sign * away), price * (1.0 + sign * (away + height)))
        found.append([round(min(edges), 1), round(max(edges), 1)])
        away += height + numbers.uniform(2.0, 12.0) / 1e4
    return found


def _targets(numbers: random.Random) -> list[dict[str, float]]:
    distance, rungs = 0.0, []
    for share_pct in numbers.choice([(100.0,), (45.0, 35.0, 20.0), (60.0, 40.0), (10.0, 20.0, 30.0, 40.0)]):
        distance += numbers.uniform(2.0, 30.0)
        rungs.append({"distance_bps": distance, "share_pct": share_pct})
    return rungs


def _limits(numbers: random.Random) -> dict[str, Any]:
    review = numbers.choice([1, 2, 5, 50])
    return {
        "max_notional_usd": numbers.choice([415.0, 20_000.0]),
        "daily_loss_usd": numbers.choice([2.0, 20.0, 100.0]),
        "max_open_trades": numbers.choice([1, 2, 3]),
        "max_trades_per_day": numbers.choice([1, 3, 6, 100]),
        "losses_until_review": review,
        "losses_until_kill": review + numbers.choice([1, 3]),
        "session_drawdown_pct": numbers.choice([0.05, 1.2, 50.0]),
        "net_profit_stop_r": numbers.choice([0.5, 1.0, 100.0]),
    }


def _lower_band_long(numbers: random.Random) -> dict[str, Any]:
    after_s = numbers.choice([5.0, 10.0, 30.0])
    return {
        "bar_s": numbers.choice([5.0, 10.0, 15.0]),
        "reclaim_after_s": after_s,
        "reclaim_within_s": after_s + numbers.choice([5.0, 30.0, 200.0]),
        "funding_spread_above_bps": numbers.choice([-5.0, 0.25]),
        "thin_book_stop_bps": 40.0,
        "thin_book_under_share": numbers.choice([0.2, 0.5, 0.9]),
        "thin_book_baseline_s": numbers.choice([60.0, 600.0]),
        "failures_to_stand_down": numbers.choice([1, 2, 50]),
        "stand_down_s": numbers.choice([20.0, 300.0, 1_800.0]),
    }


def _upper_band_short(numbers: random.Random) -> dict[str, Any]:
    after_s = numbers.choice([5.0, 15.0, 30.0])
    return {
        "bar_s": numbers.choice([5.0, 15.0, 35.0]),
        "close_back_after_s": after_s,
        "close_back_within_s": after_s + numbers.choice([5.0, 75.0, 300.0]),
        "short_pct_under": numbers.choice([50.0, 54.0]),
        "funding_spread_under_bps": numbers.choice([0.2, 5.0]),
        "squeeze_rise_bps": numbers.choice([5.0, 60.0, 500.0]),
        "squeeze_window_s": numbers.choice([60.0, 600.0, 3_600.0]),
        "squeeze_min_seen_s": numbers.choice([10.0, 60.0]),
        "invalid_beyond_band_usd": numbers.choice([0.0, 5.0, 50.0]),
        "invalid_held_s": numbers.uniform(1.0, 60.0),
        "basis_rising_s": numbers.choice([30.0, 180.0]),
    }
