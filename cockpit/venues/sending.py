"""Sending an order to a real venue: once, under one id, whatever the venue or the line does.

A refusal is final. What certainly did not arrive is sent again under the same id, for a while: entries soon lose their
point, exits hardly ever do. What nobody knows about is asked for by its id and never sent again.

A close leaves right behind the cancels of the targets that hold its quantity, not after their answers: where it comes
too early the venue refuses it, and it goes again under the same id once they are taken.
"""

import asyncio
from collections.abc import Sequence

from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import ns_to_seconds
from cockpit.venues.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused, VenueOrder
from cockpit.venues.cancelling import Cancelling
from cockpit.venues.kept_order import KeptOrder
from cockpit.venues.lookup import Lookup
from cockpit.venues.timing import BackOff, within
from cockpit.venues.venue_room import VenueRoom

RESERVED_TRIES = 3
LISTEN_EVERY_S = 0.25
"""An order that waits to be sent again hears so soon that it is no longer wanted."""


class Sending:
    """Places orders. `entries_refused` is the sentence that refuses every entry, while there is one."""

    def __init__(
        self, room: VenueRoom, lookup: Lookup, cancelling: Cancelling, entry_weight_share: float, wait_free_s: float
    ) -> None:
        self.entries_refused = ""
        self._room = room
        self._lookup = lookup
        self._cancelling = cancelling
        self._entry_weight_share = entry_weight_share
        self._wait_free_s = wait_free_s
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def place(self, request: OrderRequest) -> None:
        """Send it; what becomes of it is told. An order the venue has been asked for before is only looked up."""
        room = self._room
        known = room.orders.get(request.order_id)
        if known is not None:
            known.is_ours_alone = False
            room.errands.start(f"look up {known.order_id}", self._lookup.answer(known))
            return
        kept = room.keep(KeptOrder.asked(request, room.ids.client_id(request.order_id), room.now_ns))
        refusal = "" if request.reduce_only else self._entry_refusal()
        if refusal:
            room.tell(kept.refuse(refusal, room.now_ns))
            return
        task = room.errands.start(f"send {request.order_id}", self._send(kept, request))
        self._under_way[request.order_id] = task
        task.add_done_callback(lambda _: self._under_way.pop(request.order_id, None))

    def task_of(self, order_id: str) -> asyncio.Task[None] | None:
        """The sending of that order, while it is under way."""
        return self._under_way.get(order_id)

    def on_their_way(self) -> list[KeptOrder]:
        """The orders whose sending nobody has answered yet."""
        return [self._room.orders[order_id] for order_id in self._under_way if order_id in self._room.orders]

    def _entry_refusal(self) -> str:
        """Why no entry goes out now: a flatten, or a request allowance that is kept for exits."""
        share, limit = self._room.account.used_weight_share(), self._entry_weight_share
        if not self.entries_refused and share is not None and share > limit:
            used = f"{self._room.venue}'s request allowance {share:.0%} used"
            return f"{used}: entries go out up to {limit:.0%}, the rest is kept for exits"
        return self.entries_refused

    async def _send(self, kept: KeptOrder, request: OrderRequest) -> None:
        """Send until it is answered. Every way out of here tells what is known."""
        room, began_ns = self._room, self._room.now_ns
        back_off = BackOff(room.pace.resend_first_s, room.pace.resend_longest_s)
        reserved = 0
        while not self._was_withdrawn(kept):
            try:
                self._answered(kept, await self._call(kept, request))
                return
            except Refused as refusal:
                if refusal.kind is RefusalKind.QUANTITY_RESERVED and request.reduce_only and reserved < RESERVED_TRIES:
                    await self._cancelling.until_free(request.asset, self._wait_free_s)
                    if reserved > 0:
                        await room.timing.sleep(back_off.failed())
                    reserved += 1
                    continue
                self._refused(kept, refusal)
                return
            except NotSent as failure:
                wait_s = failure.retry_after_s or (0.0 if failure.is_clock else back_off.failed())
                if not self._is_worth_sending(kept, request, began_ns, wait_s):
                    room.tell(kept.refuse(f"not sent: {failure}", room.now_ns))
                    return
                await self._wait(kept, max(wait_s, LISTEN_EVERY_S if failure.is_clock else 0.0))
            except KeysLost as failure:
                room.met(failure)
                room.tell(kept.refuse(f"{room.venue} refuses our keys: {failure}", room.now_ns))
                return
            except Exception as failure:
                # Ambiguous, or a defect on the way: it may have executed, so it is asked for.
                self._doubted(kept, failure)
                return

    async def _call(self, kept: KeptOrder, request: OrderRequest) -> VenueOrder:
        room = self._room
        call = room.account.place(request, kept.client_id)
        return await within(room.pace.call_within_s, call, f"place {kept.order_id}")

    def _answered(self, kept: KeptOrder, order: VenueOrder) -> None:
        self._room.answered()
        self._room.take(kept, order)
        self._lookup.follow(kept)

    def _refused(self, kept: KeptOrder, refusal: Refused) -> None:
        room = self._room
        if refusal.kind is RefusalKind.DUPLICATE_ID:
            self._doubted(kept, refusal)
        else:
            room.answered()
            room.tell(kept.refuse(str(refusal), room.now_ns))

    def _doubted(self, kept: KeptOrder, failure: Exception) -> None:
        said = str(failure) if isinstance(failure, Ambiguous | Refused) else f"{type(failure).__name__}: {failure}"
        self._room.tell(kept.doubt(said, self._room.now_ns))
        self._lookup.chase(kept)

    def _was_withdrawn(self, kept: KeptOrder) -> bool:
        if kept.is_withdrawn:
            self._room.tell(kept.withdraw("taken back before it was sent", self._room.now_ns))
        return kept.is_withdrawn

    def _is_worth_sending(self, kept: KeptOrder, request: OrderRequest, began_ns: int, wait_s: float) -> bool:
        """Whether it may still be sent after that wait: an entry's moment passes, an exit is wanted for long."""
        room, pace = self._room, self._room.pace
        most_s = pace.send_exit_within_s if request.reduce_only else pace.send_entry_within_s
        if kept.expires_ns is not None:
            most_s = min(most_s, ns_to_seconds(kept.expires_ns - began_ns))
        return room.timing.since_s(began_ns) + wait_s <= most_s

    async def _wait(self, kept: KeptOrder, wait_s: float) -> None:
        began_ns = self._room.now_ns
        while not kept.is_withdrawn and (left_s := wait_s - self._room.timing.since_s(began_ns)) > 0:
            await self._room.timing.sleep(min(left_s, LISTEN_EVERY_S))


def withdraw(orders: Sequence[KeptOrder]) -> None:
    """None of these is to be sent (again)."""
    for kept in orders:
        kept.is_withdrawn = True
