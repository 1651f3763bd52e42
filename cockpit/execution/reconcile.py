"""Asking a real venue again and again what it holds and rests, and repairing what was missed.

The private stream is fast and forgetful; this is slow and sees everything. A round reads positions and open orders,
looks up every order of ours that should be there and is not, and tells the positions. "Gone" is believed when two
reads agree, and told after the executions that explain it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from cockpit.domain.events import VenuePosition
from cockpit.domain.kinds import OrderRole, OrderStatus, VenueTopic
from cockpit.exchanges.base.account import HeldPosition, NotSent, PositionKey, VenueFailure, VenueOrder
from cockpit.exchanges.base.timing import BackOff, within
from cockpit.execution.entry_watch import EntryGuard, EntryWatch
from cockpit.execution.expected_positions import netted
from cockpit.execution.foreign_activity import ForeignActivity
from cockpit.execution.foreign_protection import ForeignProtection, ForeignReport
from cockpit.execution.missed_fills import MissedFills
from cockpit.execution.order_state import QTY_EPSILON, OrderState
from cockpit.execution.orphan_orders import OrphanOrders
from cockpit.execution.position_peek import PositionPeek
from cockpit.execution.resolver import OrderResolver
from cockpit.execution.unreadable_rows import UnreadableRows
from cockpit.execution.vanished_orders import VanishedOrders
from cockpit.execution.venue_context import VenueContext

LONGEST_PAUSE_S = 30.0
STANDS_PAUSE_S = 0.5
"""While something stands or may arise there, which nobody sees meanwhile."""
BRISK = 4
"""A round that failed is tried again so often without a longer pause."""


class Reconcile:
    """One venue's rounds, every `every_s` and at once when anything is in doubt."""

    def __init__(
        self,
        context: VenueContext,
        lookup: OrderResolver,
        foreign: ForeignActivity,
        missed: MissedFills,
        orphans: OrphanOrders,
        protection: ForeignProtection,
        watch: EntryWatch,
        every_s: float,
    ) -> None:
        self.has_answered = False
        self._context = context
        self._lookup = lookup
        self._foreign = foreign
        self._missed = missed
        self._orphans = orphans
        self._protection = protection
        protection.ended = self.doubt
        self._peek = PositionPeek(context, protection)
        self._foreign_report = ForeignReport(context, protection)
        self._watch = watch
        self._guard = EntryGuard(context)
        self._every_s = every_s
        self._doubt = asyncio.Event()
        self._wake = asyncio.Event()
        self._is_linked = False
        self._good_ns = context.now_ns
        self._everywhere_ns: int | None = None
        self._held: dict[str, HeldPosition] = {}
        self._unclear: set[str] = set()
        """Where what is held is not explained yet, by the last round."""
        self._seen: dict[PositionKey, float] = {}
        """Everything that was held by the last round; and by our own executions then."""
        self._ours: dict[str, float] = {}
        self._was_compared = asyncio.Event()
        self._rows = UnreadableRows(context)
        self._unbooked_ns: dict[str, int] = {}
        self._vanished = VanishedOrders(context)

    def doubt(self) -> None:
        """Something does not fit: look at once."""
        self._doubt.set()

    def read_now(self) -> None:
        """What kept the venue busy is over: look at once, however long it was to be left alone."""
        self._wake.set()
        self.doubt()

    def linked(self, is_up: bool, sentence: str) -> None:
        """The private stream stands, or broke: what it said meanwhile is lost."""
        was, self._is_linked = self._is_linked, is_up
        self._context.is_linked = is_up
        if not is_up:
            self._watch.begin()
        if is_up != was:
            word = "stands" if is_up else "is down, asking instead"
            self._context.notify(VenueTopic.NOTE, f"{self._context.venue} private stream {word}: {sentence}")
        self.doubt()

    async def run(self) -> None:
        """Round after round, for ever."""
        back_off = BackOff(self._context.pace.reread_after_s, LONGEST_PAUSE_S, BRISK)
        while True:
            self._doubt.clear()
            self._wake.clear()
            try:
                await self.round()
            except VenueFailure as failure:
                self._context.met(failure)
                self._review(str(failure))
                asked_s = failure.retry_after_s or 0.0 if isinstance(failure, NotSent) else 0.0
                own_s = min(back_off.failed(), STANDS_PAUSE_S if self._peek.is_wanted else LONGEST_PAUSE_S)
                await self._context.timing.sleep_unless(self._wake, max(asked_s, own_s))
                continue
            back_off.succeeded()
            await self._peek.pause(self._doubt, self._every_s, self._seen, self._ours)

    async def round(self) -> None:
        """One look at everything. Raises `VenueFailure` where the venue does not answer."""
        context, began_ns = self._context, self._context.now_ns
        everywhere = self._is_everywhere_due()
        resting = [kept for kept in context.live() if kept.is_resting]
        positions, orders = await self._read(everywhere, resting)
        context.answered()
        if context.timing.since_s(began_ns) > context.pace.peek_every_s:
            self.doubt()  # one of the lists waited for the other, and is that old
        await self._resolve_stops(netted(positions), orders)
        await self._repair(resting, orders)
        self._foreign.take_orders(orders, None if everywhere else context.assets)
        await self._compare(positions)
        foreign = [*self._foreign.held(self._held), *self._turned()]
        assets_read = None if everywhere else context.assets
        await self._protection.keep(foreign, orders, assets_read, self._holds_ours_alone)
        self._foreign_report.emit(foreign)
        await self._orphans.sweep(orders, self._held)
        await self._guard.renew()
        if everywhere:
            self._everywhere_ns = context.now_ns
        self._rows.notify_set_aside()
        self._review(self._unreadable())

    def _unreadable(self) -> str:
        """What of the lists could not be read: it may be anything, so that no entry starts beside it for long."""
        sentences = self._rows.open_unread()
        if not sentences:
            self._good_ns = self._context.now_ns
        return sentences[0] if sentences else ""

    async def emit_position(self, asset: str) -> None:
        """Answer what is held on one perpetual, agreed by two reads where it is less than we think.

        Where the venue does not answer nothing is told: who asked will ask again.
        """
        context = self._context
        try:
            positions, unclear = await self._explained(await self._read_positions())
        except VenueFailure as failure:
            context.met(failure)
            self.doubt()
            return
        self._held = netted(positions)
        if asset not in unclear:
            self._emit([asset])
            return
        bare = self._missed.bare_qty(asset, _qty(self._held.get(asset)), asset in self._unbooked_exits())
        if bare is not None:
            resting = self._resting_on(asset)
            context.emit([VenuePosition(context.now_ns, context.venue, asset, bare, 0.0, resting, by_executions=True)])

    async def compared(self) -> None:
        """Wait until what an earlier engine left was compared with what is held, but not for long.

        What closed its positions meanwhile is told first; that their stops went with them comes after.
        """
        if not self._was_compared.is_set():
            await self._context.timing.sleep_unless(self._was_compared, self._context.pace.compare_within_s)

    # Reading.

    async def _read(
        self, everywhere: bool, resting: Sequence[OrderState]
    ) -> tuple[tuple[HeldPosition, ...], tuple[VenueOrder, ...]]:
        """Both lists. Where one of them cannot be had, what the other, or its own id, says of a stop counts all the
        same. Raises `VenueFailure`.
        """
        reading = self._read_positions(), self._read_orders(everywhere)
        positions, orders = await asyncio.gather(*reading, return_exceptions=True)
        if isinstance(orders, BaseException):
            stops = [kept for kept in resting if kept.role is OrderRole.STOP]
            await asyncio.gather(*(self._lookup.find(kept) for kept in stops), return_exceptions=True)
            raise orders
        if isinstance(positions, BaseException):
            await self._repair(resting, orders)
            raise positions
        return positions, orders

    async def _read_positions(self) -> tuple[HeldPosition, ...]:
        """The positions. Where one that our own orders opened is missing, a second read has to say so too; what is new
        elsewhere does not wait for it.
        """
        context = self._context
        positions = await context.positions()
        held = netted(positions)
        if all(asset in held or abs(qty) <= QTY_EPSILON for asset, qty in context.expected.items()):
            return positions
        began_ns = context.now_ns
        self._foreign.take_first_list(held)
        self._watch.attribute(positions)
        await self._watch.find_filled(positions)
        await context.timing.sleep(max(0.0, context.pace.reread_after_s - context.timing.since_s(began_ns)))
        return await self._context.positions()

    async def _read_orders(self, everywhere: bool) -> tuple[VenueOrder, ...]:
        context = self._context
        call = context.account.open_orders(None if everywhere else context.assets)
        return await within(context.pace.call_within_s, call, "open orders")

    def _is_everywhere_due(self) -> bool:
        if self._everywhere_ns is None:
            return True
        return self._context.timing.since_s(self._everywhere_ns) >= self._context.pace.everywhere_every_s

    # Repairing.

    async def _resolve_stops(self, held: Mapping[str, HeldPosition], orders: Sequence[VenueOrder]) -> None:
        """Before anything else: what became of the stops of an earlier engine whose position is there and whole. A
        listed one is told by its row; one that is not listed may be gone, and nothing else would explain that.
        """
        context, listed = self._context, {order.client_id for order in orders}
        lost = [
            kept
            for kept in context.live()
            if kept.role is OrderRole.STOP and kept.status is OrderStatus.UNKNOWN and kept.client_id not in listed
        ]
        whole = [kept for kept in lost if self._is_whole(kept.asset, held)]
        await asyncio.gather(*(self._lookup.find_left_stop(kept) for kept in whole))

    def _is_whole(self, asset: str, held: Mapping[str, HeldPosition]) -> bool:
        ours = self._context.expected.get(asset, 0.0)
        return ours != 0.0 and _qty(held.get(asset)) / ours >= 1.0 - QTY_EPSILON

    async def _repair(self, rested: Sequence[OrderState], orders: Sequence[VenueOrder]) -> None:
        """Take what the venue rests, and look up what rested before the read and is not there any more."""
        context, there = self._context, {order.client_id: order for order in orders if order.client_id}
        failure: VenueFailure | None = None
        for order in orders:
            kept = context.state_of(order)
            if kept is not None:
                context.take(kept, order)
                self._lookup.follow(kept)
        for kept in rested:
            if kept.client_id in there:
                self._vanished.listed(kept)
            elif kept.is_resting:
                failure = await self._find_unlisted(kept) or failure
        self._vanished.give_up(there)
        if failure is not None:
            raise failure

    async def _find_unlisted(self, kept: OrderState) -> VenueFailure | None:
        """An order that rested is not listed: ask for its id. Where that cannot be had, a stop counts as not known."""
        failure, is_known = None, False
        try:
            is_known = await self._lookup.find(kept)
        except VenueFailure as error:
            failure = error
        if (failure is None or kept.role is OrderRole.STOP) and self._vanished.seen_nowhere(kept, is_known):
            self.doubt()
        self._lookup.follow(kept)
        return failure

    async def _explained(self, positions: tuple[HeldPosition, ...]) -> tuple[tuple[HeldPosition, ...], set[str]]:
        """Before a difference is told, every order that may explain it is asked for, and the positions once more; then
        every execution there. Returns the positions, and where they are not clear yet.

        An order that ended without having executed explains nothing: that is told after what does. A stop that the
        venue has never had is not waited for: nothing took what it was to guard, so far as is known.
        """
        self._watch.attribute(positions)
        listed = netted(positions)
        suspects = [kept for asset in self._odd(positions) for kept in self._suspects(asset, _qty(listed.get(asset)))]
        answers = await asyncio.gather(*(self._lookup.ask(kept) for kept in suspects))
        found = [(kept, order) for kept, order in zip(suspects, answers, strict=True) if order is not None]
        for kept in [kept for kept, order in zip(suspects, answers, strict=True) if order is None]:
            self._watch.not_found(kept, positions)
        for kept, order in found:
            if order.filled_qty - kept.filled > QTY_EPSILON:
                await self._lookup.take(kept, order)
        if suspects:
            self._watch.attribute(positions, were_others_asked=True)
            self._foreign.take_first_list(listed)
            positions = await self._context.positions()
        held, odd = netted(positions), self._odd(positions)
        self._missed.agree_but_for(odd)
        unsettled = {asset for asset in odd if not await self._missed.settle(asset, _qty(held.get(asset)))}
        unclear = unsettled | self._unbooked_exits()
        for kept, order in found:
            if kept.asset not in unclear:
                await self._lookup.take(kept, order)
        for kept, answer in zip(suspects, answers, strict=True):
            if answer is None and kept.asset in unsettled and not self._missed.seems_explained(kept.asset):
                self._lookup.emit_unknown(kept)
        if any(self._missed.may_soon_be_clear(asset) for asset in unsettled):
            self.doubt()
        return positions, unclear

    def _unbooked_exits(self) -> set[str]:
        """Where an exit of ours has executed whose executions are not told yet: what is held is told after them, unless
        they are not to be had for a minute.
        """
        context = self._context
        lacking = {kept.asset for kept in context.orders.values() if kept.lacks_fills and kept.is_our_exit}
        self._unbooked_ns = {asset: self._unbooked_ns.get(asset, context.now_ns) for asset in lacking}
        most_s = context.pace.gone_after_s
        return {asset for asset, since_ns in self._unbooked_ns.items() if context.timing.since_s(since_ns) < most_s}

    def _suspects(self, asset: str, qty: float) -> list[OrderState]:
        """The orders that may explain a difference there: those that live, and entries that are thought not to. No exit
        explains that more is held than ours: asking for each of them would keep that from its stop.
        """
        ours, live = self._context.expected.get(asset, 0.0), self._context.live(asset)
        is_beyond = ours * qty >= 0.0 and abs(qty) > abs(ours) + QTY_EPSILON
        may = [kept for kept in live if not kept.is_our_exit] if is_beyond else live
        return [*may, *self._watch.suspects(asset)]

    async def _compare(self, positions: tuple[HeldPosition, ...]) -> None:
        """Take the positions, and tell whose they are."""
        context = self._context
        positions, unclear = await self._explained(positions)
        self._unclear = unclear
        self._seen, self._ours = {one.key: one.qty for one in positions}, self._peek.ours()
        known = (*context.assets, *self._held)
        self._held = netted(positions)
        self._foreign.take_apart(position for position in positions if not position.nets_with_ours)
        assets = [asset for asset in dict.fromkeys((*known, *self._held)) if asset not in unclear]
        if self._foreign.take_positions({asset: one.qty for asset, one in self._held.items()}, assets):
            self.doubt()
        self._emit(assets)
        if not unclear:
            self._was_compared.set()

    def _turned(self) -> list[HeldPosition]:
        """Positions on the other side than ours, while no execution tells yet what took ours: not ours in any case."""
        known = {position.asset for position in self._foreign.held(self._held)}
        return [
            self._held[asset]
            for asset in self._unclear - known
            if _qty(self._held.get(asset)) * self._context.expected.get(asset, 0.0) < 0.0
        ]

    def _odd(self, positions: Sequence[HeldPosition]) -> list[str]:
        """Where what is held is not what our own executions add up to."""
        held, expected = netted(positions), self._context.expected
        assets = dict.fromkeys((*held, *expected))
        return [asset for asset in assets if abs(_qty(held.get(asset)) - expected.get(asset, 0.0)) > QTY_EPSILON]

    def _holds_ours_alone(self, asset: str) -> bool:
        """Whether a perpetual was listed with exactly what our own executions add up to, and that is not nothing."""
        ours = self._context.expected.get(asset, 0.0)
        return abs(ours) > QTY_EPSILON and abs(_qty(self._held.get(asset)) - ours) <= QTY_EPSILON

    # Telling.

    def _emit(self, assets: Collection[str]) -> None:
        context = self._context
        for asset in assets:
            held = self._held.get(asset)
            qty, entry_price = (held.qty, held.entry_price) if held is not None else (0.0, 0.0)
            event = VenuePosition(context.now_ns, context.venue, asset, qty, entry_price, self._resting_on(asset))
            context.emit([event])

    def _resting_on(self, asset: str) -> int:
        """The orders that rest there as far as is known: ours by now, others' by the last look."""
        return sum(kept.is_resting for kept in self._context.live(asset)) + self._foreign.count(asset)

    def _review(self, trouble: str) -> None:
        """Whether the venue's state is known well enough for entries."""
        context, pace = self._context, self._context.pace
        most_s = pace.unread_after_s if self._is_linked else pace.unread_unlinked_after_s
        unread_s = context.timing.since_s(self._good_ns)
        unknown = [kept.order_id for kept in context.live() if not kept.is_resting] if not self.has_answered else []
        if not trouble and not unknown:
            self.has_answered = True
            context.notify(VenueTopic.UNREAD, f"{context.venue} is read", is_over=True)
        elif self.has_answered and unread_s > most_s:
            context.notify(VenueTopic.UNREAD, f"{context.venue} not read since {most_s:g} s: {trouble}", is_grave=True)


def _qty(position: HeldPosition | None) -> float:
    return 0.0 if position is None else position.qty
