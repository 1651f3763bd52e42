"""Five real minutes of BTC under the shipped rules, each entry, stop, target and exit checked against the raw ticks."""

import json
from pathlib import Path

import pytest

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Side
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S, utc_text
from cockpit.replay.replay import Replayed, run_replay
from tests.conftest import SHIPPED_CONFIG
from tests.runtime.raw_ticks import LATENCY_NS, Print, Quote, before, expected_life

BANDS = ("bands.BTC.lower=[[61600,61620]]", "bands.BTC.upper=[[61825,61900]]")
FEW_SHORTS = (
    "market_context.positioning.BTC.short_pct=48",
    "market_context.funding_bps.BTC.binance=0.6",
    "market_context.funding_bps.BTC.okx=0.5",
)
Ticks = list[Print | Quote]


def config_of(*overrides: str) -> CockpitConfig:
    return load_config(SHIPPED_CONFIG, (*BANDS, *overrides))


@pytest.fixture(scope="module")
def heavy_shorts(recording: Path) -> Replayed:
    """The context as shipped: 56.2 % short, funding +2.9 and -0.7."""
    return run_replay(recording, config_of(), hold_context=True)


@pytest.fixture(scope="module")
def few_shorts(recording: Path) -> Replayed:
    return run_replay(recording, config_of(*FEW_SHORTS), hold_context=True)


def assert_life(trade: TradeRecord, ticks: Ticks, taker_bps: float = 5.0) -> None:
    """The trade as the ticks allow it, recomputed without the product."""
    rungs = [(rung.distance_bps, rung.qty) for rung in trade.rungs]
    is_long = trade.side is Side.LONG
    expected = expected_life(ticks, trade.decided_ns, is_long, trade.entry_qty, trade.stop_bps, rungs, taker_bps)
    assert trade.entry_price == expected.entry
    assert trade.opened_ns == expected.entry_ns
    assert trade.initial_stop_price == expected.stop
    assert [rung.price for rung in trade.rungs] == expected.targets
    targets = [(qty, price) for why, qty, price in expected.fills if why == "target"]
    assert [(rung.filled_qty, rung.price) for rung in trade.rungs if rung.filled_qty > 0] == pytest.approx(targets)
    assert trade.stop_at_entry == bool(targets)
    assert trade.exit_qty == pytest.approx(sum(qty for _, qty, _ in expected.fills))
    assert trade.gross_usd == pytest.approx(expected.gross_usd, abs=1e-9)
    assert trade.fees_usd == pytest.approx(expected.fees_usd, abs=1e-9)


def test_heavy_shorts_buy_the_reclaim(heavy_shorts: Replayed, ticks: Ticks) -> None:
    (trade,) = heavy_shorts.tally.trades
    assert (trade.setup, trade.side) == ("btc_lower_band_long", Side.LONG)
    # Decided with the first event at or past the end of the 23:58:50-55 bar.
    bar_end_ns = trade.decided_ns // (5 * NS_PER_S) * 5 * NS_PER_S
    assert utc_text(bar_end_ns) == "2024-08-08T23:58:55.000Z"
    assert trade.decided_ns == ticks[before(ticks, bar_end_ns)].ts_ns
    assert trade.decision_to_fill_ms == LATENCY_NS / 1e6
    assert_life(trade, ticks)


def test_the_reclaim_is_one_by_the_ticks(heavy_shorts: Replayed, ticks: Ticks) -> None:
    """Flush under 61,620, first print back above it, and a 5 s bar 30 to 60 s later that closes above with buyers."""
    (trade,) = heavy_shorts.tally.trades
    seen = [tick for tick in ticks[: before(ticks, trade.decided_ns)] if isinstance(tick, Print)]
    last_under = max(index for index, tick in enumerate(seen) if tick.price <= 61_620.0)
    starts = [
        index for index in range(1, len(seen)) if seen[index].price > 61_620.0 and seen[index - 1].price <= 61_620.0
    ]
    bar_end_ns = trade.decided_ns // (5 * NS_PER_S) * 5 * NS_PER_S
    attempts = [index for index in starts if 30 <= (bar_end_ns - seen[index].ts_ns) / NS_PER_S <= 60]
    assert attempts
    assert seen[-1].price > 61_620.0 and last_under < len(seen) - 1
    assert any(sum(t.qty if t.buys else -t.qty for t in seen[index:]) > 0 for index in attempts)


def test_heavy_shorts_deny_every_short_with_the_number(heavy_shorts: Replayed) -> None:
    denied = [verdict for verdict in heavy_shorts.tally.verdicts if not verdict.approved]
    assert denied
    assert {verdict.proposal.side for verdict in denied} == {Side.SHORT}
    assert {verdict.reason for verdict in denied} == {
        "short % 56.2 at or above 54.0 (BTC): no shorts into heavy shorts"
    }
    assert heavy_shorts.tally.denied_by == {"short_pct": len(denied)}
    assert all(
        "(held)" in check.observed for verdict in denied for check in verdict.checks if check.name == "short_pct"
    )


