"""Sending an order to a real venue: once, under one id, whatever the venue or the line does.

A refusal is final. What certainly did not arrive is sent again under the same id, for a while: entries soon lose their
point, exits hardly ever do. What nobody knows about is asked for by its id and never sent again, but for a protective
stop: that is reduce-only and rests, so that the venue itself refuses a second one of its id, and it has no time to wait
for what became of the first.

A close leaves right behind the cancels of the targets that hold its quantity, not after their answers: where it comes
too early the venue refuses it, and it goes again under the same id once they are taken. Refused once more, or with no
cancel under way, it is asked who else holds that quantity. A close for which nothing could be freed is refused for
good: then the position is smaller than it, and what is held has to be known before another one leaves.
"""

import asyncio
from collections.abc import Sequence

from cockpit.domain.kinds import OrderRole, OrderStatus
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import ns_to_seconds
from cockpit.exchanges.base.account import (
    Ambiguous,
    ErrorOfOrder,
    KeysLost,
    NotSent,
    RefusalKind,
    Refused,
    VenueFailure,
    VenueOrder,
)
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.timing import BackOff, within
from cockpit.execution.canceller import OrderCanceller
from cockpit.execution.entry_settings import EntrySettings, GridWatch
from cockpit.execution.entry_watch import EntryWatch
from cockpit.execution.order_state import OrderState
from cockpit.execution.orphan_orders import OrphanOrders
from cockpit.execution.resolver import OrderResolver
from cockpit.execution.venue_context import VenueContext

RESERVED_TRIES = 3
LISTEN_EVERY_S = 0.25
"""An order that waits to be sent again hears so soon that it is no longer wanted."""


