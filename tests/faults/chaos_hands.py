"""Hands in a session of chaos: what an operator does to the trades while everything else goes wrong."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from cockpit.domain import commands as asked
from cockpit.domain.commands import AnyCommand, ManualEntry
from cockpit.domain.kinds import Side
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel, AlarmOn
from cockpit.domain.trades import Trail, TrailBy
from cockpit.domain.verdict import Target
from cockpit.runtime.host import NotAnswered
from tests.faults.chaos import Chaos
from tests.faults.chaos_plan import PERPETUALS, Plan, Step, plan_of

ANSWERED_WITHIN_S = 12.0
Make = Callable[[int, str], AnyCommand]
TRAILS = (
    Trail(TrailBy.BPS, 6.0),
    Trail(TrailBy.BPS, 15.0),
    Trail(TrailBy.BPS, 40.0),
    Trail(TrailBy.R, 0.5),
    Trail(TrailBy.RATIO, 0.4),
    None,
)
HANDS_ON: dict[str, Callable[[Random], tuple[object, ...]]] = {
    "enter": lambda rng: (*rng.choice(PERPETUALS), rng.choice(("long", "short")), rng.choice((None, -6.0, 3.0))),
    "close_part": lambda rng: (rng.random(), rng.choice((0.25, 0.5, 0.75, 1.0))),
    "tighten": lambda rng: (rng.random(), rng.choice((2.0, 8.0, 30.0))),
    "to_entry": lambda rng: (rng.random(),),
    "stop_at": lambda rng: (rng.random(), rng.choice((-40.0, -8.0, 8.0))),
    "trail": lambda rng: (rng.random(), rng.choice(TRAILS)),
    "retarget": lambda rng: (rng.random(), rng.choice(((), (20.0,), (25.0, 60.0)))),
    "hold": lambda rng: (rng.random(), rng.choice((1.0, 20.0, None))),
    "cancel_entry": lambda rng: (rng.random(),),
    "turn": lambda rng: (rng.random(),),
    "adopt": lambda rng: (),
    "alarm": lambda rng: (
        rng.choice(PERPETUALS)[0],
        rng.choice((-15.0, 15.0)),
        rng.choice(("ring", "close", "disarm")),
    ),
}
"""What hands do, and what each is given."""


def plan_with_hands(seed: int) -> Plan:
    """The session of that seed, with hands in between."""
    plan, rng = plan_of(seed), Random(seed * 7 + 3)
    steps = list(plan.steps)
    for _ in range(rng.randint(4, 12)):
        verb = rng.choice(list(HANDS_ON))
        at = rng.randrange(1, len(steps) + 1)
        steps.insert(at, Step(rng.choice((0.0, 0.05, 0.4, 1.5)) * rng.random(), f"by_hand_{verb}", HANDS_ON[verb](rng)))
    return plan._replace(steps=tuple(steps))


class ChaosWithHands(Chaos):
    """Plays a plan with hands in it. `answers` are what the engine said to them."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.answers: list[tuple[str, bool, str]] = []

    async def do_by_hand_enter(self, asset: str, venue: str, side: str, limit_bps: float | None) -> None:
        price = None if limit_bps is None else self.stage.world.prices[asset] * (1 + limit_bps / 10_000)
        entry = ManualEntry(asset, Side(side), amount_usd=30.0, limit_price=price, venue=venue)
        await self._ask(lambda now_ns, command_id: asked.Enter(now_ns, command_id, "chaos", entry))

    async def do_by_hand_close_part(self, which: float, share: float) -> None:
        await self._of_trade(which, asked.CloseTrade, share=share)

    async def do_by_hand_tighten(self, which: float, bps: float) -> None:
        await self._of_trade(which, asked.MoveStop, tighter_bps=bps)

    async def do_by_hand_to_entry(self, which: float) -> None:
        await self._of_trade(which, asked.MoveStop, to_entry=True)

    async def do_by_hand_stop_at(self, which: float, bps: float) -> None:
        trade = self.stage.engine.book.find(self._trade(which) or "")
        if trade is not None:
            price = self.stage.world.prices[trade.record.asset] * (1 + trade.record.side.sign * bps / 10_000)
            await self._of_trade(which, asked.MoveStop, price=price)

    async def do_by_hand_trail(self, which: float, trail: Trail | None) -> None:
        await self._of_trade(which, asked.TrailStop, distance=trail)

    async def do_by_hand_retarget(self, which: float, distances: tuple[float, ...]) -> None:
        targets = tuple(Target(bps, 100.0 / len(distances)) for bps in distances)
        await self._of_trade(which, asked.SetTargets, targets=targets)

    async def do_by_hand_hold(self, which: float, after_s: float | None) -> None:
        await self._of_trade(which, asked.SetTimeStop, after_s=after_s)

    async def do_by_hand_cancel_entry(self, which: float) -> None:
        trade = self.stage.engine.book.find(self._trade(which) or "")
        order_id = "" if trade is None else trade.record.entry_order_id
        await self._ask(lambda now_ns, command_id: asked.CancelTradeOrder(now_ns, command_id, "chaos", order_id))

    async def do_by_hand_turn(self, which: float) -> None:
        trade = self.stage.engine.book.find(self._trade(which) or "")
        if trade is not None:
            record = trade.record
            entry = ManualEntry(record.asset, record.side.opposite, amount_usd=30.0, venue=record.venue)
            await self._of_trade(which, asked.Reverse, entry=entry)

    async def do_by_hand_adopt(self) -> None:
        """Whatever is held there that is not ours."""
        for held in self.stage.engine.foreign.held:
            venue, asset = held.venue, held.asset
            await self._ask(
                lambda now_ns, command_id, venue=venue, asset=asset: asked.Adopt(  # type: ignore[misc]
                    now_ns, command_id, "chaos", venue, asset
                )
            )

    async def do_by_hand_alarm(self, asset: str, bps: float, action: str) -> None:
        price = self.stage.world.prices[asset] * (1 + bps / 10_000)
        level = AlarmLevel(AlarmOn.PRICE, price, bps > 0, asset, AlarmAction(action))
        await self._ask(lambda now_ns, command_id: asked.SetAlarm(now_ns, command_id, "chaos", level))

    def _trade(self, which: float) -> str | None:
        trades = self.stage.engine.book.trades
        return trades[int(which * len(trades))].record.trade_id if trades else None

    async def _of_trade(self, which: float, kind: type[AnyCommand], **fields: Any) -> None:
        trade_id = self._trade(which)
        if trade_id is not None:
            await self._ask(lambda now_ns, command_id: kind(now_ns, command_id, "chaos", trade_id, **fields))  # type: ignore[call-arg]

    async def _ask(self, make: Make) -> None:
        try:
            answer = await asyncio.wait_for(self.stage.command(make), ANSWERED_WITHIN_S)
        except (NotAnswered, TimeoutError):
            return  # an engine that is frozen, or dies: chaos goes on
        self.answers.append((answer.command, answer.ok, answer.sentence))
