"""What hands may rely on wherever they trade: one suite, which paper and every real venue keep."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from msgspec.structs import replace

from cockpit.domain import commands as asked
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import AnyCommand, ManualEntry
from cockpit.domain.kinds import ExitReason, OrderRole, Side, TradePhase
from cockpit.domain.trades import TradeRecord, Trail, TrailBy
from cockpit.domain.verdict import Target
from cockpit.paper.venue import PaperVenue
from tests.engine.scenario import TICKS, Scenario
from tests.faults.stage import Stage
from tests.loopback.trading_faults import late

ASSET, PRICE, QTY = "ETH", 4_000.0, 0.02
AMOUNT_USD = 80.1
"""On the finest grid and on the coarsest it buys the same."""
FIGURES = {"hyperliquid": 5}
"""The most significant figures of a price, where a venue counts them."""
ENTRY = ManualEntry(
    ASSET, Side.LONG, amount_usd=AMOUNT_USD, stop_bps=200.0, targets=(Target(300.0, 50.0), Target(400.0, 50.0))
)


@dataclass(frozen=True)
class Rests:
    """An order that the venue itself holds."""

    price: float
    qty: float


class HandsStage(ABC):
    """An armed engine with one venue behind it, ETH at 4,000."""

    @abstractmethod
    async def ask(self, kind: type[AnyCommand], **fields: Any) -> CommandAnswered:
        """Give a command; what the engine answered."""

    @abstractmethod
    async def until(self, holds: Callable[[], object]) -> None:
        """Wait, in the venue's time; what is so already has to be so still after a moment."""

    @abstractmethod
    def move(self, by_bps: float) -> None:
        """The market moves."""

    @abstractmethod
    def trade(self, trade_id: str) -> TradeRecord:
        """A trade as the engine has it."""

    @abstractmethod
    def held(self) -> float:
        """What the venue holds, + long."""

    @abstractmethod
    def stops(self) -> list[Rests]:
        """The stops that rest there."""

    @abstractmethod
    def limits(self) -> list[Rests]:
        """The limits that rest there."""

    def on_grid(self, price: float | None) -> float:
        """A price as the venue takes it."""
        return price or 0.0

    @abstractmethod
    def entries(self) -> int:
        """How many entries have reached the venue."""

    @abstractmethod
    def delay_next_close(self) -> None:
        """The next close is a while on its way before it executes."""

    @abstractmethod
    def assert_never_bare(self) -> None:
        """No position there was ever without a stop for longer than a fill needs."""

    async def opened(self, entry: ManualEntry = ENTRY) -> TradeRecord:
        answer = await self.ask(asked.Enter, entry=entry, request_id="ticket")
        assert answer.ok and answer.trade_id is not None, answer.sentence
        trade_id = answer.trade_id
        await self.until(
            lambda: self.trade(trade_id).stop_rests_on_venue and len(self.limits()) == len(entry.targets or ())
        )
        return self.trade(trade_id)


async def an_entry_has_its_stop_and_ladder_there(stage: HandsStage) -> None:
    trade = await stage.opened()
    assert stage.held() == trade.open_qty == QTY
    assert stage.stops() == [Rests(stage.on_grid(trade.stop_price), QTY)]
    assert sum(one.qty for one in stage.limits()) == QTY
    again = await stage.ask(asked.Enter, entry=ENTRY, request_id="ticket")
    assert again.trade_id == trade.trade_id and stage.held() == QTY, "one ticket is one order"
    stage.assert_never_bare()


async def half_leaves_and_the_rest_is_kept(stage: HandsStage) -> None:
    trade = await stage.opened()
    assert (await stage.ask(asked.CloseTrade, trade_id=trade.trade_id, share=0.5)).ok
    await stage.until(lambda: stage.stops() == [Rests(stage.on_grid(trade.stop_price), QTY / 2)])
    await stage.until(lambda: round(sum(one.qty for one in stage.limits()), 6) == QTY / 2)
    assert stage.held() == stage.trade(trade.trade_id).open_qty == QTY / 2
    assert stage.trade(trade.trade_id).exit_qty == QTY / 2
    stage.assert_never_bare()


async def a_stop_comes_nearer_and_the_old_one_goes(stage: HandsStage) -> None:
    trade = await stage.opened()
    assert (await stage.ask(asked.MoveStop, trade_id=trade.trade_id, tighter_bps=50.0)).ok
    await stage.until(lambda: stage.trade(trade.trade_id).stop_rests_on_venue and len(stage.stops()) == 1)
    (stop,) = stage.stops()
    assert stop == Rests(stage.on_grid(stage.trade(trade.trade_id).stop_price), QTY)
    assert stop.price > (trade.stop_price or 0.0) + 19.0
    looser = await stage.ask(asked.MoveStop, trade_id=trade.trade_id, price=trade.stop_price)
    assert not looser.ok and stage.stops() == [stop]
    stage.assert_never_bare()