class OrderSender:
    """Places orders. `entries_refused` is the sentence that refuses every entry, while there is one."""

    def __init__(
        self,
        context: VenueContext,
        lookup: OrderResolver,
        cancelling: OrderCanceller,
        watch: EntryWatch,
        entry_weight_share: float,
        wait_free_s: float,
        settings: EntrySettings,
        orphans: OrphanOrders,
    ) -> None:
        self.entries_refused = ""
        self.grids = GridWatch(context)
        self._watch = watch
        self._context = context
        self._lookup = lookup
        self._cancelling = cancelling
        self._entry_weight_share = entry_weight_share
        self._wait_free_s = wait_free_s
        self._settings = settings
        self._orphans = orphans
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def place(self, request: OrderRequest) -> None:
        """Send it; what becomes of it is told. An order the venue has been asked for before is only looked up."""
        context = self._context
        known = context.orders.get(request.order_id)
        if known is not None:
            known.is_ours_alone = False
            context.in_flight.start(f"look up {known.order_id}", self._lookup.answer(known))
            return
        kept = context.keep(OrderState.asked(request, context.ids.client_id(request.order_id), context.now_ns))
        refusal = "" if request.reduce_only else self._entry_refusal()
        if refusal:
            context.emit(kept.refuse(refusal, context.now_ns))
            return
        task = context.in_flight.start(f"send {request.order_id}", self._send(kept, request))
        if not request.reduce_only:
            self._watch.begin()
        self._under_way[request.order_id] = task
        task.add_done_callback(lambda _: self._under_way.pop(request.order_id, None))

    def task_of(self, order_id: str) -> asyncio.Task[None] | None:
        """The sending of that order, while it is under way."""
        return self._under_way.get(order_id)

    def on_their_way(self) -> list[OrderState]:
        """The orders whose sending nobody has answered yet."""
        return [self._context.orders[order_id] for order_id in self._under_way if order_id in self._context.orders]

    def _entry_refusal(self) -> str:
        """Why no entry goes out now: a flatten, or a request allowance that is kept for exits."""
        share, limit = self._context.account.used_weight_share(), self._entry_weight_share
        if not self.entries_refused and share is not None and share > limit:
            used = f"{self._context.venue}'s request allowance {share:.0%} used"
            return f"{used}: entries go out up to {limit:.0%}, the rest is kept for exits"
        return self.entries_refused

    async def _send(self, kept: OrderState, request: OrderRequest) -> None:
        """Send until it is answered. Every way out of here tells what is known."""
        context, began_ns = self._context, self._context.now_ns
        pace = context.pace
        longest_s = pace.resend_exit_longest_s if request.reduce_only else pace.resend_longest_s
        back_off = BackOff(pace.resend_first_s, longest_s)
        reserved = 0
        against = "" if request.reduce_only else await self._settings.refusal(request.asset)
        if against:
            context.emit(kept.refuse(against, context.now_ns))
            return
        while not self._was_withdrawn(kept):
            try:
                self._answered(kept, await self._call(kept, request))
                return
            except Refused as refusal:
                is_reserved = refusal.kind is RefusalKind.QUANTITY_RESERVED and request.reduce_only
                if is_reserved and reserved < RESERVED_TRIES and await self._is_freed(request, reserved == 0, back_off):
                    reserved += 1
                    continue
                self._refused(kept, refusal)
                return
            except NotSent as failure:
                context.met(failure)
                wait_s = failure.retry_after_s or (0.0 if failure.is_clock else back_off.failed())
                if not self._is_worth_sending(kept, request, began_ns, wait_s):
                    context.emit(kept.refuse(f"not sent: {failure}", context.now_ns))
                    return
                await self._wait(kept, max(wait_s, LISTEN_EVERY_S if failure.is_clock else 0.0))
            except KeysLost as failure:
                context.met(failure)
                context.emit(kept.refuse(f"{context.venue} refuses our keys: {failure}", context.now_ns))
                return
            except Exception as failure:
                # Ambiguous, or a defect on the way: it may have executed, so it is asked for.
                if await self._is_left_to_the_venue(kept, request, failure, began_ns, back_off):
                    return

    async def _is_freed(self, request: OrderRequest, is_first: bool, back_off: BackOff) -> bool:
        """Resting orders hold the quantity of an exit: wait until those on their way out have left, and take back those
        that nobody waits for. Whether it is worth sending again: a close is not, where there are none of either.
        """
        were_leaving = await self._cancelling.until_free(request.asset, self._wait_free_s)
        if were_leaving and is_first:
            return True
        freed = await self._orphans.free(request)
        if freed is False and request.role is OrderRole.CLOSE:
            return False
        if not freed:
            await self._context.timing.sleep(back_off.failed())
        return True

    async def _is_left_to_the_venue(
        self, kept: OrderState, request: OrderRequest, failure: Exception, began_ns: int, back_off: BackOff
    ) -> bool:
        """Whether an order in doubt is only asked for from here on. A stop that the venue does not have goes again, but
        for one that it answered with an error of its own: two witnesses that it was refused.
        """
        if request.role is not OrderRole.STOP:
            self._doubted(kept, failure)
            return True
        is_there = await self._is_there(kept)
        if is_there:
            return True
        if is_there is False and isinstance(failure, ErrorOfOrder):
            self._context.emit(kept.refuse(f"{failure}, and it is not there", self._context.now_ns))
            return True
        self._context.emit(kept.doubt(_doubt_text(failure), self._context.now_ns))
        wait_s = back_off.failed()
        if not self._is_worth_sending(kept, request, began_ns, wait_s):
            self._lookup.chase(kept)
            return True
        await self._wait(kept, wait_s)
        return False

    async def _is_there(self, kept: OrderState) -> bool | None:
        """Whether the venue knows that stop; None where it did not answer."""
        context = self._context
        try:
            with for_exits():
                known = await within(context.pace.stop_answer_within_s, self._lookup.find(kept), "look-up")
        except VenueFailure as failure:
            context.met(failure)
            return None
        if known:
            self._lookup.follow(kept)
        return known

    async def _call(self, kept: OrderState, request: OrderRequest) -> VenueOrder:
        context = self._context
        call = context.account.place(request, kept.client_id)
        is_stop = request.role is OrderRole.STOP
        within_s = context.pace.stop_answer_within_s if is_stop else context.pace.call_within_s
        return await within(within_s, call, f"place {kept.order_id}")

    def _answered(self, kept: OrderState, order: VenueOrder) -> None:
        self._context.answered()
        self.grids.compare()
        self._context.take(kept, order)
        self._lookup.follow(kept)

    def _refused(self, kept: OrderState, refusal: Refused) -> None:
        context = self._context
        if refusal.kind is RefusalKind.DUPLICATE_ID:
            self._doubted(kept, refusal)
        else:
            context.answered()
            if refusal.kind is RefusalKind.OFF_GRID:
                self.grids.refused(kept.asset)
            context.emit(kept.refuse(str(refusal), context.now_ns))

    def _doubted(self, kept: OrderState, failure: Exception) -> None:
        self._context.emit(kept.doubt(_doubt_text(failure), self._context.now_ns))
        self._lookup.chase(kept)

    def _was_withdrawn(self, kept: OrderState) -> bool:
        """Whether it is wanted no more. One that may have arrived is told as taken back once the venue says so."""
        if kept.is_withdrawn and (kept.status is OrderStatus.UNKNOWN or kept.was_reported):
            self._lookup.follow(kept)
        elif kept.is_withdrawn:
            self._context.emit(kept.withdraw("taken back before it was sent", self._context.now_ns))
        return kept.is_withdrawn

    def _is_worth_sending(self, kept: OrderState, request: OrderRequest, began_ns: int, wait_s: float) -> bool:
        """Whether it may still be sent after that wait: an entry's moment passes, an exit is wanted for long."""
        context, pace = self._context, self._context.pace
        most_s = pace.send_exit_within_s if request.reduce_only else pace.send_entry_within_s
        if kept.expires_ns is not None:
            most_s = min(most_s, ns_to_seconds(kept.expires_ns - began_ns))
        return context.timing.since_s(began_ns) + wait_s <= most_s

    async def _wait(self, kept: OrderState, wait_s: float) -> None:
        began_ns = self._context.now_ns
        while not kept.is_withdrawn and (left_s := wait_s - self._context.timing.since_s(began_ns)) > 0:
            await self._context.timing.sleep(min(left_s, LISTEN_EVERY_S))


def _doubt_text(failure: Exception) -> str:
    return str(failure) if isinstance(failure, Ambiguous | Refused) else f"{type(failure).__name__}: {failure}"


def withdraw(orders: Sequence[OrderState]) -> None:
    """None of these is to be sent (again)."""
    for kept in orders:
        kept.is_withdrawn = True
