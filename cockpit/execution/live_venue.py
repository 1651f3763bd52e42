"""One real venue in the engine's service: requests in, the venue's words out."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from cockpit.config.exchange_names import HAVE_SESSIONS
from cockpit.config.execution import ExecutionSection
from cockpit.config.venues import Venue
from cockpit.domain.actions import AdoptPosition, CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.events import FLAT_READS, VenueFlat
from cockpit.domain.kinds import Side, VenueTopic
from cockpit.domain.orders import OrderProgress, trade_left_by
from cockpit.domain.quantity import rounded
from cockpit.domain.trades import TradeRecord
from cockpit.engine.order_venue import Request
from cockpit.exchanges.base.account import (
    FundingUpdate,
    OrderUpdate,
    PositionUpdate,
    StreamUpdate,
    VenueAccount,
    VenueFailure,
    VenueOrder,
)
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.order_ids import FLATTEN, OrderIds
from cockpit.exchanges.base.timing import Timing, within
from cockpit.execution.canceller import OrderCanceller, TriggeredStops
from cockpit.execution.engine_flatten import EngineFlatten
from cockpit.execution.entry_settings import EntrySettings
from cockpit.execution.entry_watch import EntryWatch
from cockpit.execution.foreign_activity import ForeignActivity
from cockpit.execution.foreign_protection import ForeignProtection
from cockpit.execution.funding import Funding
from cockpit.execution.missed_fills import MissedFills
from cockpit.execution.order_state import QTY_EPSILON, OrderState
from cockpit.execution.orphan_orders import OrphanOrders
from cockpit.execution.reconcile import Reconcile
from cockpit.execution.resolver import OrderResolver
from cockpit.execution.sender import OrderSender
from cockpit.execution.session_watch import SessionWatch
from cockpit.execution.venue_context import Pace, Put, VenueContext
from cockpit.flatten.direct import flatten_alone
from cockpit.flatten.steps import FlattenStep, StepName
from cockpit.flatten.venue_flatten import FlattenPace

# Connections held open while something stands at a venue: what sheds risk does not wait for a handshake.
#
# A close leaves right behind the cancels of the targets that hold its quantity, each call over a connection of its own.
# The library lets go of one that was idle for 15 s. Another costs the look-up of a name and two ways to the venue and
# back before the order itself leaves, and the close is the last that gets one.

TOUCH_EVERY_S = 6.0
MOST_CONNECTIONS = 6
"""OKX answers ten questions for its time in two seconds; Binance's minute has 2,400 of weight, these take 60."""
CHECK_KEY_EVERY_S = 45.0
"""A lost key is to be known within a minute, and the question is the dearest there is."""


