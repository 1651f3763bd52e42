"""The columnar path decides, fills and earns what the event-by-event engine does, bit for bit."""

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.config.model import CockpitConfig
from cockpit.replay.tally import Tally
from cockpit.research.assumptions import Assumptions
from cockpit.research.column_run import ColumnRun
from cockpit.research.run import Run
from cockpit.research.tape import Tape
from tests.research.generated import DAY, PRICES, tape_of, without_readings


def config_of(shipped: CockpitConfig, changes: dict[str, Any]) -> CockpitConfig:
    """The shipped rules around the generated prices, with these changes."""
    raw = shipped.model_dump(by_alias=True)
    raw["aave"]["required"] = False
    raw["limits"] |= {"losses_until_review": 50, "losses_until_kill": 60, "max_trades_per_day": 100}
    raw["limits"] |= {"session_drawdown_pct": 50.0, "net_profit_stop_r": 100.0}
    away, height = changes["away_bps"] / 1e4, changes["height_bps"] / 1e4
    price = PRICES["BTC"]
    raw["bands"] = {
        "BTC": {
            "lower": [[price * (1 - away - height), price * (1 - away)]],
            "upper": [[price * (1 + away), price * (1 + away + height)]],
        }
    }
    raw["setups"]["btc_lower_band_long"] |= changes["lower"]
    raw["setups"]["btc_upper_band_short"] |= changes["upper"] | {"squeeze_rise_bps": 500}
    raw["setups"]["squeeze_guard"] |= changes["guard"]
    raw["paper"]["latency_ms"] = changes["latency_ms"]
    raw["assets"]["BTC"]["trade_on"] = changes["trade_on"]
    raw["capital"]["hot_wallet_usd"] = 20_000.0
    raw["limits"]["max_notional_usd"] = 20_000.0
    raw["limits"] |= changes["limits"]
    return CockpitConfig.model_validate(raw)


def changes() -> st.SearchStrategy[dict[str, Any]]:
    number = st.floats
    return st.fixed_dictionaries(
        {
            "away_bps": number(1.0, 25.0),
            "height_bps": number(0.0, 10.0),
            "lower": st.fixed_dictionaries(
                {
                    "reclaim_after_s": st.sampled_from([5.0, 10.0, 30.0]),
                    "reclaim_within_s": st.sampled_from([35.0, 60.0]),
                    "cooldown_s": number(1.0, 90.0),
                    "stop_bps": number(4.0, 30.0),
                    "thin_book_stop_bps": st.just(35.0),
                }
            ),
            "upper": st.fixed_dictionaries(
                {
                    "bar_s": st.sampled_from([5.0, 15.0]),
                    "invalid_held_s": number(2.0, 60.0),
                    "stop_bps": number(4.0, 30.0),
                    "cooldown_s": number(1.0, 60.0),
                }
            ),
            "guard": st.fixed_dictionaries(
                {"dip_bps": number(1.0, 15.0), "max_hold_s": number(3.0, 60.0), "stop_bps": number(3.0, 22.0)}
            ),
            "latency_ms": st.sampled_from([0.0, 7.0, 50.0, 400.0]),
            "trade_on": st.sampled_from(["okx", "binance"]),
            "limits": st.sampled_from(
                [{}, {"losses_until_review": 2, "losses_until_kill": 3}, {"max_trades_per_day": 3}]
            ),
        }
    )


def both(config: CockpitConfig, assumptions: Assumptions, tapes: list[Tape]) -> tuple[Run, ColumnRun]:
    start_ns = int(tapes[0].clock[0])
    runs = (Run(config, assumptions, start_ns), ColumnRun(config, assumptions, start_ns))
    for run in runs:
        for tape in tapes:
            run.day(tape)
        run.finish()
    return runs


def assert_same(by_event: Tally, by_column: Tally) -> None:
    assert [msgspec.to_builtins(one) for one in by_column.verdicts] == [
        msgspec.to_builtins(one) for one in by_event.verdicts
    ]
    assert [msgspec.to_builtins(one) for one in by_column.trades] == [
        msgspec.to_builtins(one) for one in by_event.trades
    ]
    assert by_column.marks == by_event.marks
    assert by_column.digest == by_event.digest


