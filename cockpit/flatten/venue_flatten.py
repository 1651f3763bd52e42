"""Flattening one venue, from the venue's own truth, until it was seen flat and empty twice. No timer ends it.

FREEZE -> cancel entries and resting targets (they reserve quantity) -> close reduce-only -> see flat, twice -> cancel
stops -> see no orders, twice -> FLAT. It is not a script but a loop: every round looks at what is there and does what
that asks for, so that whatever comes back (a late fill, a stranger's order) is dealt with like the rest. A stop goes
only after the position it guards was seen gone in two looks.

Nothing may throw here: whatever goes wrong is said as trouble, and tried again with back-off.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from cockpit.domain.events import FLAT_READS
from cockpit.domain.units import seconds_to_ns
from cockpit.exchanges.base.account import HeldPosition, RefusalKind, Refused, VenueAccount, VenueFailure, VenueOrder
from cockpit.exchanges.base.order_text import guards, held_text, order_text
from cockpit.exchanges.base.timing import BackOff, Timing, wait_for_all
from cockpit.flatten.calls import FlattenCalls
from cockpit.flatten.pieces import ClosePieces, Dust
from cockpit.flatten.steps import FlattenSite, StepName

KEYS_REFUSED = 3
"""So many calls in a row refused for our keys: nothing can be done from here."""
HIDDEN_READS = 20
"""So many looks in a row at an empty list that the venue's balance contradicts: only somebody who looks can go on."""
UNREADABLE_READS = 10
"""So many looks in a row with nothing left but rows that cannot be read: only somebody who looks can go on."""

Answer = TypeVar("Answer")


class FlattenPace(NamedTuple):
    """How long, in seconds, the flatten waits for what; `calm_rounds` without a change are taken at the first pace."""

    call_within_s: float = 3.0
    cancel_before_close_s: float = 0.3
    reread_after_s: float = 0.2
    longest_pause_s: float = 5.0
    orders_every_s: float = 1.0
    """While a position is there; after that every look asks for the orders too."""
    dust_again_s: float = 30.0
    calm_rounds: int = 10
    clear_apart_s: float = 0.2
    """So far apart must the looks be that see the whole venue clear."""


class VenueReading(NamedTuple):
    """One look at the venue; None for what it did not tell, or was not asked.

    `resting`: the orders that are known of, from this look or an earlier one. `unreadable`: rows that may be anything.
    """

    positions: Sequence[HeldPosition] | None
    orders: Sequence[VenueOrder] | None
    resting: Sequence[VenueOrder] = ()
    unreadable: Sequence[str] = ()
    hidden: str = ""
    """What speaks for a position although none is listed."""

    @property
    def is_clear(self) -> bool:
        """Whether the venue told everything, and nothing is there."""
        is_answered = self.positions is not None and self.orders is not None and not self.unreadable and not self.hidden
        return is_answered and not self.positions and not self.orders

    @property
    def assets(self) -> list[str]:
        """Every contract that has anything on it."""
        held = [position.asset for position in self.positions or ()]
        return list(dict.fromkeys((*held, *(order.asset for order in self.resting))))

    @property
    def outline(self) -> tuple[object, ...]:
        """What two looks have in common while nothing moves; marks move always."""
        held = None if self.positions is None else tuple((one.asset, one.qty) for one in self.positions)
        return held, tuple((one.venue_order_id, one.filled_qty) for one in self.resting), self.unreadable


