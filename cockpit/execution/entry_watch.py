"""Entries that may have executed unseen: the position itself is watched, and what is held beyond our own is theirs.

An entry whose answer was lost, or that the venue did not know for so long that it was given up, may appear late: in the
list of positions before its order, or its executions, can be found. It is protected as soon as any of them shows it.
"""

import asyncio
from collections.abc import Sequence
from itertools import count

from cockpit.domain.kinds import OrderRole, VenueTopic
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import HeldPosition, VenueFailure, VenueFill
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.timing import within
from cockpit.execution.order_state import QTY_EPSILON, OrderState
from cockpit.execution.resolver import MARGIN_NS, OrderResolver
from cockpit.execution.venue_context import VenueContext

# The venue's own dead-man switch: should we fall silent, it takes back the entries that rest; never a stop.


class EntryGuard:
    """Renewed while an entry rests, disarmed once none does."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._renewed_ns: int | None = None

    async def renew(self) -> None:
        """Do what is due. A venue that refuses is told of, and nothing else depends on it."""
        context, pace = self._context, self._context.pace
        rests = any(kept.is_resting_entry and not kept.is_conditional for kept in context.live())
        if not rests and self._renewed_ns is None:
            return
        if rests and self._renewed_ns is not None and context.timing.since_s(self._renewed_ns) < pace.guard_every_s:
            return
        try:
            call = context.account.guard_entries(pace.guard_within_s if rests else 0.0)
            await within(pace.call_within_s, call, "dead-man switch")
        except VenueFailure as failure:
            context.met(failure)
            context.notify(VenueTopic.NOTE, f"{context.venue} dead-man switch not set: {failure}")
            return
        self._renewed_ns = context.now_ns if rests else None


LIST_FIRST, LIST_EVERY = 2, 5
"""With the second look and then every so many the executions are listed too: a venue may hide the position."""


class EntryWatch:
    """Looks at the positions while an entry is in doubt, and tells the engine of what shows there as inferred."""

    def __init__(self, context: VenueContext, lookup: OrderResolver) -> None:
        self._context = context
        self._lookup = lookup
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """An entry was sent: watch until it is known what became of every one, and for a while after giving one up."""
        if self._watching is None or self._watching.done():
            self._watching = self._context.in_flight.start("watch entries", self._watch())

    def suspects(self, asset: str) -> list[OrderState]:
        """The entries there that are over for the engine and that the venue has never spoken of."""
        return [kept for kept in self._entries(asset) if kept.is_over and not kept.was_reported]

    def attribute(self, positions: Sequence[HeldPosition], were_others_asked: bool = False) -> None:
        """What is held beyond our own is of the newest entry in doubt that is large enough; of one that was given up
        only after those; and of none before the entries there that the venue took were asked for.
        """
        for position in (one for one in positions if one.nets_with_ours):
            self._infer_unpriced(position)
            in_doubt = [kept for kept in reversed(self._entries(position.asset)) if kept.is_in_doubt]
            for kept in sorted(in_doubt, key=lambda kept: kept.was_given_up):
                if were_others_asked or not self._may_be_of_another(kept):
                    self._infer(kept, position)

    def _infer_unpriced(self, position: HeldPosition) -> None:
        """Some venues say how much of an order has executed and not at which price: that is the position's until the
        executions are listed, also where a stop has taken part of it and less is held than was.
        """
        for kept in self._entries(position.asset):
            if kept.lacks_price and position.qty * kept.side.sign > 0:
                self._context.infer(kept, kept.venue_filled, position.entry_price)
                self._lookup.chase(kept)

    def _may_be_of_another(self, kept: OrderState) -> bool:
        """Whether an entry that the venue took may have filled there unheard."""
        return any(one.is_resting_entry and one.side is kept.side for one in self._entries(kept.asset))

    def _infer(self, kept: OrderState, position: HeldPosition) -> None:
        """An entry shows in a position on its own side: where ours only shrinks, an exit may have executed."""
        context = self._context
        surplus = self._surplus(kept, position) if position.qty * kept.side.sign > 0 else 0.0
        if QTY_EPSILON < surplus <= kept.qty - kept.executed + QTY_EPSILON:
            context.infer(kept, kept.executed + surplus, position.entry_price)
            self._lookup.chase(kept)

    def _surplus(self, kept: OrderState, position: HeldPosition) -> float:
        """What is held on the entry's side beyond all that was ours while the list was on its way: what an exit closed
        meanwhile is not the entry's.
        """
        context = self._context
        since_ns = position.asked_ns - round(context.pace.list_lags_s * NS_PER_S)
        ours = context.expected.since(kept.asset, since_ns)
        return min((position.qty - qty) * kept.side.sign for qty in ours)

    async def _watch(self) -> None:
        context = self._context
        with for_exits():
            for look in count(1):
                await context.timing.sleep(context.pace.watch_entry_every_s)
                watched = [kept for kept in self._entries() if self._is_watched(kept)]
                if not watched:
                    return
                try:
                    positions = await context.positions()
                    self.attribute(positions)
                    await self.find_filled(positions)
                    if look == LIST_FIRST or look % LIST_EVERY == 0:
                        for asset in {kept.asset for kept in watched if kept.is_in_doubt}:
                            await self._list(asset)
                except VenueFailure as failure:
                    context.met(failure)

    async def find_filled(self, positions: Sequence[HeldPosition]) -> None:
        """Entries that rest where the position is another than ours are asked for: no stream may have told of them."""
        context = self._context
        held = {position.asset: position.qty for position in positions if position.nets_with_ours}
        for kept in self._entries():
            surplus = held.get(kept.asset, 0.0) - context.expected.get(kept.asset, 0.0)
            is_odd = kept.is_resting_entry and surplus * kept.side.sign > QTY_EPSILON
            if is_odd and not await self._is_found(kept):
                self.not_found(kept, positions)
        self.attribute(positions, were_others_asked=True)
        listed = {position.asset for position in positions if position.nets_with_ours}
        for kept in self._entries():
            if kept.lacks_price and kept.asset not in listed:
                await self._infer_at_mark(kept)

    async def _infer_at_mark(self, kept: OrderState) -> None:
        """The venue counts it at no price and hides the position: until either is listed it stands at the mark."""
        context = self._context
        try:
            call = context.account.mark_price(kept.asset)
            mark = await within(context.pace.stop_answer_within_s, call, f"mark price of {kept.asset}")
        except VenueFailure as failure:
            context.met(failure)
            return
        if kept.lacks_price:
            context.infer(kept, kept.venue_filled, mark)
            self._lookup.chase(kept)

    async def _is_found(self, kept: OrderState) -> bool:
        """Whether the venue told of that entry, and soon: a position waits for no longer."""
        context = self._context
        try:
            call = self._lookup.find(kept)
            return await within(context.pace.stop_answer_within_s, call, f"look up {kept.order_id}")
        except VenueFailure as failure:
            context.met(failure)
            return False

    def not_found(self, kept: OrderState, positions: Sequence[HeldPosition]) -> None:
        """The venue took that entry and does not tell of it now: what is held beyond our own is of it."""
        for position in positions:
            if kept.is_resting_entry and position.nets_with_ours and position.asset == kept.asset:
                self._infer(kept, position)

    async def _list(self, asset: str) -> None:
        """Look for executions under an id of ours, where no order of that id is to be found. Those whose order nobody
        can name, and that were not told as another's, are of the newest entry in doubt that they fit; of none that was
        given up after a position had shown it: they made that one.
        """
        context = self._context
        by_id = {kept.client_id: kept for kept in self._entries(asset) if kept.is_in_doubt}
        since_ns = min(kept.sent_ns for kept in by_id.values()) - MARGIN_NS
        fills = await within(context.pace.call_within_s, context.account.fills_since(asset, since_ns), "executions")
        for fill in fills:
            if fill.client_id in by_id:
                context.book(by_id[fill.client_id], [fill])
        nameless = [fill for fill in fills if not fill.client_id and fill.nets_with_ours and not self._is_known(fill)]
        in_doubt = [kept for kept in by_id.values() if kept.is_in_doubt and not kept.was_disproved]
        for kept in reversed(in_doubt):
            self._infer_nameless(kept, [fill for fill in nameless if _may_be_of(fill, kept)])

    def _is_known(self, fill: VenueFill) -> bool:
        """Whether that execution was booked, or is of an order that the venue has told of by its own id."""
        context = self._context
        known = (kept.venue_order_id for kept in context.orders.values())
        return fill.fill_id in context.fills_emitted or (bool(fill.venue_order_id) and fill.venue_order_id in known)

    def _infer_nameless(self, kept: OrderState, fills: Sequence[VenueFill]) -> None:
        qty = sum(fill.qty for fill in fills)
        if QTY_EPSILON < qty <= kept.qty + QTY_EPSILON:
            self._context.infer(kept, qty, sum(fill.qty * fill.price for fill in fills) / qty)
            self._lookup.chase(kept)

    def _is_watched(self, kept: OrderState) -> bool:
        """Until it is known, and so long after it was given up; one that was taken and must have filled by now, or that
        rests while no stream would tell of it.
        """
        if kept.is_resting_entry and (kept.takes_at_once or not self._context.is_linked):
            return True
        age_s = self._context.timing.since_s(kept.sent_ns)
        return kept.is_in_doubt and (not kept.was_given_up or age_s < self._context.pace.watch_given_up_s)

    def _entries(self, asset: str | None = None) -> list[OrderState]:
        return [
            kept
            for kept in self._context.orders.values()
            if asset in (None, kept.asset) and kept.role is OrderRole.ENTRY and not kept.is_ours_alone
        ]


def _may_be_of(fill: VenueFill, kept: OrderState) -> bool:
    return fill.side is kept.side and fill.ts_ns >= kept.sent_ns - NS_PER_S
