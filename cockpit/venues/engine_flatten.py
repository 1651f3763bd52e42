"""A venue's flatten inside an engine: its own closes are told like any order's, and nobody's close is sent twice."""

import asyncio

from cockpit.domain.events import VenueFlat, VenuePosition
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from cockpit.domain.units import NS_PER_S
from cockpit.venues.account import Ambiguous, HeldPosition, VenueFailure, VenueOrder
from cockpit.venues.flatten import LOOKS, FlattenPace, VenueFlatten
from cockpit.venues.flatten_steps import FlattenStep, StepName
from cockpit.venues.kept_order import KeptOrder
from cockpit.venues.lookup import Lookup
from cockpit.venues.missed_fills import MissedFills
from cockpit.venues.sending import Sending, withdraw
from cockpit.venues.venue_room import VenueRoom

EXPLAIN_WITHIN_S = 2.0
"""A venue that is flat is not kept from being called so for longer, whatever its list of executions does."""
CLOSING_FOR_NS = 2 * NS_PER_S
"""A close of ours that is unanswered for so long is not waited for any longer."""


class EngineSite:
    """The venue's room during its flatten."""

    def __init__(self, room: VenueRoom, lookup: Lookup, sending: Sending, missed: MissedFills) -> None:
        self._room = room
        self._lookup = lookup
        self._sending = sending
        self._missed = missed
        self._touched: dict[str, None] = {}
        self._seen_clear_ns: list[int] = []

    def say(self, step: FlattenStep) -> None:
        """A word the screen shows among the steps."""
        sentence = f"{step.venue} {step.name}: {step.sentence}"
        is_over = step.name is StepName.FLAT
        self._room.say(VenueTopic.FLATTEN, sentence, is_over=is_over, is_grave=step.is_trouble)

    def close_id(self, position: HeldPosition) -> str:
        """A close of the flatten is an order of ours: its fills are told under its own id."""
        room = self._room
        order_id = room.ids.flatten_id(room.venue, position.asset, room.now_ns)
        side = Side.SHORT if position.qty > 0 else Side.LONG
        kept = KeptOrder.closing(order_id, room.ids.client_id(order_id), position.asset, side, abs(position.qty))
        self._touched[position.asset] = None
        return room.keep(kept).client_id

    def closed(self, client_id: str, answer: VenueOrder | VenueFailure) -> None:
        """Book what the venue says of it, and look up what it leaves open."""
        room = self._room
        kept = next(kept for kept in room.orders.values() if kept.client_id == client_id)
        if isinstance(answer, VenueOrder):
            room.take(kept, answer)
            self._lookup.follow(kept)
            return
        room.met(answer)
        if isinstance(answer, Ambiguous):
            room.tell(kept.doubt(str(answer), room.now_ns))
            self._lookup.chase(kept)
        else:
            room.tell(kept.refuse(str(answer), room.now_ns))

    def is_closing(self, asset: str) -> bool:
        """Whether a close that the engine sent is still unanswered."""
        now_ns = self._room.now_ns
        return any(
            kept.role is OrderRole.CLOSE and kept.asset == asset and now_ns - kept.sent_ns < CLOSING_FOR_NS
            for kept in self._sending.on_their_way()
        )

    def unsettled(self) -> str:
        """The entries whose sending, or whose fate, is not known yet."""
        unknown = [kept.order_id for kept in self._room.live() if not kept.reduce_only and not kept.is_resting]
        return f"nobody knows yet what became of {', '.join(unknown)}" if unknown else ""

    async def looked_clear(self) -> None:
        """Tell what became of every order of ours, so that the engine's books are as empty as the venue."""
        room = self._room
        self._touched.update(dict.fromkeys(kept.asset for kept in room.live()))
        for kept in room.live():
            try:
                await self._lookup.find(kept)
            except VenueFailure as failure:
                room.met(failure)
            self._lookup.follow(kept)
        for asset in list(room.expected):
            await self._missed.settle(asset, 0.0, EXPLAIN_WITHIN_S)
        self._seen_clear_ns.append(room.now_ns)

    def finish(self) -> None:
        """Say flat, once for each of the looks that agreed."""
        room = self._room
        room.tell(VenuePosition(room.now_ns, room.venue, asset, 0.0, 0.0, 0) for asset in self._touched)
        room.tell(VenueFlat(seen_ns, room.venue) for seen_ns in self._seen_clear_ns[-LOOKS:])


class EngineFlatten:
    """At most one flatten at a time; entries are refused meanwhile."""

    def __init__(
        self, room: VenueRoom, lookup: Lookup, sending: Sending, missed: MissedFills, pace: FlattenPace
    ) -> None:
        self._room = room
        self._lookup = lookup
        self._sending = sending
        self._missed = missed
        self._pace = pace
        self._running: asyncio.Task[None] | None = None

    def start(self, reason: str) -> None:
        """Begin at once, unless it is under way."""
        if self._running is not None and not self._running.done():
            return
        self._sending.entries_refused = f"{self._room.venue} is being flattened ({reason})"
        withdraw([kept for kept in self._sending.on_their_way() if not kept.reduce_only])
        self._running = self._room.errands.start(f"flatten {self._room.venue}", self._run(reason))

    async def _run(self, reason: str) -> None:
        site = EngineSite(self._room, self._lookup, self._sending, self._missed)
        await VenueFlatten(self._room.account, site, self._room.timing, self._pace).run(reason)
        self._sending.entries_refused = ""
        site.finish()