@settings(max_examples=40, deadline=None)
@given(
    changes(),
    st.integers(0, 2**31),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 1.0, 2.5]),
    st.sampled_from([("BTC",), ("BTC", "ETH"), ("ETH", "XRP", "BTC", "SOL")]),
)
def test_the_columns_come_to_the_same_digest(
    shipped_config: CockpitConfig,
    changed: dict[str, Any],
    seed: int,
    with_tops: bool,
    pessimism: float,
    assets: tuple[str, ...],
) -> None:
    config, assumptions = config_of(shipped_config, changed), Assumptions(pessimism=pessimism, seed=seed)
    tapes = [
        tape_of(config, assumptions, seed, day=day, assets=assets, with_tops=with_tops, count=1_500)
        for day in (DAY, DAY + 1)
    ]
    by_event, by_column = both(config, assumptions, tapes)
    assert_same(by_event.tally, by_column.tally)
    assert by_column.engine.market.assets.keys() == by_event.engine.market.assets.keys()
    for asset, market in by_event.engine.market.assets.items():
        other = by_column.engine.market.assets[asset]
        assert other.running_bar == market.running_bar
        assert other.last_trade == market.last_trade and other.top == market.top
        assert other.cumulative_delta == market.cumulative_delta
        assert other.session_vwap == market.session_vwap
        assert other.last_bars(5, 1_000) == market.last_bars(5, 1_000)
        assert other.rise_bps(3600.0) == market.rise_bps(3600.0)
        assert other.thin_book_share(600.0) == market.thin_book_share(600.0)


OFTEN: dict[str, Any] = {
    "away_bps": 8.0, "height_bps": 4.0,
    "lower": {"reclaim_after_s": 5.0, "stop_bps": 12.0}, "upper": {"stop_bps": 12.0},
    "guard": {"dip_bps": 3.0}, "latency_ms": 50.0, "trade_on": "okx", "limits": {},
}  # fmt: skip


def test_the_generated_days_trade_and_pass_over_most_rows(shipped_config: CockpitConfig) -> None:
    """Digests that agree prove little where nothing happened."""
    trades, denied, wakes, rows = 0, 0, 0, 0
    for seed in range(6):
        config, assumptions = config_of(shipped_config, OFTEN), Assumptions(seed=seed)
        tape = tape_of(config, assumptions, seed, count=20_000, span_s=1_800.0)
        by_event, by_column = both(config, assumptions, [tape])
        assert_same(by_event.tally, by_column.tally)
        trades += len(by_event.tally.trades)
        denied += sum(by_event.tally.denied_by.values())
        wakes, rows = wakes + by_column.wakes, rows + by_event.wakes
    assert trades >= 5 and denied >= 5
    assert wakes < rows / 3


def test_an_asset_that_falls_silent_for_a_day_grows_stale_at_the_same_instant(shipped_config: CockpitConfig) -> None:
    """ETH is there until the end of the first day, and on the second not at all."""
    changed = {
        "away_bps": 8.0, "height_bps": 4.0, "lower": {"reclaim_after_s": 5.0}, "upper": {}, "guard": {"dip_bps": 3.0},
        "latency_ms": 50.0, "trade_on": "okx", "limits": {},
    }  # fmt: skip
    config, assumptions = config_of(shipped_config, changed), Assumptions(seed=3)
    first = tape_of(config, assumptions, 3, day=DAY, span_s=86_395.0, count=2_000, with_tops=False)
    second = tape_of(config, assumptions, 3, day=DAY + 1, assets=("BTC",), with_tops=False)
    by_event, by_column = both(config, assumptions, [first, second])
    assert_same(by_event.tally, by_column.tally)
    assert any("ETH" in cause.sentence for cause in by_event.engine.risk.stand_downs.causes)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([60.0, 100.0, 150.0]), st.floats(0.1, 0.8), st.booleans())
def test_feeds_that_fall_silent_and_come_back_stand_down_at_the_same_instants(
    shipped_config: CockpitConfig, seed: int, limit_s: float, kept: float, with_tops: bool
) -> None:
    """Readings come every 47 s; some of them do not: every silence beyond the limit stands down until the next."""
    raw = config_of(shipped_config, OFTEN).model_dump(by_alias=True)
    for feed in ("positioning", "funding", "open_interest"):
        raw["feeds"][feed] |= {"every_s": 20.0, "warn_after_s": 50.0, "stand_down_after_s": limit_s}
    config, assumptions, numbers = CockpitConfig.model_validate(raw), Assumptions(seed=seed), random.Random(seed)
    tapes = []
    for day in (DAY, DAY + 1):
        whole = tape_of(config, assumptions, seed, day=day, assets=("BTC",), with_tops=with_tops, count=1_500)
        left = [(place, one) for place, one in whole.readings.items() if numbers.random() < kept]
        tapes.append(without_readings(whole, left))
    by_event, by_column = both(config, assumptions, tapes)
    assert_same(by_event.tally, by_column.tally)
    standing = [
        [(cause.cause, cause.scope, cause.since_ns) for cause in run.engine.risk.stand_downs.causes]
        for run in (by_event, by_column)
    ]
    assert standing[0] == standing[1]
