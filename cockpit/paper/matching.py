"""How paper orders meet the market: takers against the known book, resting orders against prints."""

from collections.abc import Iterable

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderAccepted, OrderCancelled, OrderFilled, OrderRejected, Trade, VenueEvent
from cockpit.domain.kinds import OrderRole, OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.domain.quantity import executable, rounded
from cockpit.domain.units import BPS
from cockpit.paper.book import PaperBook, PaperBooks
from cockpit.paper.frictions import NO_FRICTIONS, Frictions
from cockpit.paper.orders import PaperOrder, refusal

# What a venue holds for us: signed base coins by venue and asset, with their average entry price.


class Position(msgspec.Struct, frozen=True):
    """Signed base coins (+ long, 0 flat) and the average price they were opened at (0 when flat)."""

    qty: float = 0.0
    entry_price: float = 0.0

    def after(self, side: Side, qty: float, price: float) -> "Position":
        """The position after an execution. Adding averages the entry, reducing keeps it, turning starts anew."""
        held = rounded(self.qty + side.sign * qty)
        if held == 0:
            return Position()
        if self.qty * side.sign >= 0:
            return Position(held, (abs(self.qty) * self.entry_price + qty * price) / (abs(self.qty) + qty))
        return Position(held, self.entry_price if held * self.qty > 0 else price)

    def reducible(self, side: Side) -> float:
        """How much an order of this side may execute before the position is flat; 0 if it would only add to it."""
        return max(0.0, -side.sign * self.qty)


FLAT = Position()


