"""Finding out what became of an order: by its client id, again and again, until the venue's word settles it."""

import asyncio
from collections.abc import Iterator
from itertools import count

from cockpit.domain.kinds import OrderRole, OrderStatus
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import NotSent, VenueFailure, VenueOrder
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.execution.order_state import OrderState
from cockpit.execution.venue_context import VenueContext

MARGIN_NS = 5 * NS_PER_S
"""Clocks differ: executions are asked for from so much earlier than the order was sent."""


class OrderResolver:
    """Asks the venue for orders. An order that it does not know may still be on its way: only time can tell."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._chases: dict[str, asyncio.Task[None]] = {}

    async def find(self, kept: OrderState) -> bool:
        """One look; whether the venue knows the order. Its executions are asked for where any are missing.

        Raises `VenueFailure`.
        """
        order = await self.ask(kept)
        if order is not None:
            await self.take(kept, order)
        elif not kept.is_over:
            self.emit_unknown(kept)
        return order is not None

    def emit_unknown(self, kept: OrderState) -> None:
        """The venue does not know it, by its id: what an earlier engine left as a stop guards nothing."""
        reason = f"{self._context.venue} does not know it, after a restart"
        self._context.emit(kept.not_found(reason, self._context.now_ns))

    async def find_left_stop(self, kept: OrderState) -> None:
        """One look at a stop of an earlier engine that is in no list: also where the look-up fails, it is unknown."""
        try:
            await self.find(kept)
        except VenueFailure as failure:
            self._context.met(failure)
            self.emit_unknown(kept)
            self.chase(kept)

    async def take(self, kept: OrderState, order: VenueOrder) -> None:
        """Tell what the venue said of it, its executions included. Raises `VenueFailure`."""
        self._context.take(kept, order)
        if kept.lacks_fills:
            self._context.book(kept, await self._context.account.fills_of(order))

    def chase(self, kept: OrderState) -> None:
        """Ask for it until it is settled, unless that is under way."""
        if kept.order_id not in self._chases:
            task = self._context.in_flight.start(f"look up {kept.order_id}", self._chase(kept))
            self._chases[kept.order_id] = task
            task.add_done_callback(lambda _: self._chases.pop(kept.order_id, None))

    def follow(self, kept: OrderState) -> None:
        """After any word of an order: chase what it leaves open."""
        if not _is_settled(kept):
            self.chase(kept)

    async def answer(self, kept: OrderState) -> None:
        """The engine asks: say what is known, new or not."""
        before = (kept.status, kept.filled)
        try:
            known = await self.find(kept)
        except VenueFailure as failure:
            self._context.met(failure)
            self.chase(kept)
            return
        if not known and not kept.is_over:
            self.chase(kept)
        elif (kept.status, kept.filled) == before:
            self._context.emit(kept.answer(self._context.now_ns))
            self.follow(kept)

    async def ask(self, kept: OrderState) -> VenueOrder | None:
        """What the venue says of it, by the one or the other service, and by both where we do not know which has it.

        Nothing is told yet. Raises `VenueFailure`.
        """
        account, is_conditional = self._context.account, kept.is_conditional
        order = await account.find(kept.asset, kept.client_id, bool(is_conditional))
        if order is None and is_conditional is None:
            order = await account.find(kept.asset, kept.client_id, True)
        self._context.answered()
        return order

    async def _chase(self, kept: OrderState) -> None:
        """What it asks decides over what protects a position: it waits no longer than an exit."""
        with for_exits():
            await self._ask_until_settled(kept)

    async def _ask_until_settled(self, kept: OrderState) -> None:
        context, pace, began_ns = self._context, self._context.pace, self._context.now_ns
        unknown_since_ns: int | None = None
        times = _times(pace.ask_at_s, pace.ask_on_every_s)
        at_s = next(times)
        while True:
            wait_s = at_s - context.timing.since_s(began_ns)
            if self.is_bare_close(kept):
                wait_s = min(wait_s, pace.bare_close_after_s)
            await context.timing.sleep(max(0.0, wait_s))
            if _is_settled(kept):
                return
            if context.timing.since_s(began_ns) >= at_s:
                at_s = next(times)
            try:
                known = await self.find(kept)
            except VenueFailure as failure:
                context.met(failure)
                if isinstance(failure, NotSent):
                    await context.timing.sleep(failure.retry_after_s or 0.0)
                continue
            if known or kept.was_reported or self._may_be_held(kept):
                unknown_since_ns = None
                continue
            unknown_since_ns = context.now_ns if unknown_since_ns is None else unknown_since_ns
            unknown_s = (context.now_ns - unknown_since_ns) / NS_PER_S
            if unknown_s >= self._never_arrived_after_s(kept) and not await self._is_listed(kept):
                reason = f"{context.venue} does not know it, asked for {unknown_s:.1f} s: it never arrived"
                context.give_up(kept, reason)
                return

    def _never_arrived_after_s(self, kept: OrderState) -> float:
        """An order may be long on its way. A position that no stop guards does not wait for its close for so long."""
        pace = self._context.pace
        return pace.bare_close_after_s if self.is_bare_close(kept) else pace.never_arrived_after_s

    def is_bare_close(self, kept: OrderState) -> bool:
        """Whether it is to close what no stop guards."""
        return kept.role is OrderRole.CLOSE and not self._context.is_guarded(kept.asset)

    def _may_be_held(self, kept: OrderState) -> bool:
        """Whether a position that stands is all that ever told of it: it stays ours, whatever a look-up says."""
        return kept.has_inferred_fill and self._context.holds_ours(kept.asset)

    async def _is_listed(self, kept: OrderState) -> bool:
        """Whether an order that only a position has shown is among the executions, after that position is closed.

        Without an answer it may be.
        """
        if not kept.has_inferred_fill:
            return False
        context = self._context
        try:
            fills = await context.account.fills_since(kept.asset, kept.sent_ns - MARGIN_NS)
        except VenueFailure as failure:
            context.met(failure)
            return True
        return context.book(kept, [fill for fill in fills if fill.client_id == kept.client_id])


def _is_settled(kept: OrderState) -> bool:
    """Whether nothing about it is in doubt: it is over, or rests as orders of its kind do, and every fill was told."""
    if kept.lacks_fills or kept.has_inferred_fill or kept.status in (OrderStatus.SENT, OrderStatus.UNKNOWN):
        return False
    return kept.is_over or not kept.takes_at_once


def _times(first: tuple[float, ...], every_s: float) -> Iterator[float]:
    yield from first
    yield from (first[-1] + number * every_s for number in count(1))