async def a_stop_goes_to_the_entry_with_its_fees(stage: HandsStage) -> None:
    trade = await stage.opened()
    stage.move(60.0)
    await stage.until(lambda: True)
    answer = await stage.ask(asked.MoveStop, trade_id=trade.trade_id, to_entry=True)
    assert answer.ok, answer.sentence
    await stage.until(lambda: stage.trade(trade.trade_id).stop_rests_on_venue and len(stage.stops()) == 1)
    assert stage.stops()[0].price >= trade.entry_price * 1.0007
    stage.assert_never_bare()


async def a_stop_trails_and_takes_the_trade_out(stage: HandsStage) -> None:
    trade = await stage.opened()
    assert (await stage.ask(asked.TrailStop, trade_id=trade.trade_id, distance=Trail(TrailBy.BPS, 40.0))).ok
    for least in (3_975.0, 3_983.0, 3_991.0):
        stage.move(20.0)
        await stage.until(lambda least=least: (stage.trade(trade.trade_id).stop_price or 0.0) > least)  # type: ignore[misc]
        await stage.until(lambda: stage.trade(trade.trade_id).stop_rests_on_venue and len(stage.stops()) == 1)
        assert stage.stops()[0].price == stage.on_grid(stage.trade(trade.trade_id).stop_price)
    stage.move(-90.0)
    await stage.until(lambda: stage.trade(trade.trade_id).phase is TradePhase.CLOSED)
    assert stage.trade(trade.trade_id).exit_reason is ExitReason.TRAILING_STOP
    await stage.until(lambda: stage.held() == 0.0 and not stage.stops() and not stage.limits())
    stage.assert_never_bare()


async def targets_are_others_and_none(stage: HandsStage) -> None:
    trade = await stage.opened()
    assert (await stage.ask(asked.SetTargets, trade_id=trade.trade_id, targets=(Target(350.0, 100.0),))).ok
    await stage.until(lambda: [one.qty for one in stage.limits()] == [QTY])
    assert (await stage.ask(asked.SetTargets, trade_id=trade.trade_id)).ok
    await stage.until(lambda: not stage.limits())
    assert stage.stops() == [Rests(stage.on_grid(trade.stop_price), QTY)]


async def a_limit_rests_and_is_taken_back(stage: HandsStage) -> None:
    entry = ManualEntry(
        ASSET, Side.LONG, amount_usd=AMOUNT_USD, limit_price=PRICE - 10.0, within_s=3_600.0, post_only=True
    )
    answer = await stage.ask(asked.Enter, entry=entry)
    assert answer.ok and answer.trade_id is not None, answer.sentence
    await stage.until(lambda: len(stage.limits()) == 1)
    assert stage.limits()[0].price == PRICE - 10.0
    order_id = stage.trade(answer.trade_id).entry_order_id
    assert (await stage.ask(asked.CancelTradeOrder, order_id=order_id)).ok
    await stage.until(lambda: stage.trade(answer.trade_id or "").phase is TradePhase.ABANDONED)
    assert not stage.limits() and stage.held() == 0.0


async def a_trade_is_closed_disarmed_and_halted(stage: HandsStage) -> None:
    trade = await stage.opened()
    assert (await stage.ask(asked.HaltTrading, reason="news")).ok
    assert (await stage.ask(asked.CloseTrade, trade_id=trade.trade_id)).ok
    await stage.until(lambda: stage.trade(trade.trade_id).phase is TradePhase.CLOSED)
    await stage.until(lambda: stage.held() == 0.0 and not stage.stops() and not stage.limits())
    stage.assert_never_bare()


async def a_reverse_is_flat_before_it_is_the_other_side(stage: HandsStage) -> None:
    trade = await stage.opened()
    entry = ManualEntry(ASSET, Side.SHORT, amount_usd=AMOUNT_USD, stop_bps=200.0, targets=(Target(300.0, 100.0),))
    before = stage.entries()
    stage.delay_next_close()

    def is_flat_first() -> bool:
        is_over = stage.trade(trade.trade_id).phase is TradePhase.CLOSED
        assert is_over or stage.entries() == before, "the other side is asked for while this one is held"
        return is_over

    answer = await stage.ask(asked.Reverse, trade_id=trade.trade_id, entry=entry)
    assert answer.ok, answer.sentence
    is_flat_first()
    await stage.until(is_flat_first)
    await stage.until(lambda: stage.held() < 0 and len(stage.stops()) == 1 and len(stage.limits()) == 1)
    assert stage.held() == -QTY
    stage.assert_never_bare()


