"""A stop for each position that is not ours, where the config asks for it: laid, resized and taken off with it.

The venue's own list of orders is the memory: a stop of this kind is known by its id, also after a restart. It is sized
to what is not ours, so that it takes nothing of ours when it fills.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cockpit.domain.events import ForeignPosition
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from cockpit.domain.numbers import price_text
from cockpit.domain.units import NS_PER_S, offset_price
from cockpit.exchanges.base.account import (
    HeldPosition,
    NotSent,
    PositionKey,
    RefusalKind,
    Refused,
    VenueFailure,
    VenueOrder,
)
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.order_text import held_text, plain_id
from cockpit.exchanges.base.timing import BackOff, within
from cockpit.execution.order_state import QTY_EPSILON
from cockpit.execution.venue_context import VenueContext

LISTED_WITHIN_S = 5.0
"""A stop that was laid is in the venue's list within this."""
TRIES = 10
"""A stop in doubt goes so often under one id, of which the venue takes no second; then it waits for the list."""
RECHECK_WITHIN_S = 1.0
REFUSED_FIRST_S, REFUSED_LONGEST_S = 0.5, 10.0
REFUSED_BRISK = 20
"""A stop that was refused is tried again after so long, so often; then each time after twice as long."""


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
        self._unlisted_ns: dict[str, int] = {}
        """When a stop was laid that no list has shown yet, by its client id."""
        self._not_before_ns: dict[Place, int] = {}
        self._missing_ns: dict[Place, int] = {}
        self._laying: set[Place] = set()
        self._refusals: dict[Place, BackOff] = {}
        self.ended: Callable[[], None] = lambda: None
        """Told when a stop rests, or may be tried again: look at once."""

    @property
    def is_wanted(self) -> bool:
        """Whether the config asks for such stops."""
        return self._stop_bps is not None

    def resting(self) -> dict[str, str]:
        """The perpetual of each stop of this kind, by its client id."""
        return {stop.client_id: place.asset for place, stops in self._resting.items() for stop in stops}

    def stop_price(self, position: HeldPosition) -> float | None:
        """Where the stop of a position that is not ours rests, by the last look."""
        stops = self._resting.get(_place(position))
        return stops[-1].trigger_price if stops else None

    async def keep(
        self,
        foreign: Sequence[HeldPosition],
        orders: Sequence[VenueOrder],
        assets_read: Collection[str] | None,
        settled: Callable[[str], bool],
    ) -> None:
        """After a look: a stop of the right size for each, and none for what is gone.

        `orders` are those on the perpetuals `assets_read`, None = on all there are. `settled` says whether a perpetual
        was listed with exactly what is ours: then the rest is gone, not hidden.
        """
        await self._take(orders, assets_read)
        wanted = {_place(position): position for position in foreign} if self._stop_bps is not None else {}
        gone = {place: stops for place, stops in self._resting.items() if place not in wanted}
        await asyncio.gather(
            *(self._protect(position, self._resting.get(place, [])) for place, position in wanted.items()),
            *(self._lift(place, stops, settled) for place, stops in gone.items()),
        )
        self._missing_ns = {place: ns for place, ns in self._missing_ns.items() if place in self._resting}

    async def _take(self, orders: Sequence[VenueOrder], assets_read: Collection[str] | None) -> None:
        """What rests by this look. Where it did not look, what was known holds; a stop that was laid just now and is in
        no list yet is asked for by its id.
        """
        listed = [stop for stop in orders if self._is_protection(stop)]
        for stop in listed:
            self._unlisted_ns.pop(stop.client_id, None)
        await asyncio.gather(*(self._confirm(stop) for stops in self._resting.values() for stop in stops))
        found: dict[Place, list[VenueOrder]] = {}
        for stop in listed:
            found.setdefault(Place(stop.asset, stop.side, stop.nets_with_ours), []).append(stop)
        ids = {stop.client_id for stop in listed}
        for place, stops in self._resting.items():
            was_seen = assets_read is None or place.asset in assets_read
            left = [one for one in stops if one.client_id not in ids]
            known = [one for one in left if not was_seen or one.client_id in self._unlisted_ns]
            if known:
                found[place] = [*found.get(place, ()), *known]
        self._resting = found
        known_ids = {stop.client_id for stops in found.values() for stop in stops}
        self._unlisted_ns = {own: ns for own, ns in self._unlisted_ns.items() if own in known_ids}

    async def _confirm(self, stop: VenueOrder) -> None:
        """One that no list has shown yet is not believed for long, nor once the venue says that it has ended."""
        laid_ns = self._unlisted_ns.get(stop.client_id)
        if laid_ns is None:
            return
        known = await self._found(stop.asset, stop.client_id)
        is_over = known is not None and known.status.is_final
        if is_over or self._context.timing.since_s(laid_ns) >= LISTED_WITHIN_S:
            self._unlisted_ns.pop(stop.client_id, None)

    async def _protect(self, position: HeldPosition, stops: Sequence[VenueOrder]) -> None:
        """The right one stays; another size is replaced, the new one first. Nobody waits for its answer here."""
        place, context = _place(position), self._context
        self._missing_ns.pop(place, None)
        right = next((one for one in stops if abs(one.qty - abs(position.qty)) <= QTY_EPSILON), None)
        if right is not None:
            await asyncio.gather(*(self._cancel(stop) for stop in stops if stop.venue_order_id != right.venue_order_id))
            context.notify(VenueTopic.FOREIGN_STOP, self._protected_text(position, right), position.asset)
            return
        price = self._price(position, stops)
        if price is not None and place not in self._laying and self._may_try(place):
            self._laying.add(place)
            context.in_flight.start(f"stop for {held_text(position)}", self._lay(place, position, price))

    def _price(self, position: HeldPosition, stops: Sequence[VenueOrder]) -> float | None:
        if stops and stops[0].trigger_price is not None:
            return stops[0].trigger_price
        if position.mark_price is None or self._stop_bps is None:
            return None
        sign = 1.0 if position.qty > 0 else -1.0
        return offset_price(position.mark_price, -sign * self._stop_bps)

    async def _lay(self, place: Place, position: HeldPosition, price: float) -> None:
        try:
            with for_exits():
                laid = await self._laid(place, position, price)
            if laid is not None:
                self._not_before_ns.pop(place, None)
                self._refusals.pop(place, None)
                self._unlisted_ns[laid.client_id] = self._context.now_ns
                self._resting[place] = [*self._resting.get(place, ()), laid]
        finally:
            self._laying.discard(place)
        wait_s = (self._not_before_ns.get(place, 0) - self._context.now_ns) / NS_PER_S
        if wait_s <= RECHECK_WITHIN_S:
            await self._context.timing.sleep(max(0.0, wait_s))
            self.ended()

    async def _laid(self, place: Place, position: HeldPosition, price: float) -> VenueOrder | None:
        """Send it until it rests or is refused, under one id: what is in doubt is looked up first."""
        context = self._context
        client_id = context.ids.protection_id(context.now_ns)
        back_off = BackOff(context.pace.resend_first_s, context.pace.resend_exit_longest_s)
        for _ in range(TRIES):
            if self._is_flattening():
                return None
            try:
                call = context.account.protect(position, price, client_id)
                return await within(context.pace.stop_answer_within_s, call, "a stop for what is not ours")
            except VenueFailure as failure:
                context.met(failure)
                found = None if isinstance(failure, NotSent) else await self._found(position.asset, client_id)
                if found is not None:
                    return None if found.status.is_final else found
                if isinstance(failure, Refused) and failure.kind is not RefusalKind.DUPLICATE_ID:
                    self._failed(place, position, failure, self._refusals.setdefault(place, _refusals()).failed())
                    return None
                last = failure
                wait_s = failure.retry_after_s if isinstance(failure, NotSent) else None
                await context.timing.sleep(wait_s or back_off.failed())
        self._failed(place, position, last, LISTED_WITHIN_S)
        return None

    async def _found(self, asset: str, client_id: str) -> VenueOrder | None:
        context = self._context
        try:
            call = context.account.find(asset, client_id, True)
            return await within(context.pace.stop_answer_within_s, call, "look-up")
        except VenueFailure as failure:
            context.met(failure)
            return None

    def _failed(self, place: Place, position: HeldPosition, failure: VenueFailure, again_after_s: float) -> None:
        context = self._context
        self._not_before_ns[place] = context.now_ns + round(again_after_s * NS_PER_S)
        what = f"no stop for {held_text(position)} on {context.venue}, which is not ours: {failure}"
        context.notify(VenueTopic.FOREIGN_STOP, what, position.asset, is_grave=True)

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
        return not self._is_flattening() and self._context.now_ns >= self._not_before_ns.get(place, 0)

    def _is_protection(self, order: VenueOrder) -> bool:
        context = self._context
        return context.ids.whose(order.client_id, context.venue, order.asset).is_protection

    def _protected_text(self, position: HeldPosition, stop: VenueOrder) -> str:
        at = "?" if stop.trigger_price is None else price_text(stop.trigger_price)
        return f"{self._context.venue} {plain_id(position.asset)}: a stop for what is not ours rests at {at}"


