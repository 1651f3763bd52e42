"""A trailing stop over recorded ticks, print by print, beside the same rule worked out in exact fractions."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

import pytest

from cockpit.domain import commands as asked
from cockpit.domain.commands import ManualEntry
from cockpit.domain.events import MarketEvent, Top, Trade
from cockpit.domain.kinds import ExitReason, OrderRole, Side, TradePhase
from cockpit.domain.trades import Trail, TrailBy
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.domain.verdict import Target
from tests.engine.scenario import NOON_NS, Scenario, config_with
from tests.market.test_market_real_minutes import recorded

TICK = Fraction(1, 10)
STEP_BPS = Fraction(1)
AGAIN_NS = NS_PER_S
"""So long after the start, and after each trade that its stop ended, the next one is entered."""
TRAILS = (
    Trail(TrailBy.BPS, 6.0),
    Trail(TrailBy.BPS, 25.0),
    Trail(TrailBy.R, 0.25),
    Trail(TrailBy.RATIO, 0.4),
    Trail(TrailBy.RATIO, 0.9),
)
CONFIG = config_with(
    "paper.latency_ms=0",
    "manual.cooldown_s=0",
    "limits.max_trades_per_day=1000",
    "limits.losses_until_review=1000",
    "limits.losses_until_kill=1001",
    "limits.session_drawdown_pct=100",
    "limits.daily_loss_usd=100000",
    "limits.net_profit_stop_r=100000",
    "manual.trail_step_bps=1",
    *(f"setups.{name}.enabled=false" for name in ("btc_lower_band_long", "btc_upper_band_short", "sol_fee_fade")),
)


@cache
def exact(number: float) -> Fraction:
    """The number as it is written; prices come again and again."""
    return Fraction(str(number))


class ByHand:
    """The rule, worked out on its own: no nearer step than `STEP_BPS`, off the price's side of the grid."""

    def __init__(self, side: Side, trail: Trail, entry: float, first_stop: float) -> None:
        self.side, self.trail = side, trail
        self.entry, self.first = exact(entry), exact(first_stop)
        self.stop = self.first

    def is_hit(self, price: Fraction) -> bool:
        return price <= self.stop if self.side is Side.LONG else price >= self.stop

    def is_late(self, top: Top) -> bool:
        """A new stop with the whole book through it already: prints run ahead of their tops."""
        ask, bid = exact(top.ask), exact(top.bid)
        return ask <= self.stop if self.side is Side.LONG else bid >= self.stop

    def follow(self, price: Fraction) -> None:
        distance = exact(self.trail.distance)
        gain = (price - self.entry) * self.side.sign
        match self.trail.by:
            case TrailBy.BPS:
                behind = price - self.side.sign * price * distance / 10_000
            case TrailBy.R:
                behind = price - self.side.sign * distance * abs(self.entry - self.first)
            case TrailBy.RATIO:
                if gain <= 0:
                    return
                behind = price - self.side.sign * distance * gain
        ticks = behind / TICK
        wanted = (math.floor(ticks) if self.side is Side.LONG else math.ceil(ticks)) * TICK
        nearer = (wanted - self.stop) * self.side.sign
        if nearer >= max(TICK, self.stop * STEP_BPS / 10_000):
            self.stop = wanted


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("trail", TRAILS)
def test_every_print_leaves_the_stop_where_the_rule_says(real_data_dir: Path, side: Side, trail: Trail) -> None:
    capture = real_data_dir / "usdm_btcusdt_20240808.gz"
    if not capture.is_file():
        pytest.skip(f"recorded minutes not found: expected {capture}")
    prints, moves = _compared(recorded(capture), side, trail)
    assert prints > 10_000 and moves > 1, (prints, moves)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("trail", TRAILS)
def test_a_long_way_in_its_favour_leaves_the_stop_where_the_rule_says(side: Side, trail: Trail) -> None:
    """The recorded minutes hardly go up: a stop that keeps a share of the profit needs some on either side."""
    prints, moves = _compared(_drifting(side), side, trail)
    assert prints > 1_000 and moves >= 10, (prints, moves)


def _drifting(side: Side) -> list[Top | Trade]:
    """Ever further one way, with steps back that are small beside what was gained."""
    rng, events, ticks = Random(14), list[Top | Trade](), 600_000
    for number in range(1, 2_001):
        ticks += side.sign * rng.choice((-6, -3, 0, 4, 9, 14))
        ts_ns, price = number * 50 * NS_PER_MS + NOON_NS, ticks / 10
        events.append(Top(ts_ns, ts_ns, "binance", "BTC", price, 1_000.0, (ticks + 1) / 10, 1_000.0))
        events.append(Trade(ts_ns, ts_ns, "binance", "BTC", price, 1.0, True, number))
    return events


def _compared(events: Sequence[MarketEvent], side: Side, trail: Trail) -> tuple[int, int]:
    """How many prints were followed beside the rule, and how often they moved the stop."""
    start_ns = events[0].ts_ns
    scene = Scenario(CONFIG, start_ns=start_ns, calm=False)
    scene.positioning("BTC", 40.0)
    scene.funding("BTC", 0.1, 0.1)
    scene.open_interest("BTC", 0.0)
    rule: ByHand | None = None
    prints = moves = 0
    top: Top | None = None
    next_ns = start_ns + AGAIN_NS
    for event in events:
        scene.now_ns = max(scene.now_ns, event.ts_ns)
        hit = rule is not None and isinstance(event, Trade) and rule.is_hit(exact(event.price))
        scene.feed(event)
        top = event if isinstance(event, Top) else top
        if rule is None:
            if isinstance(event, Top) and event.ts_ns > next_ns:
                rule = _entered(scene, side, trail)
            continue
        trade = scene.last_trade
        if isinstance(event, Trade) and not hit:
            before = rule.stop
            rule.follow(exact(event.price))
            prints, moves = prints + 1, moves + (rule.stop != before)
            hit = top is not None and rule.stop != before and rule.is_late(top)
        if hit:
            assert trade.phase is TradePhase.CLOSED, "the market was at its stop"
            assert trade.exit_reason in (ExitReason.TRAILING_STOP, ExitReason.STOP)
            rule, next_ns = None, event.ts_ns + AGAIN_NS
            continue
        assert trade.phase is TradePhase.OPEN
        assert exact(trade.stop_price) == rule.stop, (prints, event)
        (stop,) = scene.working(OrderRole.STOP)
        assert stop.request.trigger_price == trade.stop_price and stop.open_qty == trade.open_qty
    return prints, moves


def _entered(scene: Scenario, side: Side, trail: Trail) -> ByHand:
    """A trade with a far stop, trailing from here on."""
    far = (Target(4_000.0, 100.0),)
    entry = ManualEntry("BTC", side, amount_usd=100.0, stop_bps=60.0, targets=far)
    assert scene.command(asked.Enter, entry=entry).ok, scene.verdict.reason
    trade = scene.last_trade
    assert trade.stop_price is not None
    rule = ByHand(side, trail, trade.entry_price, trade.stop_price)
    assert scene.command(asked.TrailStop, trade_id=trade.trade_id, distance=trail).ok
    top = scene.engine.market.assets["BTC"].top
    assert top is not None
    rule.follow(exact(top.bid if side is Side.LONG else top.ask))
    return rule