CONTRACT = (
    an_entry_has_its_stop_and_ladder_there,
    half_leaves_and_the_rest_is_kept,
    a_stop_comes_nearer_and_the_old_one_goes,
    a_stop_goes_to_the_entry_with_its_fees,
    a_stop_trails_and_takes_the_trade_out,
    targets_are_others_and_none,
    a_limit_rests_and_is_taken_back,
    a_trade_is_closed_disarmed_and_halted,
    a_reverse_is_flat_before_it_is_the_other_side,
)


class PaperHands(HandsStage):
    """The engine on the paper venue, in the time of its events."""

    def __init__(self, scene: Scenario) -> None:
        self._scene = scene
        self._venue: PaperVenue = scene.venue
        self._price = PRICE

    async def ask(self, kind: type[AnyCommand], **fields: Any) -> CommandAnswered:
        return self._scene.command(kind, **fields)

    async def until(self, holds: Callable[[], object]) -> None:
        for _ in range(200):
            self._scene.wait_ms(60)
            self._scene.quote(ASSET, self._price)
            if holds():
                return
        raise AssertionError("expected it within 12 s, was not")

    def move(self, by_bps: float) -> None:
        self._price = round(self._price * (1 + by_bps / 10_000) / TICKS[ASSET]) * TICKS[ASSET]
        self._scene.move(ASSET, self._price)

    def trade(self, trade_id: str) -> TradeRecord:
        return self._scene.trades[trade_id]

    def held(self) -> float:
        return self._scene.position(ASSET)

    def stops(self) -> list[Rests]:
        return [Rests(one.request.trigger_price or 0.0, one.open_qty) for one in self._scene.working(OrderRole.STOP)]

    def limits(self) -> list[Rests]:
        found = [one for one in self._scene.working() if one.request.limit_price is not None]
        return [Rests(one.request.limit_price or 0.0, one.open_qty) for one in found]

    def entries(self) -> int:
        return len(self._scene.placed(OrderRole.ENTRY))

    def delay_next_close(self) -> None:
        """Every order here is."""

    def assert_never_bare(self) -> None:
        """Nothing closes for want of a stop within the second that the engine gives it."""
        assert not any(trade.exit_reason is ExitReason.NO_STOP for trade in self._scene.trades.values())
        assert not self._scene.notices("critical", "stop")


class RealHands(HandsStage):
    """The engine on one real venue: the real client library, the wire, and the venue's own watch on its positions."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name
        self._venue = stage.world.venues[name]

    async def ask(self, kind: type[AnyCommand], **fields: Any) -> CommandAnswered:
        if "entry" in fields:
            fields["entry"] = replace(fields["entry"], venue=self._name)
        return await self._stage.command(lambda now_ns, command_id: kind(now_ns, command_id, "test", **fields))  # type: ignore[call-arg]

    async def until(self, holds: Callable[[], object]) -> None:
        await asyncio.sleep(0.3)
        await self._stage.until(holds)

    def move(self, by_bps: float) -> None:
        self._stage.move(ASSET, by_bps)

    def trade(self, trade_id: str) -> TradeRecord:
        return self._stage.trade(trade_id)

    def held(self) -> float:
        return round(self._venue.held(ASSET), 9)

    def stops(self) -> list[Rests]:
        return [Rests(float(one.asked.trigger), self._base(one.asked.qty)) for one in self._venue.algo_orders]

    def limits(self) -> list[Rests]:
        return [Rests(float(one.price or 0), self._base(one.left)) for one in self._venue.open_orders]

    def on_grid(self, price: float | None) -> float:
        exact, tick = Decimal(repr(price or 0.0)), self._venue.core.rules[self._venue.symbol(ASSET)].tick
        on_tick = (exact / tick).quantize(Decimal(1), ROUND_HALF_EVEN) * tick
        figures = FIGURES.get(self._name)
        return float(on_tick if figures is None else f"{exact:.{figures}g}")

    def _base(self, units: Decimal | None) -> float:
        return round(float((units or 0) * self._venue.core.rules[self._venue.symbol(ASSET)].unit), 9)

    def entries(self) -> int:
        return len(self._venue.called("entry"))

    def delay_next_close(self) -> None:
        self._venue.faults.add(late(1.0), roles={"close"})

    def assert_never_bare(self) -> None:
        assert self._venue.watch.longest_naked_s() < 1.0
