"""The paper venue: fills are simulated on the real (or simulated, or recorded) book. Pure and deterministic.

What it promises, and where it is deliberately not kinder than a real venue:
- A request reaches the venue `latency_ms` after it was sent, in event time, and meets the book known at that instant,
  not the event that makes the time pass.
- A taker pays the opposite side of the known book, level by level; what that does not cover waits for fresh tops. A
  size we took is gone until the next top.
- A resting limit fills only when a print lies strictly beyond it, and no more than that print's size.
- A stop triggers on a print at or through its trigger and never fills better than that print.
- Reduce-only is clipped at execution; on becoming flat the venue cancels every reduce-only order of that position.

Answers to a query: OrderAccepted for an order that works or is filled (its fills were reported and are not repeated),
OrderCancelled or OrderRejected with the reason for one that ended so, OrderRejected `not found` for an unknown id.
A repeated order id doubles nothing and is answered like a query. A cancel of a final or unknown order says nothing.
"""

from collections.abc import Mapping, Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import (
    AnyEvent,
    Depth,
    FundingRate,
    MarkPrice,
    Top,
    Trade,
    VenueEvent,
    VenueFlat,
    VenuePosition,
)
from cockpit.domain.kinds import OrderType
from cockpit.domain.orders import OrderProgress
from cockpit.domain.quantity import rounded
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS
from cockpit.paper.agenda import (
    AT_NEXT_EVENT_NS,
    Agenda,
    Expiry,
    FlatRead,
    FundingDue,
    FundingSchedule,
    Job,
    Request,
    Sweep,
    payment,
)
from cockpit.paper.book import PaperBook
from cockpit.paper.frictions import NO_FRICTIONS, Frictions
from cockpit.paper.matching import Matching
from cockpit.paper.orders import PaperOrder

NOTHING: tuple[VenueEvent, ...] = ()


