"""A stop for each position that is not ours, where the config asks for it: laid, resized and taken off with it.

The venue's own list of orders is the memory: a stop of this kind is known by its id, also after a restart. It is sized
to what is not ours, so that it takes nothing of ours when it fills.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from cockpit.domain.numbers import price_text
from cockpit.domain.units import NS_PER_S, offset_price
from cockpit.exchanges.base.account import HeldPosition, NotSent, Refused, VenueFailure, VenueOrder
from cockpit.exchanges.base.order_text import held_text, plain_id
from cockpit.exchanges.base.timing import within
from cockpit.execution.order_state import QTY_EPSILON
from cockpit.execution.venue_context import VenueContext

LISTED_WITHIN_S = 5.0
"""A stop that was laid is in the venue's list within this."""
REFUSED_FOR_S = 10.0
"""A stop that was refused is tried again after so long; one that was not carried out, at the next look."""


class Place(NamedTuple):
    """Where a stop of this kind belongs: a venue's list of orders tells no more of it."""

    asset: str
    side: Side
    nets_with_ours: bool


class ForeignProtection:
    """`stop_bps` is how far from the mark a stop is laid, None where the config wants none."""

    def __init__(self, context: VenueContext, stop_bps: float | None, is_flattening: Callable[[], bool]) -> None:
        self._context = context
        self._stop_bps = stop_bps
        self._is_flattening = is_flattening
        self._resting: dict[Place, list[VenueOrder]] = {}
        self._laid_ns: dict[Place, int] = {}
        self._not_before_ns: dict[Place, int] = {}
        self._missing_ns: dict[Place, int] = {}

    def stop_price(self, position: HeldPosition) -> float | None:
        """Where the stop of a position that is not ours rests, by the last look."""
        stops = self._resting.get(_place(position))
        return stops[-1].trigger_price if stops else None

    async def keep(
        self,
        foreign: Sequence[HeldPosition],
        orders: Sequence[VenueOrder],
        looked_at: Collection[str] | None,
        settled: Callable[[str], bool],
    ) -> None:
        """After a look: a stop of the right size for each, and none for what is gone.

        `orders` are those on the perpetuals `looked_at`, None = on all there are. `settled` says whether a perpetual
        was listed with exactly what is ours: then the rest is gone, not hidden.
        """
        self._take(orders, looked_at)
        wanted = {_place(position): position for position in foreign} if self._stop_bps is not None else {}
        gone = {place: stops for place, stops in self._resting.items() if place not in wanted}
        await asyncio.gather(
            *(self._protect(position, self._resting.get(place, [])) for place, position in wanted.items()),
            *(self._lift(place, stops, settled) for place, stops in gone.items()),
        )
        self._missing_ns = {place: ns for place, ns in self._missing_ns.items() if place in self._resting}

    def _take(self, orders: Sequence[VenueOrder], looked_at: Collection[str] | None) -> None:
        """What rests by this look. Where it did not look, and where a stop was laid just now, what was known holds."""
        found: dict[Place, list[VenueOrder]] = {}
        for stop in orders:
            if self._is_protection(stop):
                found.setdefault(Place(stop.asset, stop.side, stop.nets_with_ours), []).append(stop)
        for place, stops in self._resting.items():
            was_seen = looked_at is None or place.asset in looked_at
            if place not in found and (not was_seen or self._was_just_laid(place)):
                found[place] = stops
        self._resting = found

    def _was_just_laid(self, place: Place) -> bool:
        laid_ns = self._laid_ns.get(place)
        return laid_ns is not None and self._context.timing.since_s(laid_ns) < LISTED_WITHIN_S

    async def _protect(self, position: HeldPosition, stops: Sequence[VenueOrder]) -> None:
        """The right one stays; another size is replaced, the new one first."""
        place, context = _place(position), self._context
        self._missing_ns.pop(place, None)
        right = next((one for one in stops if abs(one.qty - abs(position.qty)) <= QTY_EPSILON), None)
        if right is None and not self._is_flattening() and self._may_try(place):
            right = await self._laid(position, stops)
            if right is not None:
                self._resting[place] = [*stops, right]
        if right is not None:
            await asyncio.gather(*(self._cancel(stop) for stop in stops if stop.venue_order_id != right.venue_order_id))
            context.notify(VenueTopic.FOREIGN_STOP, self._protected_text(position, right), position.asset)

    async def _laid(self, position: HeldPosition, stops: Sequence[VenueOrder]) -> VenueOrder | None:
        context, place = self._context, _place(position)
        price = stops[0].trigger_price if stops else None
        if price is None and position.mark_price is not None and self._stop_bps is not None:
            sign = 1.0 if position.qty > 0 else -1.0
            price = offset_price(position.mark_price, -sign * self._stop_bps)
        if price is None:
            return None
        client_id = context.ids.protection_id(context.now_ns)
        try:
            call = context.account.protect(position, price, client_id)
            laid = await within(context.pace.call_within_s, call, "a stop for what is not ours")
        except VenueFailure as failure:
            context.met(failure)
            self._not_before_ns[place] = context.now_ns + round(_again_after_s(failure) * NS_PER_S)
            what = f"no stop for {held_text(position)} on {context.venue}, which is not ours: {failure}"
            context.notify(VenueTopic.FOREIGN_STOP, what, position.asset, is_grave=True)
            return None
        self._not_before_ns.pop(place, None)
        self._laid_ns[place] = context.now_ns
        return laid

    async def _lift(self, place: Place, stops: Sequence[VenueOrder], settled: Callable[[str], bool]) -> None:
        """Its position is gone, or merely not listed: one look that does not show it is one witness."""
        context = self._context
        since_ns = self._missing_ns.setdefault(place, context.now_ns)
        is_gone = place.nets_with_ours and settled(place.asset) and self._has_stop_of_ours(place)
        if is_gone or self._stop_bps is None or context.timing.since_s(since_ns) >= context.pace.gone_after_s:
            await asyncio.gather(*(self._cancel(stop) for stop in stops))
            self._resting.pop(place, None)

    def _has_stop_of_ours(self, place: Place) -> bool:
        """Whether a stop of ours rests there: what was adopted keeps the one it had until then."""
        ours = self._context.live(place.asset)
        return any(kept.role is OrderRole.STOP and kept.is_resting for kept in ours)

    async def _cancel(self, stop: VenueOrder) -> None:
        context = self._context
        try:
            await within(context.pace.call_within_s, context.account.cancel_order(stop), "cancel")
        except VenueFailure as failure:
            context.met(failure)

    def _may_try(self, place: Place) -> bool:
        return self._context.now_ns >= self._not_before_ns.get(place, 0)

    def _is_protection(self, order: VenueOrder) -> bool:
        context = self._context
        return context.ids.whose(order.client_id, context.venue, order.asset).is_protection

    def _protected_text(self, position: HeldPosition, stop: VenueOrder) -> str:
        at = "?" if stop.trigger_price is None else price_text(stop.trigger_price)
        return f"{self._context.venue} {plain_id(position.asset)}: a stop for what is not ours rests at {at}"


def _again_after_s(failure: VenueFailure) -> float:
    """When a stop may be laid again: one that nobody knows of is first given the time in which a list shows it."""
    if isinstance(failure, Refused):
        return REFUSED_FOR_S
    if isinstance(failure, NotSent):
        return failure.retry_after_s or 0.0
    return LISTED_WITHIN_S


def _place(position: HeldPosition) -> Place:
    return Place(position.asset, Side.SHORT if position.qty > 0 else Side.LONG, position.nets_with_ours)
