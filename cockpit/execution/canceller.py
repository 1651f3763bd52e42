"""Cancelling at a real venue: asked for until the order is over, and known to those who wait for its quantity."""

import asyncio
from collections.abc import Callable

from cockpit.domain.kinds import OrderRole, VenueTopic
from cockpit.exchanges.base.account import NotSent, VenueFailure
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.order_text import plain_id
from cockpit.exchanges.base.timing import BackOff, wait_for_all
from cockpit.execution.order_state import OrderState
from cockpit.execution.resolver import OrderResolver
from cockpit.execution.venue_context import VenueContext

SENDING_FIRST_S = 0.3
"""A cancel waits so long for its order's own sending to be answered, then goes all the same."""

TaskOf = Callable[[str], asyncio.Task[None] | None]


class OrderCanceller:
    """Takes orders back. `sending_of` gives the sending of an order that is still under way."""

    def __init__(self, context: VenueContext, lookup: OrderResolver) -> None:
        self.sending_of: TaskOf = lambda order_id: None
        self._context = context
        self._lookup = lookup
        self._taken: dict[str, asyncio.Future[None]] = {}
        """By order: done once the venue has taken the cancel, or it was given up."""

    def cancel(self, kept: OrderState) -> None:
        """Take it back; what becomes of it is told."""
        kept.is_withdrawn = True
        if kept.order_id in self._taken:
            return
        self._taken[kept.order_id] = asyncio.get_running_loop().create_future()
        self._context.in_flight.start(f"cancel {kept.order_id}", self._cancel(kept))

    async def until_free(self, asset: str, most_s: float) -> bool:
        """Wait for the cancels under way on that perpetual of what may hold quantity. `most_s` at the most. Whether
        there were any.
        """
        orders = {order_id: self._context.orders[order_id] for order_id in self._taken}
        waiting = [self._taken[order_id] for order_id, kept in orders.items() if _may_hold(kept, asset)]
        await wait_for_all(waiting, most_s)
        return bool(waiting)

    async def _cancel(self, kept: OrderState) -> None:
        context, began_ns = self._context, self._context.now_ns
        back_off = BackOff(context.pace.resend_first_s, context.pace.resend_longest_s)
        try:
            sending = self.sending_of(kept.order_id)
            if sending is not None:
                await wait_for_all([sending], SENDING_FIRST_S)
            while not kept.is_over and context.timing.since_s(began_ns) < context.pace.cancel_within_s:
                wait_s = await self._try(kept)
                if not kept.is_over:
                    await context.timing.sleep(max(wait_s, back_off.failed()))
        finally:
            _done(self._taken.pop(kept.order_id))

    async def _try(self, kept: OrderState) -> float:
        """Ask once, and see what became of it. Returns the seconds that the venue wants to be left alone."""
        context = self._context
        try:
            await context.account.cancel(kept.asset, kept.client_id, bool(kept.is_conditional))
            _done(self._taken[kept.order_id])
        except NotSent as failure:
            return failure.retry_after_s or 0.0
        except VenueFailure as failure:
            context.met(failure)
        try:
            await self._lookup.find(kept)
        except VenueFailure as failure:
            context.met(failure)
        return 0.0


def _may_hold(kept: OrderState, asset: str) -> bool:
    """Whether exits there may be refused for it: entries and stops hold nothing of a position."""
    return kept.asset == asset and kept.role not in (OrderRole.ENTRY, OrderRole.STOP)


def _done(taken: asyncio.Future[None]) -> None:
    if not taken.done():
        taken.set_result(None)


# Stops that were triggered and are not filled: where a stop leaves at a limit, the market may have gapped through it.
#
# Such a stop still rests, and protects nothing. It has a moment to be filled; then it is taken off, and the engine,
# which is told that it protected nothing, closes at market.


class TriggeredStops:
    """Watches each from the first word that it was triggered."""

    def __init__(self, context: VenueContext, lookup: OrderResolver, cancelling: OrderCanceller) -> None:
        self._context = context
        self._lookup = lookup
        self._cancelling = cancelling
        self._watched: set[str] = set()
        context.triggered = self.watch

    def watch(self, kept: OrderState) -> None:
        """Give it its moment, once."""
        if kept.role is OrderRole.STOP and not kept.is_over and kept.order_id not in self._watched:
            self._watched.add(kept.order_id)
            self._context.in_flight.start(f"triggered stop {kept.order_id}", self._watch(kept))

    async def _watch(self, kept: OrderState) -> None:
        context = self._context
        try:
            with for_exits():
                await context.timing.sleep(context.pace.triggered_within_s)
                try:
                    await self._lookup.find(kept)
                except VenueFailure as failure:
                    context.met(failure)
                if kept.is_over:
                    return
                what = f"{context.venue}: the stop {plain_id(kept.client_id)} of {plain_id(kept.asset)} was triggered"
                left = f"{kept.qty - kept.filled:.10g} of {kept.qty:.10g} not filled"
                sentence = f"{what}, {left} after {context.pace.triggered_within_s:g} s: its limit was gapped through"
                context.notify(VenueTopic.NOTE, f"{sentence}, closing at market", kept.asset, is_grave=True)
                self._cancelling.cancel(kept)
        finally:
            self._watched.discard(kept.order_id)