class ForeignReport:
    """Tells of one where it or its stop has changed, and once it is gone."""

    def __init__(self, context: VenueContext, protection: ForeignProtection) -> None:
        self._context = context
        self._protection = protection
        self._emitted: dict[PositionKey, ForeignPosition] = {}

    def emit(self, foreign: Sequence[HeldPosition]) -> None:
        """Tell the engine: these are there now, and no others."""
        context, there = self._context, {position.key: position for position in foreign}
        for key in [key for key in self._emitted if key not in there]:
            gone = replace(self._emitted.pop(key), ts_ns=context.now_ns, qty=0.0, stop_price=None)
            context.emit([gone])
        for key, position in there.items():
            mode = "" if key.is_isolated is None else "isolated" if key.is_isolated else "cross"
            side = "" if position.nets_with_ours else plain_id(key.hedge_side or "net").lower()
            stop_price = self._protection.stop_price(position)
            event = ForeignPosition(
                context.now_ns, context.venue, plain_id(key.asset), mode, side, position.qty, position.entry_price,
                position.mark_price, stop_price,
            )  # fmt: skip
            emitted = self._emitted.get(key)
            if emitted is None or (emitted.qty, emitted.stop_price) != (event.qty, event.stop_price):
                self._emitted[key] = event
                context.emit([event])


def _refusals() -> BackOff:
    return BackOff(REFUSED_FIRST_S, REFUSED_LONGEST_S, REFUSED_BRISK)


def _place(position: HeldPosition) -> Place:
    return Place(position.asset, Side.SHORT if position.qty > 0 else Side.LONG, position.nets_with_ours)
