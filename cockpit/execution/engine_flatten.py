"""A venue's flatten inside an engine: its own closes are told like any order's, and nobody's close is sent twice."""

import asyncio
from collections.abc import Callable

from cockpit.domain.events import FLAT_READS, VenueFlat, VenuePosition
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.account import Ambiguous, HeldPosition, VenueFailure, VenueOrder
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.order_text import plain_id
from cockpit.execution.foreign_activity import ForeignActivity
from cockpit.execution.missed_fills import MissedFills
from cockpit.execution.order_state import OrderState
from cockpit.execution.resolver import OrderResolver
from cockpit.execution.sender import OrderSender, withdraw
from cockpit.execution.venue_context import VenueContext
from cockpit.flatten.steps import FlattenStep, StepName
from cockpit.flatten.venue_flatten import FlattenPace, VenueFlatten

EXPLAIN_WITHIN_S = 2.0
"""A venue that is flat is not kept from being called so for longer, whatever its list of executions does."""
CLOSING_FOR_NS = 2 * NS_PER_S
"""A close of ours that is unanswered for so long is not waited for any longer."""


class EngineSite:
    """What a venue's flatten asks of the engine's own orders there."""

    def __init__(
        self,
        context: VenueContext,
        lookup: OrderResolver,
        sending: OrderSender,
        missed: MissedFills,
        foreign: ForeignActivity,
        unknown_ns: dict[str, int],
    ) -> None:
        self._context = context
        self._foreign = foreign
        self._unknown_ns = unknown_ns
        self._lookup = lookup
        self._sending = sending
        self._missed = missed
        self._touched: dict[str, None] = {}
        self._missing_ns: dict[str, int] = {}
        self._seen_clear_ns: list[int] = []

    def notify(self, step: FlattenStep) -> None:
        """A word the screen shows among the steps."""
        sentence = f"{step.venue} {step.name}: {step.sentence}"
        is_over = step.name is StepName.FLAT
        self._context.notify(VenueTopic.FLATTEN, sentence, is_over=is_over, is_grave=step.is_trouble)

    def close_id(self, position: HeldPosition) -> str:
        """A close of the flatten is an order of ours: its fills are told under its own id."""
        context = self._context
        order_id = context.ids.flatten_id(context.venue, position.asset, context.now_ns)
        side = Side.SHORT if position.qty > 0 else Side.LONG
        kept = OrderState.closing(order_id, context.ids.client_id(order_id), position.asset, side, abs(position.qty))
        kept.nets_with_ours = position.nets_with_ours
        self._touched[position.asset] = None
        return context.keep(kept).client_id

    def closed(self, client_id: str, answer: VenueOrder | VenueFailure) -> None:
        """Book what the venue says of it, and look up what it leaves open."""
        context = self._context
        kept = next(kept for kept in context.orders.values() if kept.client_id == client_id)
        if isinstance(answer, VenueOrder):
            context.take(kept, answer)
            self._lookup.follow(kept)
            return
        context.met(answer)
        if isinstance(answer, Ambiguous):
            context.emit(kept.doubt(str(answer), context.now_ns))
            self._lookup.chase(kept)
        else:
            context.emit(kept.refuse(str(answer), context.now_ns))

    def is_closing(self, asset: str) -> bool:
        """Whether a close that the engine sent is still unanswered."""
        now_ns = self._context.now_ns
        return any(
            kept.role is OrderRole.CLOSE and kept.asset == asset and now_ns - kept.sent_ns < CLOSING_FOR_NS
            for kept in self._sending.on_their_way()
        )

    def unsettled(self) -> str:
        """Positions, ours and others', that may only be hidden, and the entries whose fate is not known yet."""
        missing = [said for said in map(self.missing, list(self._context.expected)) if said]
        if missing:
            return missing[0]
        hidden = self._foreign.unexplained()
        if hidden:
            names = ", ".join(map(plain_id, hidden))
            return f"{names}: a position was listed, and no execution explains that it is gone"
        entries = (kept for kept in self._context.live() if not kept.reduce_only and not kept.is_resting)
        unknown = [kept.order_id for kept in entries if self._may_still_show(kept)]
        return f"nobody knows yet what became of {', '.join(unknown)}" if unknown else ""

    def _may_still_show(self, entry: OrderState) -> bool:
        """Whether a venue that is clear waits for an entry: not for ever, where nobody tells of its id."""
        context = self._context
        since_ns = self._unknown_ns.setdefault(entry.order_id, context.now_ns)
        return context.timing.since_s(since_ns) < context.pace.hidden_most_s

    def missing(self, asset: str) -> str:
        """What our own executions add up to there, while none explains that it is gone: some venues hide a position for
        seconds. After fifteen of them the looks alone count.
        """
        context, ours = self._context, self._context.expected.get(asset, 0.0)
        if not self._missed.is_missing(asset, 0.0):
            self._missing_ns.pop(asset, None)
            return ""
        since_ns = self._missing_ns.setdefault(asset, context.now_ns)
        if context.timing.since_s(since_ns) >= context.pace.hidden_most_s:
            return ""
        return f"{ours:+.10g} {plain_id(asset)} of ours is not listed, and no execution explains that it is gone"

    async def hidden_position(self) -> str:
        """Nothing: what was held here is known, and `missing` says what is not listed any more."""
        return ""

    async def confirmed_clear(self) -> None:
        """Tell what became of every order of ours, so that the engine's books are as empty as the venue."""
        context = self._context
        self._touched.update(dict.fromkeys(kept.asset for kept in context.live()))
        for kept in context.live():
            try:
                await self._lookup.find(kept)
            except VenueFailure as failure:
                context.met(failure)
            self._lookup.follow(kept)
        for asset in list(context.expected):
            await self._missed.settle(asset, 0.0, EXPLAIN_WITHIN_S)
        self._seen_clear_ns.append(context.now_ns)

    def finish(self) -> None:
        """Say flat, once for each of the looks that agreed."""
        context = self._context
        context.emit(VenuePosition(context.now_ns, context.venue, asset, 0.0, 0.0, 0) for asset in self._touched)
        context.emit(VenueFlat(seen_ns, context.venue) for seen_ns in self._seen_clear_ns[-FLAT_READS:])


