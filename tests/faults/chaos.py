"""A session of chaos, played on the stage."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import EngineState, Side
from tests.faults.chaos_plan import Plan
from tests.faults.chaos_troubles import Troubles
from tests.faults.stage import Stage
from tests.loopback import trading_faults as faults
from tests.loopback.matching_terms import Refused
from tests.loopback.trading_faults import Fault
from tests.loopback.trading_venue import Answer, Call, TradingVenue

FLAT_WITHIN_S = 300.0
OVERRIDES = (
    "modes.test.max_trades=50",
    "limits.max_trades_per_day=50",
    "limits.losses_until_review=50",
    "limits.losses_until_kill=51",
)


class Chaos:
    """Plays a plan. Each verb of a step is a method here."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self.stage = stage
        self.plan = plan
        self.troubles = {
            name: Troubles(name, venue, stage.world.loop.time) for name, venue in stage.world.venues.items()
        }
        self._died_s = 0.0
        self._dead_for_s = 1.0
        self._killed = asyncio.Event()

    async def play(self) -> None:
        for step in self.plan.steps:
            await self._alive(asyncio.sleep(step.wait_s))
            await self._alive(getattr(self, f"do_{step.verb}")(*step.args))
        await self.heal()
        await self._alive(asyncio.sleep(6.0))
        await self._end_flat()

    async def _alive(self, what: Coroutine[Any, Any, None]) -> None:
        """Do it, unless the engine dies meanwhile: then another one is started first."""
        doing, killed = asyncio.create_task(what), asyncio.create_task(self._killed.wait())
        await asyncio.wait({doing, killed}, return_when=asyncio.FIRST_COMPLETED)
        killed.cancel()
        if not self._killed.is_set():
            await doing
            return
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        await self._another_life()

    def _die(self) -> None:
        """`kill -9`, this instant."""
        if not self._killed.is_set():
            self._died_s = self.stage.world.loop.time()
            self.stage.kill_now()
            self._killed.set()

    async def _another_life(self) -> None:
        stage, loop = self.stage, self.stage.world.loop
        await stage.bury()
        await asyncio.sleep(self._dead_for_s)
        self._killed.clear()
        await stage.begin()
        for trouble in self.troubles.values():
            trouble.lasted(self._died_s, loop.time())
        await asyncio.sleep(0.5)
        await self._arm()

    async def _arm(self) -> None:
        try:
            await asyncio.wait_for(self.stage.arm(), 12.0)
        except TimeoutError:
            return  # a venue that does not answer: chaos goes on

    def _venue(self, name: str) -> TradingVenue:
        return self.stage.world.venues[name]

    # What happens.

    async def do_signal(self, asset: str, venue: str, side: str) -> None:
        await self.stage.signal(asset, Side(side), venue, 30.0)

    async def do_move(self, asset: str, by_bps: float) -> None:
        self.stage.move(asset, by_bps)

    async def do_wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def do_resume(self) -> None:
        await self.stage.resume()
        await self._arm()

    async def do_flatten(self) -> None:
        await self.stage.flatten()

    # What goes wrong between the venue and us.

    async def do_break(self, venue: str, roles: tuple[str, ...], kind: str, fault: Fault, times: int) -> None:
        self._venue(venue).faults.add(fault, roles=roles, times=times)

    async def do_frames(self, venue: str, what: str, number: int) -> None:
        setattr(self._venue(venue).user_stream, what, number)

    async def do_stall(self, venue: str, seconds: float) -> None:
        stream = self._venue(venue).user_stream
        stream.stalled = True
        self.stage.world.loop.call_later(seconds, setattr, stream, "stalled", False)

    async def do_cut(self, venue: str) -> None:
        self._venue(venue).user_stream.kill()

    async def do_delay(self, venue: str, seconds: float) -> None:
        self._venue(venue).user_stream.delay_s = seconds

    async def do_expire(self) -> None:
        venue: Any = self._venue("binance")
        if venue.listen_key is not None:
            venue.expire_listen_key()

    async def do_down(self, venue: str, seconds: float) -> None:
        now_s = self.stage.world.loop.time()
        self.troubles[venue].lasted(now_s, now_s + seconds)
        await self._venue(venue).go_down()
        try:
            await asyncio.sleep(seconds)
        finally:
            await self._venue(venue).come_back()

    async def do_hide(self, venue: str, seconds: float) -> None:
        """Its lists of positions are empty for so long, which explains nothing of ours that stands bare."""
        held = self._venue(venue)
        fault = faults.empty()
        self.troubles[venue].explain_nothing.append(fault)
        held.faults.add(fault, roles={"positions"}, times=None)
        if self.plan.has_foreign:
            now_s = self.stage.world.loop.time()
            self.troubles[venue].lasted(now_s, now_s + seconds)
        self.stage.world.loop.call_later(seconds, held.faults.drop, fault)

    async def do_lag(self, venue: str, seconds: float) -> None:
        """For half a minute its lists of executions leave the last seconds out."""
        core = self._venue(venue).core
        core.lists_lag_s = seconds
        self.stage.world.loop.call_later(30.0, setattr, core, "lists_lag_s", 0.0)

    async def do_jump(self, seconds: float, venues_give_time: bool) -> None:
        """This machine's clock is set; the next engine starts with it."""
        self.stage.world.wall_ahead_s += seconds
        self.stage.world.venues_give_time = venues_give_time

    async def do_skew(self, venue: str, by_ms: int) -> None:
        self._venue(venue).clock_skew_ms = by_ms
        if self.plan.has_foreign:
            # Once it is right again its stamps leap: what closed ours may be stamped before ours was opened.
            now_s = self.stage.world.loop.time()
            self.troubles[venue].lasted(now_s, now_s + FLAT_WITHIN_S)

    # What happens on the account.

    async def do_partly(self, venue: str, fractions: tuple[float, ...]) -> None:
        self._venue(venue).core.fill_next(*fractions)

    async def do_finish(self, venue: str) -> None:
        core = self._venue(venue).core
        for order in core.open_orders():
            if order.held:
                core.fill(order)

    async def do_reject_stops(self, venue: str, seconds: float) -> None:
        algos = self._venue(venue).core.algos
        algos.rejects_triggered = "Reduce Only reject"
        self.stage.world.loop.call_later(seconds, setattr, algos, "rejects_triggered", "")

    async def do_no_stops(self, venue: str, seconds: float) -> None:
        algos = self._venue(venue).core.algos
        algos.gone = True
        if self.plan.has_foreign:  # what is not ours is not ours to close where no stop is to be had
            now_s = self.stage.world.loop.time()
            self.troubles[venue].lasted(now_s, now_s + seconds)
        self.stage.world.loop.call_later(seconds, setattr, algos, "gone", False)

    def _touched(self, name: str) -> TradingVenue:
        """A venue on which somebody else trades now; what fills in part is meant for orders of ours."""
        venue = self._venue(name)
        venue.core._fractions.clear()
        return venue

    async def do_hand(self, name: str, asset: str, share: float) -> None:
        venue = self._touched(name)
        qty = venue.positions.get(venue.symbol(asset), Decimal(0)) * Decimal(str(share))
        rules = venue.core.rules[venue.symbol(asset)]
        lots = abs(qty) // rules.lot * rules.lot
        if lots:
            venue.trade_by_hand(asset, "sell" if qty > 0 else "buy", float(lots * rules.unit))

    async def do_hand_turns(self, name: str, asset: str, share: float) -> None:
        """More than the position is closed: what is left is the other way round, and not ours."""
        self._by_hand(name, asset, -share)

    async def do_hand_adds(self, name: str, asset: str, share: float) -> None:
        self._by_hand(name, asset, share)

    def _by_hand(self, name: str, asset: str, share: float) -> None:
        venue = self._touched(name)
        rules = venue.core.rules[venue.symbol(asset)]
        held = venue.positions.get(venue.symbol(asset), Decimal(0))
        lots = held * Decimal(str(share)) // rules.lot * rules.lot
        if lots:
            with suppress(Refused):  # a venue may find it too small
                venue.trade_by_hand(asset, "buy" if lots > 0 else "sell", float(abs(lots) * rules.unit))

    async def do_hand_lifts(self, name: str, asset: str) -> None:
        """Our stop is taken off."""
        venue = self._venue(name)
        for algo in venue.core.algos.open(venue.symbol(asset)):
            venue.core.algos.cancel(algo)
            return

    async def do_liquidate(self, name: str, asset: str) -> None:
        if self._touched(name).held(asset):
            self._venue(name).liquidate(asset)

    async def do_deleverage(self, name: str, asset: str, fraction: float) -> None:
        venue = self._touched(name)
        try:
            if venue.held(asset):
                venue.deleverage(asset, fraction)
        except Refused:
            return  # half of one lot

    async def do_funding(self, name: str, asset: str, rate: float) -> None:
        if self._venue(name).held(asset):
            self._venue(name).pay_funding(asset, rate)

    # What happens to the engine.

    async def do_kill(self, steps: int, dead_for_s: float) -> None:
        """At any await: after so many rounds of the loop."""
        self._dead_for_s = dead_for_s
        loop = self.stage.world.loop
        wanted = loop.steps + steps
        while loop.steps < wanted:
            await asyncio.sleep(0)
        self._die()

    async def do_kill_at_call(self, name: str, role: str, executes: bool) -> None:
        """In the moment the venue has such a request in its hands, and does it or not."""
        venue = self._venue(name)
        carry_out = type(venue).executed

        def dying(call: Call, positions: Any) -> Answer:
            if call.role != role:
                return carry_out(venue, call, positions)
            vars(venue).pop("executed")
            done = carry_out(venue, call, positions) if executes else Answer({})
            self._die()
            return done

        vars(venue)["executed"] = dying

    # The end.

    async def heal(self) -> None:
        """Everything works again, for good."""
        for venue in self.stage.world.venues.values():
            venue.faults.clear()
            venue.clock_skew_ms, venue.core.lists_lag_s = 0, 0.0
            venue.core.algos.gone, venue.core.algos.rejects_triggered = False, ""
            stream = venue.user_stream
            stream.stalled, stream.delay_s = False, 0.0
            stream.drop_next = stream.repeat_next = stream.hold_next = 0
            vars(venue).pop("executed", None)
            venue.core._fractions.clear()
        for name in self.stage.world.venues:
            await self.do_finish(name)

    async def _end_flat(self) -> None:
        stage = self.stage
        if stage.state is not EngineState.FLATTENING:
            await stage.flatten()
        await stage.until(lambda: stage.state is EngineState.HALTED, FLAT_WITHIN_S)
        await asyncio.sleep(3.0)