class VenueFlatten:
    """One venue's flatten; `run` ends when the venue was seen flat, and `is_done` says so.

    `site` is where it happens. `is_stuck`: all that is left is declared dust, or the venue refuses our keys. It goes on
    trying even then; whoever runs it may give up.
    """

    def __init__(
        self, account: VenueAccount, site: FlattenSite, timing: Timing, pace: FlattenPace | None = None
    ) -> None:
        self.is_done = False
        self._account = account
        self._site = site
        self._timing = timing
        self._pace = pace or FlattenPace()
        self._calls = FlattenCalls(account.venue, site.notify, timing, self._pace.call_within_s)
        self._back_off = BackOff(self._pace.reread_after_s, self._pace.longest_pause_s)
        self._dust = Dust(self._pace.dust_again_s)
        self._pieces = ClosePieces()
        self._asking: asyncio.Task[tuple[VenueOrder, ...] | VenueFailure] | None = None
        self._asked_ns: int | None = None
        self._resting: tuple[VenueOrder, ...] = ()
        self._unreadable_reads = 0
        self._last: VenueReading | None = None
        self._quiet_rounds = 0
        self._reads = 0
        self._held_at_read: dict[str, int] = {}
        self._flat_reads = 0
        self._clear_reads = 0
        self._hidden_reads = 0

    @property
    def is_stuck(self) -> bool:
        """Whether going on can only help if somebody acts."""
        held = self._last.positions if self._last is not None else None
        only_dust = bool(held) and all(self._dust.is_declared(position) for position in held or ())
        only_odd = not held and self._unreadable_reads >= UNREADABLE_READS
        only_hidden = self._hidden_reads >= HIDDEN_READS
        return only_dust or only_odd or only_hidden or self._calls.keys_refused_in_a_row >= KEYS_REFUSED

    async def run(self, reason: str) -> None:
        """Flatten, however long it takes."""
        self.begin(reason)
        while not self.is_done:
            pause_s = await self.round()
            if not self.is_done:
                await self._timing.sleep(pause_s)

    def begin(self, reason: str) -> None:
        """Say so; then go on by rounds."""
        self._calls.step(StepName.FREEZE, f"no entry can start ({reason})")

    async def round(self) -> float:
        """One look and what it asks for. Returns the seconds to leave the venue alone. Never raises."""
        self._calls.begin_round()
        try:
            seen = await self._read()
            self._count(seen)
            await asyncio.gather(*(self._leave_safely(asset, seen) for asset in seen.assets))
            if seen.is_clear:
                await self._seen_clear()
            return self._pause_s(seen)
        except Exception as error:
            # A defect in this machine must not keep it from getting out: say it and look again.
            self._calls.trouble("the flatten itself", f"{type(error).__name__}: {error}")
            return self._back_off.failed()

    # Looking.

    async def _read(self) -> VenueReading:
        """Positions and orders at once. A list of orders that is late does not hold up the closes: the next look has
        it.
        """
        asking = self._orders_asked()
        try:
            positions = await self._calls.ask("positions", self._account.positions())
            has_positions = not isinstance(positions, VenueFailure) and bool(positions)
            most_s = self._pace.cancel_before_close_s if has_positions else self._patience_s
            await wait_for_all({asking} if asking is not None else (), most_s)
        except asyncio.CancelledError:
            if asking is not None:
                asking.cancel()
            raise
        orders: tuple[VenueOrder, ...] | None = None
        if asking is not None and asking.done():
            self._asking, orders = None, _answer_or_none(asking.result())
        self._resting = self._resting if orders is None else orders
        hidden = "" if isinstance(positions, VenueFailure) or positions else await self._site.hidden_position()
        return VenueReading(_answer_or_none(positions), orders, self._resting, self._account.unreadable(), hidden)

    def _orders_asked(self) -> "asyncio.Task[tuple[VenueOrder, ...] | VenueFailure] | None":
        """The list of orders that is asked for: venues count these calls more strictly than any others."""
        now_ns = self._timing.clock()
        is_held = self._last is not None and bool(self._last.positions)
        is_fresh = self._asked_ns is not None and now_ns - self._asked_ns < seconds_to_ns(self._pace.orders_every_s)
        if self._asking is None and not (is_held and is_fresh):
            self._asked_ns = now_ns
            self._asking = asyncio.ensure_future(self._ask_orders())
        return self._asking

    async def _ask_orders(self) -> "tuple[VenueOrder, ...] | VenueFailure":
        return await self._calls.ask("open orders", self._account.open_orders())

    @property
    def _patience_s(self) -> float:
        """Longer than any call may take: the calls' own limit decides."""
        return 2 * self._pace.call_within_s

    def _count(self, seen: VenueReading) -> None:
        """Which perpetuals were seen flat how often, and whether anything has changed since the last read."""
        self._quiet_rounds = 0 if self._last is None or seen.outline != self._last.outline else self._quiet_rounds + 1
        self._last = seen
        if not seen.is_clear:
            self._clear_reads = 0
        self._unreadable_reads = self._unreadable_reads + 1 if seen.unreadable else 0
        for sentence in seen.unreadable:
            self._calls.trouble("not flat while it cannot be read", sentence)
        self._count_hidden(seen)
        if seen.positions is None or seen.unreadable or seen.hidden:
            return
        self._reads += 1
        self._held_at_read.update({position.asset: self._reads for position in seen.positions})
        self._flat_reads = 0 if seen.positions else self._flat_reads + 1
        if 0 < self._flat_reads <= FLAT_READS:
            self._calls.step(StepName.SEEN_FLAT, f"no position ({self._flat_reads} of {FLAT_READS})")

    def _count_hidden(self, seen: VenueReading) -> None:
        """An order that could open something ties money up too: it goes first."""
        is_alone = bool(seen.hidden) and all(guards(order) for order in seen.resting)
        self._hidden_reads = self._hidden_reads + 1 if is_alone else 0
        if is_alone:
            self._calls.trouble("not flat", seen.hidden)

    def _is_gone(self, asset: str) -> bool:
        """Whether no position was seen there in the last two looks that could be read."""
        return self._reads - self._held_at_read.get(asset, 0) >= FLAT_READS

    async def _seen_clear(self) -> None:
        unsettled = self._site.unsettled()
        if unsettled:
            self._clear_reads = 0
            self._calls.trouble("not flat yet", unsettled, StepName.WAITING)
            return
        await self._site.confirmed_clear()
        self._clear_reads += 1
        self._calls.step(StepName.SEEN_CLEAR, f"no position, no order ({self._clear_reads} of {FLAT_READS})")
        if self._clear_reads >= FLAT_READS:
            self.is_done = True
            remarks = self._account.remarks()
            held = "what our orders bought is sold, none of them rests; " if remarks else ""
            told = held + "; ".join(remarks) or "the venue holds nothing and rests nothing"
            self._calls.step(StepName.FLAT, told)

    # Acting.

    async def _leave_safely(self, asset: str, seen: VenueReading) -> None:
        try:
            await self._leave(asset, seen)
        except Exception as error:
            # A defect on one perpetual must not keep it from leaving the others.
            self._calls.trouble(asset, f"{type(error).__name__}: {error}")

    async def _leave(self, asset: str, seen: VenueReading) -> None:
        """One perpetual, independent of the others: free the quantity, close, and drop the stops of what is gone."""
        orders = [order for order in seen.resting if order.asset == asset]
        held = [position for position in seen.positions or () if position.asset == asset]
        in_the_way = [order for order in orders if not guards(order)]
        stops = [order for order in orders if guards(order)]
        if stops and not self._may_go(asset, seen):
            stops = []
        cancels = self._cancels(in_the_way, StepName.CANCEL) | self._cancels(stops, StepName.STOPS)
        await wait_for_all(cancels, self._pace.cancel_before_close_s if held else self._patience_s)
        await asyncio.gather(*(self._close(position) for position in held))
        await wait_for_all(cancels, self._patience_s)

    def _may_go(self, asset: str, seen: VenueReading) -> bool:
        """Whether nothing is there any more that a stop may have to guard."""
        if seen.positions is None or seen.unreadable or not self._is_gone(asset):
            return False
        missing = self._site.missing(asset)
        if missing:
            self._calls.trouble(asset, f"{missing}: its stop stays", StepName.WAITING)
        return not missing

    def _cancels(self, orders: Sequence[VenueOrder], step: StepName) -> set[asyncio.Task[VenueFailure | None]]:
        cancels: set[asyncio.Task[VenueFailure | None]] = set()
        for order in orders:
            what = f"cancel {order_text(order)}"
            self._calls.step(step, what)
            cancels.add(asyncio.ensure_future(self._cancel(order, what)))
        return cancels

    async def _cancel(self, order: VenueOrder, what: str) -> VenueFailure | None:
        answer = await self._calls.ask(what, self._account.cancel_order(order))
        if answer is None:
            self._resting = tuple(one for one in self._resting if one is not order)
        return answer

    async def _close(self, position: HeldPosition) -> None:
        now_ns = self._timing.clock()
        if not self._dust.is_due(position, now_ns):
            return
        if self._site.is_closing(position.asset):
            self._calls.trouble(position.asset, "a close of ours is under way: waiting for it", StepName.WAITING)
            return
        pieces = self._pieces.of(position, self._account.most_at_market(position))
        await asyncio.gather(*(self._close_piece(piece, now_ns) for piece in pieces))

    async def _close_piece(self, position: HeldPosition, now_ns: int) -> None:
        direction = "sell" if position.qty > 0 else "buy"
        self._calls.step(
            StepName.CLOSE, f"{direction} {abs(position.qty):.10g} {position.asset} at market, reduce-only"
        )
        client_id = self._site.close_id(position)
        answer = await self._calls.ask(f"close {position.asset}", self._account.close_position(position, client_id))
        self._site.closed(client_id, answer)
        if isinstance(answer, Refused) and answer.kind is RefusalKind.TOO_LARGE:
            self._pieces.was_too_large(position)
        if isinstance(answer, Refused) and answer.kind is RefusalKind.TOO_SMALL:
            self._dust.declare(position, now_ns)
            sentence = f"{held_text(position)} is under what the venue takes: {answer}"
            self._calls.trouble(f"dust {position.asset}", sentence, StepName.DUST)

    # Waiting.

    def _pause_s(self, seen: VenueReading) -> float:
        """As the venue asks; longer after every failure, and longer where nothing changes any more."""
        if self._calls.wait_s > 0:
            self._calls.trouble("told to wait", f"{self._calls.wait_s:g} s", StepName.WAITING)
            return max(self._calls.wait_s, self._pace.reread_after_s)
        if self._calls.failed and not seen.is_clear:
            return self._back_off.failed()
        self._back_off.succeeded()
        if self._clear_reads:
            return self._pace.clear_apart_s
        rounds = self._quiet_rounds - self._pace.calm_rounds
        return float(min(self._pace.longest_pause_s, self._pace.reread_after_s * 2.0 ** max(0, min(rounds, 16))))


def _answer_or_none(answer: Answer | VenueFailure | None) -> Answer | None:
    return None if isinstance(answer, VenueFailure) else answer