class Positions:
    """Every position of the venues, FLAT where nothing was ever traded."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Position] = {}

    def of(self, venue: str, asset: str) -> Position:
        return self._held.get((venue, asset), FLAT)

    def book(self, venue: str, asset: str, side: Side, qty: float, price: float) -> Position:
        """Add one execution and return the position after it."""
        self._held[venue, asset] = position = self.of(venue, asset).after(side, qty, price)
        return position

    def open_on(self, venue: str) -> list[tuple[str, Position]]:
        """Asset and position of everything held on a venue."""
        return [(asset, held) for (where, asset), held in self._held.items() if where == venue and held.qty != 0]


NOTHING_TO_REDUCE = "reduce-only: no position"
FLAT_REASON = "position is flat"


class Matching:
    """Orders, positions and what happens to them at an instant. What happens is appended to `out`."""

    def __init__(self, config: CockpitConfig, frictions: Frictions = NO_FRICTIONS) -> None:
        self._frictions = frictions
        self._venues = config.venues
        self.books = PaperBooks(config)
        self.positions = Positions()
        self.out: list[VenueEvent] = []
        self._last_close = 0
        self._orders: dict[str, PaperOrder] = {}
        self._working: dict[str, PaperOrder] = {}

    def working(self) -> list[PaperOrder]:
        """Every order that can still execute, in order of arrival."""
        return list(self._working.values())

    def arrive(self, request: OrderRequest, now_ns: int) -> PaperOrder | None:
        """An order reaches the venue: refused, or accepted and executed as far as it goes. Returns what now works.

        An id that was used before doubles nothing: the answer is how the order of that id stands.
        """
        if request.order_id in self._orders:
            self.answer(request.order_id, now_ns)
            return None
        order = self._orders[request.order_id] = PaperOrder(request)
        reason = self._refusal(request, now_ns)
        if reason is not None:
            order.end(OrderStatus.REJECTED, reason)
            self.answer(request.order_id, now_ns)
            return None
        self._accept(order, now_ns)
        return None if order.is_final else order

    def close(self, venue: str, asset: str, qty: float, now_ns: int) -> None:
        """Reduce a position by an order of the venue's own making: its rules on sizes do not apply to what is held.

        Its id is the one a real venue's flatten gives, so that its executions are booked to the trades they take from;
        n goes on from event time, so that no restart gives an id twice.
        """
        self._last_close = max(self._last_close + 1, now_ns)
        request = OrderRequest(
            order_id=f"flatten-{venue}-{asset}-{self._last_close}",
            trade_id="",
            venue=venue,
            asset=asset,
            side=Side.SHORT if self.positions.of(venue, asset).qty > 0 else Side.LONG,
            role=OrderRole.CLOSE,
            order_type=OrderType.MARKET,
            qty=qty,
            reduce_only=True,
            decided_ns=now_ns,
            decision_price=self.books.serving(venue, asset).value_price() or 0.0,
        )
        order = self._orders[request.order_id] = PaperOrder(request)
        self._accept(order, now_ns)

    def cancel(self, order_id: str, reason: str, now_ns: int) -> None:
        """Take what is left of an order off the venue. An order that is final or unknown stays as it is."""
        order = self._working.pop(order_id, None)
        if order is not None:
            order.end(OrderStatus.CANCELLED, reason)
            self.out.append(OrderCancelled(now_ns, order_id, reason))

    def answer(self, order_id: str, now_ns: int) -> None:
        """Say how an order stands: accepted (working, or filled: its fills were all reported), cancelled, rejected."""
        order = self._orders.get(order_id)
        if order is None:
            self.out.append(OrderRejected(now_ns, order_id, "not found: the venue never had this order"))
        elif order.status is OrderStatus.REJECTED:
            self.out.append(OrderRejected(now_ns, order_id, order.detail))
        elif order.status is OrderStatus.CANCELLED:
            self.out.append(OrderCancelled(now_ns, order_id, order.detail))
        else:
            self.out.append(OrderAccepted(now_ns, order_id, order.venue_order_id))

    def restore(self, progress: OrderProgress) -> None:
        """Take over an order as it stood. One that was still on its way never arrived: the venue does not know it."""
        if progress.status in (OrderStatus.SENT, OrderStatus.UNKNOWN):
            return
        order = self._orders[progress.request.order_id] = PaperOrder.restored(progress)
        if not order.is_final:
            self.books.require(progress.request.venue, progress.request.asset)
            self._working[progress.request.order_id] = order

    def fresh_liquidity(self, book: PaperBook, now_ns: int) -> None:
        """The book has a new top or depth: whoever is still taking goes on, first come first served."""
        for order in self._of_book(book):
            if order.taking:
                self._take(order, book, now_ns)

    def print_beyond_fences(self, book: PaperBook, trade: Trade) -> None:
        """A print passes limits or reaches triggers.

        Its quantity is shared among our limits it traded through, best price first, then first come first served.
        """
        through = [order for order in self._of_book(book) if order.is_traded_through(trade.price)]
        through.sort(key=lambda order: -abs(trade.price - (order.request.limit_price or 0.0)))
        left = trade.qty * self._frictions.size_share
        for order in through:
            qty = executable(left, self._wanted(order), self._lot(order))
            if qty > 0:
                left = rounded(left - qty)
                self._fill(order, qty, order.request.limit_price or 0.0, is_maker=True, now_ns=trade.ts_ns)
        for order in self._of_book(book):
            if order.is_triggered_by(trade.price) and not order.is_final:
                order.trigger(trade.price)
                self._take(order, book, trade.ts_ns)

    def drop_idle_reducers(self, now_ns: int) -> None:
        """Cancel every reduce-only order that has nothing to reduce."""
        for order in self.working():
            held = self._held(order.request)
            if order.request.reduce_only and held.reducible(order.request.side) <= 0:
                reason = FLAT_REASON if held.qty == 0 else f"nothing to reduce: position is {held.qty:g}"
                self.cancel(order.request.order_id, reason, now_ns)

    def _accept(self, order: PaperOrder, now_ns: int) -> None:
        request = order.request
        self._working[request.order_id] = order
        self.out.append(OrderAccepted(now_ns, request.order_id, order.venue_order_id))
        book = self.books.serving(request.venue, request.asset)
        if request.order_type is OrderType.STOP_MARKET:
            self._trigger_if_passed(order, book)
        if order.taking or request.order_type is OrderType.LIMIT:
            self._take(order, book, now_ns)

    def _trigger_if_passed(self, order: PaperOrder, book: PaperBook) -> None:
        """A stop arrives too late: the last print is at or through its trigger, or the whole top is."""
        side = order.request.side
        if book.trade is not None and order.is_triggered_by(book.trade.price):
            order.trigger(book.last_price())
            return
        nearest = book.best(side.opposite)
        if nearest is not None and order.is_triggered_by(nearest):
            order.trigger(None)

    def _take(self, order: PaperOrder, book: PaperBook, now_ns: int) -> None:
        """Execute against the known book, level by level, as far as it and the order's limit reach."""
        side = order.request.side
        for price, size in book.offered(side, self._frictions.size_share):
            if order.is_final or not order.accepts(price):
                return
            qty = executable(size, self._wanted(order), self._lot(order))
            if qty > 0:
                book.take(side, price, qty)
                self._fill(
                    order,
                    qty,
                    order.taker_price(price, self._frictions.stop_slippage_bps),
                    is_maker=False,
                    now_ns=now_ns,
                )

    def _fill(self, order: PaperOrder, qty: float, price: float, is_maker: bool, now_ns: int) -> None:
        request = order.request
        venue = self._venues[request.venue]
        fee_usd = qty * price * (venue.maker_fee_bps if is_maker else venue.taker_fee_bps) / BPS
        fill_id = order.add_fill(qty, price, fee_usd)
        self.out.append(OrderFilled(now_ns, request.order_id, fill_id, qty, price, fee_usd, is_maker))
        if order.is_final:
            del self._working[request.order_id]
        self.positions.book(request.venue, request.asset, request.side, qty, price)
        self.drop_idle_reducers(now_ns)

    def _wanted(self, order: PaperOrder) -> float:
        """What it may execute now: what is left of it, and if reduce-only no more than is held against it."""
        if order.is_final:
            return 0.0
        if not order.request.reduce_only:
            return order.left
        return min(order.left, self._held(order.request).reducible(order.request.side))

    def _refusal(self, request: OrderRequest, now_ns: int) -> str | None:
        section = self._venues.get(request.venue)
        instrument = None if section is None else section.instruments.get(request.asset)
        if instrument is None:
            return f"expected an instrument of the config, was {request.asset} on {request.venue}"
        book = self.books.serving(request.venue, request.asset)
        price = book.best(request.side) or book.value_price()
        refused = refusal(request, instrument, price, now_ns)
        if refused is not None:
            return refused
        if instrument.is_spot and request.side is Side.SHORT and not request.reduce_only:
            return f"expected a purchase, was a sale of {request.qty:.10g} that are not held: {request.asset} is spot"
        nearest = book.best(request.side) if request.post_only else None
        if nearest is not None and PaperOrder(request).accepts(nearest):
            return f"post-only: {request.limit_price:.10g} would take at {nearest:.10g}"
        if request.reduce_only and self._held(request).reducible(request.side) <= 0:
            return NOTHING_TO_REDUCE
        if request.order_type is OrderType.MARKET and not book.is_known:
            return f"no book: neither {request.venue} nor {book.venue} has shown one of {request.asset} yet"
        return None

    def _of_book(self, book: PaperBook) -> Iterable[PaperOrder]:
        serving = self.books.serving
        return [order for order in self.working() if serving(order.request.venue, order.request.asset) is book]

    def _held(self, request: OrderRequest) -> Position:
        return self.positions.of(request.venue, request.asset)

    def _lot(self, order: PaperOrder) -> float:
        return self._venues[order.request.venue].instruments[order.request.asset].lot