class EngineFlatten:
    """At most one flatten at a time; entries are refused meanwhile."""

    def __init__(
        self,
        context: VenueContext,
        lookup: OrderResolver,
        sending: OrderSender,
        missed: MissedFills,
        pace: FlattenPace,
        foreign: ForeignActivity,
        ended: Callable[[], None],
    ) -> None:
        self._foreign = foreign
        self._ended = ended
        self._context = context
        self._lookup = lookup
        self._sending = sending
        self._missed = missed
        self._pace = pace
        self._running: asyncio.Task[None] | None = None
        self._unknown_ns: dict[str, int] = {}
        """Since when a clear venue has waited for which entry."""

    def start(self, reason: str) -> None:
        """Begin at once, unless it is under way."""
        if self._running is not None and not self._running.done():
            return
        self._sending.entries_refused = f"{self._context.venue} is being flattened ({reason})"
        withdraw([kept for kept in self._sending.on_their_way() if not kept.reduce_only])
        self._running = self._context.in_flight.start(f"flatten {self._context.venue}", self._run(reason))

    async def _run(self, reason: str) -> None:
        await asyncio.sleep(0)  # what our own trades sent in this moment leaves before the first questions
        site = EngineSite(self._context, self._lookup, self._sending, self._missed, self._foreign, self._unknown_ns)
        with for_exits():
            await VenueFlatten(self._context.account, site, self._context.timing, self._pace).run(reason)
        self._sending.entries_refused = ""
        site.finish()
        self._ended()