class WarmConnections:
    """Asks the venue for next to nothing, over as many connections at once as an exit would want."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.touch()
            await self._context.timing.sleep(TOUCH_EVERY_S)

    @property
    def wanted(self) -> int:
        """One for each order that may have to be cancelled, and one for the close; none where nothing stands, nor where
        requests are scarce.
        """
        context = self._context
        if context.account.least_peek_s > 0:
            return 0
        live = len(context.live())
        stands = live or any(context.holds_ours(asset) for asset in context.expected)
        return min(MOST_CONNECTIONS, live + 1) if stands else 0

    async def touch(self) -> None:
        """Once. That the venue did not answer is said by whoever asks it for something."""
        asked = (self._ask() for _ in range(self.wanted))
        await asyncio.gather(*asked)

    async def _ask(self) -> None:
        context = self._context
        try:
            await within(context.pace.call_within_s, context.account.touch(), "touch")
        except VenueFailure:
            return


class KeyWatch:
    """Where questions need no key a lost one shows with the next action alone: whether it may still sign is asked.

    And the time is: no refused signature would say that a clock has moved.
    """

    def __init__(self, context: VenueContext) -> None:
        self._context = context

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._context.timing.sleep(CHECK_KEY_EVERY_S)
            await self.check()

    async def check(self) -> None:
        """Once."""
        context = self._context
        try:
            await within(context.pace.call_within_s, context.account.check_key(), "key")
            context.keys_are_taken()
            await within(context.pace.call_within_s, context.account.ask_time(), "time")
        except VenueFailure as failure:
            context.met(failure)


class LiveVenue:
    """Wires what works for one venue together. Nothing of it blocks; every request is a task of its own."""

    def __init__(
        self,
        account: VenueAccount,
        terms: Venue,
        ids: OrderIds,
        put: Put,
        execution: ExecutionSection,
        timing: Timing,
        pace: Pace,
        flatten_pace: FlattenPace,
    ) -> None:
        context = self._context = VenueContext(account, terms.instruments, ids, put, timing, pace)
        self._orphans = OrphanOrders(context)
        self._lookup = OrderResolver(context)
        self._cancelling = OrderCanceller(context, self._lookup)
        TriggeredStops(context, self._lookup, self._cancelling)
        wait_free_s = execution.cancel_before_close_ms / 1000.0
        watch = EntryWatch(context, self._lookup)
        settings = EntrySettings(context, execution)
        self._sending = OrderSender(
            context,
            self._lookup,
            self._cancelling,
            watch,
            execution.entry_weight_share,
            wait_free_s,
            settings,
            self._orphans,
        )
        self._grids = self._sending.grids
        self._sessions = SessionWatch(context, terms) if account.venue in HAVE_SESSIONS else None
        self._cancelling.sending_of = self._sending.task_of
        self._foreign = ForeignActivity(context)
        missed = MissedFills(context, self._foreign)
        stop_bps = execution.foreign_stop_bps if execution.foreign_positions == "protect" else None
        protection = ForeignProtection(context, stop_bps, lambda: bool(self._sending.entries_refused))
        self._policy = _policy_text(execution)
        self._reconcile = Reconcile(
            context,
            self._lookup,
            self._foreign,
            missed,
            self._orphans,
            protection,
            watch,
            execution.reconcile_every_s,
        )
        self._flatten = EngineFlatten(
            context, self._lookup, self._sending, missed, flatten_pace, self._foreign, self._reconcile.read_now
        )
        self._waits_for: set[str] = set()
        self._waiting: list[Request] | None = []
        self._flatten_asked = asyncio.Event()
        """For a flatten before the venue's start."""
        self._funding = Funding(context)

    @property
    def has_answered(self) -> bool:
        """Whether the venue has told what it holds and rests, and what became of every order of an earlier engine."""
        return self._reconcile.has_answered

    # Requests.

    def submit(self, request: Request) -> None:
        """Take a request; it leaves with the loop's next turn, or waits for the venue's start."""
        if self._waiting is not None:
            self._waiting.append(request)
            if isinstance(request, FlattenVenues):
                self._flatten_asked.set()
            return
        match request:
            case PlaceOrder(order=order):
                self._sending.place(order)
            case CancelOrder():
                self._cancelling.cancel(self._order(request.order_id, request.asset))
            case QueryOrder():
                self._query(request.order_id, request.asset)
            case QueryPosition(asset=asset):
                self._context.in_flight.start(f"position of {asset}", self._reconcile.emit_position(asset))
            case AdoptPosition(asset=asset, qty=qty):
                self._context.adopt(asset, qty)
                self._foreign.adopted(asset)
                self._reconcile.doubt()
            case FlattenVenues():
                self._flatten.start(request.reason)

    def _query(self, order_id: str, asset: str) -> None:
        """Tell what became of an order. One that is being sent right now is told of without asking."""
        if self._sending.task_of(order_id) is None:
            kept = self._order(order_id, asset)
            self._context.in_flight.start(f"look up {order_id}", self._answer(kept))

    # Life.

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Collection[str] = ()
    ) -> None:
        """Stand where the journal says an earlier engine stood; the venue is asked by the engine's own queries.

        `booked` are the executions in its journal since the oldest of these trades was decided.
        """
        context = self._context
        for progress in orders:
            context.keep(OrderState.restored(progress, context.ids.client_id(progress.request.order_id)))
        for fill_id in (*booked, *(fill_id for progress in orders for fill_id in progress.fill_ids)):
            context.fills_emitted.add(fill_id)
        for trade in trades:
            context.left_trades.add(trade.trade_id)
            held = context.expected.get(trade.asset, 0.0) + trade.side.sign * trade.open_qty
            context.expected[trade.asset] = rounded(held)
            context.since_ns[trade.asset] = min(context.since_ns.get(trade.asset, trade.decided_ns), trade.decided_ns)
            entry = context.orders.get(trade.entry_order_id)
            if entry is not None:
                entry.restore_inferred(trade.entry_qty)
        self._waits_for = {asset for asset, held in context.expected.items() if abs(held) > QTY_EPSILON}
        self._funding.restore(trades)

    def start(self) -> None:
        """Its account is open: say that nothing is known yet, so no entry may start, and send what has waited."""
        self._context.notify(VenueTopic.NOTE, f"{self._context.venue}: {self._policy}")
        self._foreign.take_remarks(self._context.account.remarks())
        self._context.notify(VenueTopic.UNREAD, f"{self._context.venue}: positions and orders not read yet")
        if self._sessions is not None:
            self._sessions.compare()
        waiting, self._waiting = self._waiting or [], None
        for request in waiting:
            self.submit(request)

    async def flatten_unopened(self) -> None:
        """Before its start, for ever: flatten it once that is asked for, by the road that needs no lists and no books.

        What it closes is booked from the venue's executions after the start. Cancel it before `start`.
        """
        context = self._context
        while True:
            await self._flatten_asked.wait()
            self._flatten_asked.clear()
            with for_exits():
                is_flat = await flatten_alone(context.account, self._flatten_step, context.ids, context.timing)
            if is_flat:
                self._waiting = [one for one in self._waiting or () if not isinstance(one, FlattenVenues)]
                context.emit(VenueFlat(context.now_ns, context.venue, lacks_fills=True) for _ in range(FLAT_READS))

    def _flatten_step(self, step: FlattenStep) -> None:
        sentence = f"{step.venue} {step.name}: {step.sentence}"
        is_over = step.name is StepName.FLAT
        self._context.notify(VenueTopic.FLATTEN, sentence, is_over=is_over, is_grave=step.is_trouble)

    def workers(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What a supervisor keeps running, by name."""
        venue = self._context.venue
        work: dict[str, Callable[[], Awaitable[None]]] = {
            f"{venue} stream": self.follow,
            f"{venue} reconcile": self.reconcile,
            f"{venue} grids": self._grids.run,
            f"{venue} connections": WarmConnections(self._context).run,
        }
        if not self._context.account.signs_reads:
            work[f"{venue} key"] = KeyWatch(self._context).run
        if self._sessions is not None:
            work[f"{venue} sessions"] = self._sessions.run
        return work

    async def follow(self) -> None:
        """Read the private stream, for ever."""
        try:
            await self._context.account.follow(self.receive, self._linked)
        finally:
            self._reconcile.linked(False, "not followed")

    async def reconcile(self) -> None:
        """Ask what the venue holds, for ever."""
        await self._reconcile.run()

    async def read_now(self) -> None:
        """Read the venue now. Raises `VenueFailure`."""
        await self._reconcile.round()

    async def settle(self, within_s: float) -> bool:
        """Whether nothing that was asked of the venue is under way any more."""
        return await self._context.in_flight.settle(within_s)

    async def stop(self) -> None:
        """Let what is under way end, then close the connections."""
        await self._context.in_flight.stop(self._context.pace.stop_within_s)
        await self._context.account.close()

    # The private stream.

    def _linked(self, is_up: bool, sentence: str) -> None:
        self._reconcile.linked(is_up, sentence)
        if is_up:
            self._funding.catch_up()

    def receive(self, update: StreamUpdate) -> None:
        """An update of the private stream."""
        match update:
            case OrderUpdate():
                self._on_order(update)
            case PositionUpdate():
                if not self._is_as_known(update):
                    self._reconcile.doubt()
            case FundingUpdate():
                self._funding.receive(update)

    def _is_as_known(self, update: PositionUpdate) -> bool:
        if not update.nets_with_ours:
            return self._foreign.knows_apart(update.asset, update.qty)
        return abs(update.qty - self._context.expected.get(update.asset, 0.0)) <= QTY_EPSILON

    def _on_order(self, update: OrderUpdate) -> None:
        context = self._context
        if self._may_be_a_stop(update.order):
            self._reconcile.doubt()
            return
        kept = context.state_of(update.order)
        if kept is None:
            self._foreign.receive(update.order, update.fill)
            self._reconcile.doubt()
            return
        # A fee in a coin of no known price yet: the list of executions brings it priced, the order shows it now.
        if update.fill is not None and update.fill.unconverted_fee is None:
            context.book(kept, [update.fill])
        context.take(kept, update.order)
        self._lookup.follow(kept)
        if kept.is_ours_alone:
            self._reconcile.doubt()

    def _may_be_a_stop(self, order: VenueOrder) -> bool:
        """Whether it carries our mark under an id that nobody gives an order, while a stop rests there: it may be what
        that has become, and is told as the stop's once the venue has said so.
        """
        context = self._context
        order_id = context.ids.whose(order.client_id, context.venue, order.asset).order_id
        if order_id is None or order_id in context.orders or order_id.startswith(FLATTEN) or trade_left_by(order_id):
            return False
        return any(kept.is_conditional for kept in context.live(order.asset))

    async def _answer(self, kept: OrderState) -> None:
        """After a restart what closed a position is told before what became of the orders that guarded it. A close of
        what no stop guards does not wait: the venue may hide the position for long.
        """
        before = (kept.status, kept.filled)
        if kept.asset in self._waits_for and not self._lookup.is_bare_close(kept):
            await self._reconcile.compared()
        if (kept.status, kept.filled) == before:
            await self._lookup.answer(kept)
        else:
            self._lookup.follow(kept)

    def _order(self, order_id: str, asset: str) -> OrderState:
        """An order by the engine's id; one that nobody here has placed is asked for by that id all the same."""
        context = self._context
        known = context.orders.get(order_id)
        if known is not None:
            return known
        return context.keep(OrderState(order_id, context.ids.client_id(order_id), asset, Side.LONG))


def _policy_text(execution: ExecutionSection) -> str:
    """What is done about positions that are not ours."""
    if execution.foreign_positions == "protect":
        return f"foreign positions: protect, a stop rests {execution.foreign_stop_bps:g} bps away for each"
    return "foreign positions: flag, each is named and left to its owner"