def test_few_shorts_sell_the_failed_break_in_the_first_two_minutes(few_shorts: Replayed, ticks: Ticks) -> None:
    trade = few_shorts.tally.trades[0]
    assert (trade.setup, trade.side) == ("btc_upper_band_short", Side.SHORT)
    assert (trade.decided_ns - ticks[0].ts_ns) / NS_PER_S < 120
    seen = [tick for tick in ticks[: before(ticks, trade.decided_ns)] if isinstance(tick, Print)]
    bar_ns = 15 * NS_PER_S
    last_bar = [tick.price for tick in seen if tick.ts_ns // bar_ns == trade.decided_ns // bar_ns - 1]
    first_above = next(tick for tick in seen if tick.price > 61_825.0)
    wick = max(tick.price for tick in seen if tick.ts_ns >= first_above.ts_ns)
    assert max(last_bar) < wick
    assert_life(trade, ticks)


def test_without_funding_above_the_edge_no_reclaim_is_bought(few_shorts: Replayed) -> None:
    assert all(trade.side is Side.SHORT for trade in few_shorts.tally.trades)


LOW_FEE = "venues.okx.taker_fee_bps=0.5"
FIRST, SECOND = '{"distance_bps": 2, "share_pct": 60}', '{"distance_bps": 4, "share_pct": 40}'


@pytest.mark.parametrize(
    ("overrides", "taker_bps", "exit_reason"),
    [
        ((LOW_FEE, f"setups.btc_lower_band_long.targets=[{FIRST},{SECOND}]"), 0.5, "targets"),
        (("setups.btc_lower_band_long.stop_bps=5",), 5.0, "stop"),
    ],
    ids=["targets within reach", "a stop within reach"],
)
def test_what_fills_is_what_the_ticks_reach(
    recording: Path, ticks: Ticks, overrides: tuple[str, ...], taker_bps: float, exit_reason: str
) -> None:
    (trade,) = run_replay(recording, config_of(*overrides), hold_context=True).tally.trades
    assert trade.exit_reason is not None and trade.exit_reason.value == exit_reason
    assert_life(trade, ticks, taker_bps)


def test_without_bands_nothing_is_proposed_and_nothing_trades(recording: Path) -> None:
    replayed = run_replay(recording, config_of("bands.BTC.lower=[]", "bands.BTC.upper=[]"), hold_context=True)
    assert (replayed.tally.trades, replayed.tally.verdicts) == ([], [])


def test_the_same_recording_decides_the_same_twice(recording: Path, heavy_shorts: Replayed) -> None:
    again = run_replay(recording, config_of(), hold_context=True)
    assert again.tally.digest == heavy_shorts.tally.digest
    assert again.as_dict()["trades"] == heavy_shorts.as_dict()["trades"]


def test_another_config_has_another_digest(few_shorts: Replayed, heavy_shorts: Replayed) -> None:
    assert few_shorts.tally.digest != heavy_shorts.tally.digest


def test_json_has_the_keys_that_scripts_rely_on(heavy_shorts: Replayed) -> None:
    printed = heavy_shorts.as_json()
    assert "\n" not in printed
    found = json.loads(printed)
    assert set(found) >= {"events", "wall_s", "events_per_s", "verdicts", "denied_by", "trades", "session", "digest"}
    assert found["events"] == 87_402
    assert found["verdicts"] == {"approved": 1, "denied": 1}
    assert found["denied_by"] == {"short_pct": 1}
    assert set(found["session"]) >= {"pnl_usd", "max_drawdown_usd", "consecutive_losses"}
    assert len(found["digest"]) == 64
    keys = "id setup asset side opened_ns entry qty stop targets closed_ns exit_reason pnl_usd fees_usd r slippage_bps"
    assert set(found["trades"][0]) >= set(keys.split())
    assert [rung["price"] for rung in found["trades"][0]["targets"]] == [61_844.4, 61_998.6, 62_245.4]


def test_text_says_what_was_decided(heavy_shorts: Replayed) -> None:
    text = heavy_shorts.as_text()
    assert "87,402 events" in text
    assert "verdicts: 1 approved, 1 denied" in text
    assert "still open" in text
    assert heavy_shorts.tally.digest in text
    assert "0.0004 BTC at 61,690.1: " in text


def test_json_holds_no_noise_of_the_floats(few_shorts: Replayed) -> None:
    found = json.loads(few_shorts.as_json(), parse_float=str)
    numbers = [found["session"]["pnl_usd"], found["session"]["max_drawdown_usd"], found["wall_s"]]
    numbers += [found["trades"][0][key] for key in ("pnl_usd", "fees_usd", "r", "slippage_bps", "entry", "stop_now")]
    assert max(len(number.partition(".")[2]) for number in numbers) <= 10
    assert found["trades"][0]["pnl_usd"] == "0.004956412"