class PaperVenue:
    """Stands for every venue of the config; positions are kept by venue and asset.

    Hand it every input through `on_market` before the engine sees it, and every request through `submit`; what either
    returns happened on the venue and goes to the engine in that order.
    """

    __slots__ = (
        "_agenda",
        "_books",
        "_flattening",
        "_frictions",
        "_funding",
        "_last_arrival_ns",
        "_latency_ns",
        "_matching",
    )

    def __init__(self, config: CockpitConfig, frictions: Frictions = NO_FRICTIONS) -> None:
        self._latency_ns = round(config.paper.latency_ms * NS_PER_MS)
        self._frictions = frictions
        self._last_arrival_ns = 0
        self._matching = Matching(config, frictions)
        self._books = self._matching.books.by_venue
        self._agenda = Agenda()
        self._funding = FundingSchedule()
        self._flattening: dict[str, PaperFlatten] = {}

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """Let an input's time and prices act on our orders; almost always nothing of ours is concerned."""
        if event.ts_ns >= self._agenda.next_ns:
            return self._due_then(event)
        if type(event) is Top:
            try:
                book = self._books[event.venue][event.asset]
            except KeyError:
                return NOTHING
            book.top = event
            return self._fresh(book, event.ts_ns) if book.wakes else NOTHING
        if type(event) is Trade:
            try:
                book = self._books[event.venue][event.asset]
            except KeyError:
                return NOTHING
            if book.fence_low < event.price < book.fence_high:
                book.trade = event
                return NOTHING
            return self._beyond_fences(book, event)
        return self._on_rarer(event)

    def submit(self, action: Request) -> Sequence[VenueEvent]:
        """Send a request; it acts on the venue after the latency, or here and now where the latency is 0."""
        due_ns = action.ts_ns + self._frictions.latency_ns(self._latency_ns, action)
        # One connection: what was sent later never overtakes.
        due_ns = self._last_arrival_ns = max(due_ns, self._last_arrival_ns)
        self._agenda.add(due_ns, action)
        return NOTHING if self._latency_ns else self._run_due(due_ns)

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Stand where the journal says an earlier venue stood. Call it once, before the first input.

        Positions are the trades' open quantities, orders that worked work again, and orders that were still on their
        way never arrived. Reduce-only orders without a position are cancelled with the next input. Nothing happened
        meanwhile, so `booked` says nothing new. Raises ValueError for an instrument the config does not list: put it
        back until what is open there is closed.
        """
        for trade in trades:
            if trade.open_qty > 0:
                self._matching.books.require(trade.venue, trade.asset)
                self._matching.positions.book(trade.venue, trade.asset, trade.side, trade.open_qty, trade.entry_price)
        for progress in orders:
            self._matching.restore(progress)
        for order in self._matching.working():
            self._expire_later(order.request.order_id, order.request.expires_ns)
        self._agenda.add(AT_NEXT_EVENT_NS, Sweep())
        self._matching.books.refence(self._matching.working())

    @property
    def books(self) -> Mapping[str, Mapping[str, PaperBook]]:
        """Every book by venue and asset, with the prices that concern an order of ours."""
        return self._books

    @property
    def next_due_ns(self) -> int:
        """When time alone next brings something here: an event before it concerns us by its price alone."""
        return self._agenda.next_ns

    @property
    def has_work(self) -> bool:
        """Whether an order rests, something is under way, or a venue is being flattened."""
        return bool(self._matching.working() or self._flattening) or self._agenda.holds_requests

    @property
    def is_awaited(self) -> bool:
        """Whether something is under way to it, or a venue is being flattened."""
        return bool(self._flattening) or self._agenda.holds_requests

    def pay_funding(self, rate: FundingRate) -> Sequence[VenueEvent]:
        """A payment at exactly this rate and now, where it is known from the past what was paid."""
        happened = list(self._run_due(rate.ts_ns))
        held = self._matching.positions.of(rate.venue, rate.asset)
        paid = payment(rate, rate.ts_ns, held.qty, self._value(rate.venue, rate.asset))
        return [*happened, paid] if paid is not None else happened

    def position(self, venue: str, asset: str) -> float:
        """Signed base coins held there (+ long, 0 flat)."""
        return self._matching.positions.of(venue, asset).qty

    def working(self, venue: str | None = None) -> tuple[OrderProgress, ...]:
        """The orders that can still execute, on one venue or on all, in order of arrival."""
        return tuple(
            order.progress() for order in self._matching.working() if venue is None or order.request.venue == venue
        )

    def _due_then(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        before = self._run_due(event.ts_ns)
        return (*before, *self.on_market(event))

    def _run_due(self, until_ns: int) -> Sequence[VenueEvent]:
        happened: list[VenueEvent] = []
        for now_ns, job in self._agenda.due(until_ns):
            self._run(job, now_ns)
            happened += self._settle(now_ns)
        return happened or NOTHING

    def _run(self, job: Job, now_ns: int) -> None:
        match job:
            case Expiry():
                self._matching.cancel(job.order_id, "its time limit is over", now_ns)
            case FundingDue():
                self._pay_funding(job)
            case FlatRead():
                if job.venue in self._flattening:
                    self._flattening[job.venue].read_again(self._matching, now_ns)
            case Sweep():
                self._matching.drop_idle_reducers(now_ns)
            case _:
                self._arrive(job, now_ns)

    def _arrive(self, request: Request, now_ns: int) -> None:
        match request:
            case PlaceOrder():
                order = self._matching.arrive(request.order, now_ns)
                if order is not None and request.order.order_type is OrderType.LIMIT:
                    self._expire_later(request.order.order_id, request.order.expires_ns)
            case CancelOrder():
                self._matching.cancel(request.order_id, "cancelled on request", now_ns)
            case QueryOrder():
                self._matching.answer(request.order_id, now_ns)
            case QueryPosition():
                self._matching.out.append(self._held(request.venue, request.asset, now_ns))
            case FlattenVenues():
                for venue in request.venues:
                    self._flattening[venue] = PaperFlatten(venue, request.reason, pause_ns=max(self._latency_ns, 1))

    def _settle(self, now_ns: int) -> Sequence[VenueEvent]:
        """After something happened: go on flattening, set the fences anew, hand out what happened."""
        for flatten in list(self._flattening.values()):
            next_read_ns = flatten.step(self._matching, now_ns)
            if next_read_ns is not None:
                self._agenda.add(next_read_ns, FlatRead(flatten.venue))
            if flatten.is_done:
                del self._flattening[flatten.venue]
        self._matching.books.refence(self._matching.working())
        happened, self._matching.out = self._matching.out, []
        return happened or NOTHING

    def _fresh(self, book: PaperBook, now_ns: int) -> Sequence[VenueEvent]:
        self._matching.fresh_liquidity(book, now_ns)
        return self._settle(now_ns)

    def _beyond_fences(self, book: PaperBook, trade: Trade) -> Sequence[VenueEvent]:
        if not (0 < trade.price < float("inf") and trade.qty > 0):
            return NOTHING
        book.trade = trade
        self._matching.print_beyond_fences(book, trade)
        return self._settle(trade.ts_ns)

    def _on_rarer(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        if isinstance(event, FundingRate):
            self._note_funding(event)
        elif isinstance(event, Depth | MarkPrice):
            book = self._matching.books.find(event.venue, event.asset)
            if book is not None and isinstance(event, Depth):
                book.on_depth(event)
                return self._fresh(book, event.ts_ns) if book.wakes else NOTHING
            if book is not None and isinstance(event, MarkPrice):
                book.mark = event
        return NOTHING

    def _note_funding(self, event: FundingRate) -> None:
        due = self._funding.note(event)
        if due is not None:
            self._agenda.add(due.payment_ns, due)

    def _pay_funding(self, due: FundingDue) -> None:
        held = self._matching.positions.of(due.venue, due.asset)
        paid = self._funding.pay(due, held.qty, self._value(due.venue, due.asset))
        if paid is not None:
            self._matching.out.append(paid)

    def _value(self, venue: str, asset: str) -> float:
        """What a position there is valued at; 0 where there is none."""
        held = self._matching.positions.of(venue, asset)
        if held.qty == 0:
            return 0.0
        return self._matching.books.serving(venue, asset).value_price() or held.entry_price

    def _held(self, venue: str, asset: str, now_ns: int) -> VenuePosition:
        held = self._matching.positions.of(venue, asset)
        orders = sum((order.request.venue, order.request.asset) == (venue, asset) for order in self._matching.working())
        return VenuePosition(now_ns, venue, asset, held.qty, held.entry_price, orders)

    def _expire_later(self, order_id: str, expires_ns: int | None) -> None:
        if expires_ns is not None:
            self._agenda.add(expires_ns, Expiry(order_id))


# Flattening: from the venue's own truth, until it was seen flat twice. No timer ends it.


class PaperFlatten:
    """One venue's flatten. `step` is called after everything that happens on the venues, `read_again` when it is time.

    Entries and resting targets go first, then every position is closed reduce-only at market; stops stay until the
    position is flat, which cancels them. A look that finds the venue flat is reported; the second one, at least
    `pause_ns` after the first, ends the flatten.
    """

    def __init__(self, venue: str, reason: str, pause_ns: int) -> None:
        self.venue = venue
        self.is_done = False
        self._reason = f"flatten: {reason}"
        self._pause_ns = pause_ns
        self._read_again_ns: int | None = None
        self._touched: dict[str, None] = {}

    def step(self, matching: Matching, now_ns: int) -> int | None:
        """Cancel and close what there is. Where this is the first look that finds it flat: when to look again."""
        if not self._is_flat(matching):
            self._read_again_ns = None
        for order in self._orders(matching):
            self._touched[order.request.asset] = None
            if not order.request.reduce_only or order.request.order_type is OrderType.LIMIT:
                matching.cancel(order.request.order_id, self._reason, now_ns)
        for asset, _ in matching.positions.open_on(self.venue):
            self._touched[asset] = None
            self._close(asset, matching, now_ns)
        if self.is_done or self._read_again_ns is not None or not self._is_flat(matching):
            return None
        self._report(matching, now_ns)
        self._read_again_ns = now_ns + self._pause_ns
        return self._read_again_ns

    def read_again(self, matching: Matching, now_ns: int) -> None:
        """Look a second time; had something come back meanwhile, `step` has begun anew and this look is too early."""
        if self._read_again_ns is not None and now_ns >= self._read_again_ns and self._is_flat(matching):
            self._report(matching, now_ns)
            self.is_done = True

    def _close(self, asset: str, matching: Matching, now_ns: int) -> None:
        """Close what no order is closing yet. Without a book it waits for one."""
        book = matching.books.serving(self.venue, asset)
        if not book.is_known:
            return
        held = matching.positions.of(self.venue, asset).qty
        closing = sum(order.left for order in self._orders(matching) if order.request.asset == asset and order.taking)
        missing = rounded(abs(held) - closing)
        if missing > 0:
            matching.close(self.venue, asset, missing, now_ns)

    def _report(self, matching: Matching, now_ns: int) -> None:
        matching.out.extend(VenuePosition(now_ns, self.venue, asset, 0.0, 0.0, 0) for asset in self._touched)
        matching.out.append(VenueFlat(now_ns, self.venue))

    def _is_flat(self, matching: Matching) -> bool:
        return not self._orders(matching) and not matching.positions.open_on(self.venue)

    def _orders(self, matching: Matching) -> list[PaperOrder]:
        return [order for order in matching.working() if order.request.venue == self.venue]
