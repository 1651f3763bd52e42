"""The matching of a second venue: market, limit (GTC, IOC, FOK, post-only), reduce-only, one-way and hedge.

Reduce-only. Binance counts resting reduce-only orders against the position: -4118 for a further one (live log in
xLydianSoftware/Qubx issue 386), and refuses one larger than the position ("Summary of Failed Orders in Binance
Futures", FAQ 360039707291); conditional orders are not counted (the same log). OKX takes any quantity and cuts the
resting ones at worse prices down to what is left ("OKX to upgrade the position-closing feature", 2023-06-19).
Silent: whether such orders go by themselves when a position shrinks at Binance (here: they rest, and expire when
reached); a resting order trades as a whole, at its own price, when the ladder reaches it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tests.loopback_second.amounts import ZERO, is_on, sign
from tests.loopback_second.clock import Clock
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.market import LEVELS, Level, Market
from tests.loopback_second.records import Event, Key, Order, Reason, Refused

FORCED = ("liquidation", "adl")
POST_ONLY_CANCEL = "31"
"""OKX's cancelSource of a post-only order that would have taken (nautilus_trader, okx adapter's constants)."""


@dataclass
class Rules:
    """In what the two venues differ."""

    net_side: str
    taker: Decimal = Decimal("0.0005")
    maker: Decimal = Decimal("0.0002")
    hedged: bool = False
    client_ids_for_ever: bool = False
    drops_reduce_only_when_flat: bool = False
    cancels_what_would_take: bool = False
    reserves: bool = False
    """Resting reduce-only orders hold their part of the position: a further one beyond what is left is refused."""
    trims: bool = False
    """It is taken, and resting reduce-only orders at worse prices are cut down to what is left."""
    first_order_id: int = 8_000_000_000


@dataclass(frozen=True)
class Ticket:
    """An order as asked for."""

    instrument: str
    side: str
    kind: str
    qty: Decimal
    mode: str
    price: Decimal = ZERO
    tif: str = "GTC"
    pos_side: str = ""
    reduce_only: bool = False
    close_all: bool = False
    client_id: str = ""
    source: str = "api"
    trigger_id: int = 0
    tag: str = ""
    off_grid: bool = False
    """The venue's own close of a whole position is bound to no lot."""


class Matching:
    def __init__(self, clock: Clock, market: Market, ledger: Ledger, rules: Rules) -> None:
        self.clock = clock
        self.market = market
        self.ledger = ledger
        self.rules = rules
        self.orders: dict[int, Order] = {}
        self.on_event: list[Callable[[Event], None]] = []
        self.parts: deque[tuple[Decimal, ...]] = deque()
        """In which fractions of it the next takers trade; where they do not add up to 1 the rest waits for the test."""
        self._next_id = rules.first_order_id
        market.on_price.append(self._price_moved)

    def emit(self, event: Event) -> None:
        for listener in list(self.on_event):
            listener(event)

    def next_id(self) -> int:
        self._next_id += 7
        return self._next_id

    def open_orders(self, instrument: str = "") -> list[Order]:
        return [one for one in self.orders.values() if one.is_open and instrument in ("", one.instrument)]

    def by_client_id(self, client_id: str, instrument: str = "") -> Order | None:
        """The newest order of that name."""
        found = [
            one for one in self.orders.values() if one.client_id == client_id and instrument in ("", one.instrument)
        ]
        return found[-1] if found else None

    def key_of(self, instrument: str, mode: str, pos_side: str) -> Key:
        return Key(instrument, mode, pos_side or self.rules.net_side)

    def place(self, ticket: Ticket) -> Order:
        """Raises Refused; otherwise the order is in, and traded as far as it can."""
        key = self._checked(ticket)
        crossing = self._crossing(ticket)
        refusal = self._unmatched(ticket, crossing)
        if refusal is not None and not self.rules.cancels_what_would_take:
            raise Refused(refusal)
        order = self._made(ticket)
        self.orders[order.id] = order
        self.emit(Event("order", "NEW", order=order))
        if refusal is not None:
            self.cancel(order, POST_ONLY_CANCEL if refusal is Reason.WOULD_TAKE else "0")
        else:
            self._trim(order, key)
            if ticket.tif != "GTX":
                self._take(order, key, crossing)
        if order.is_open and not order.is_held and (order.kind == "MARKET" or order.tif in ("IOC", "FOK")):
            self.end(order, "EXPIRED")
        return order

    @staticmethod
    def _unmatched(ticket: Ticket, crossing: list[Level]) -> Reason | None:
        if ticket.tif == "GTX" and crossing:
            return Reason.WOULD_TAKE
        if ticket.tif == "FOK" and sum((qty for _, qty in crossing), ZERO) < ticket.qty:
            return Reason.NOT_WHOLE
        return None

    def end(self, order: Order, state: str, cancel_source: str = "") -> None:
        order.state = state
        order.cancel_source = cancel_source
        self._touch(order)
        self.emit(Event("order", state, order=order))

    def cancel(self, order: Order, cancel_source: str = "1") -> None:
        self.end(order, "CANCELED", cancel_source)

    def fill_part(self, order: Order, qty: Decimal, price: Decimal | None = None) -> None:
        """A counterparty comes and takes a part of a resting order."""
        order.is_held = False
        key = self.key_of(order.instrument, order.mode, order.pos_side)
        at = price or order.price or self.market.books[order.instrument].price
        self._trade(order, key, min(qty, order.left), at, is_maker=order.kind == "LIMIT")

    # Checks

    def _checked(self, ticket: Ticket) -> Key:
        is_forced = ticket.source in FORCED
        if not is_forced and not ticket.off_grid:
            self._on_grid(ticket)
        if self._is_taken(ticket):
            raise Refused(Reason.DUPLICATE, ticket.client_id)
        if (ticket.pos_side in ("", self.rules.net_side)) == self.rules.hedged and not is_forced:
            mode = "hedge" if self.rules.hedged else "one-way"
            raise Refused(Reason.POSITION_SIDE, f"{ticket.pos_side or 'none'} in {mode} mode")
        key = self.key_of(ticket.instrument, ticket.mode, ticket.pos_side)
        opening = self._opening_qty(ticket, key)
        if ticket.reduce_only:
            self._can_reduce(ticket, key, opening)
        elif not is_forced:
            self._can_pay(ticket, key, opening)
        return key

    def _on_grid(self, ticket: Ticket) -> None:
        one = self.market.instruments[ticket.instrument]
        if ticket.kind == "LIMIT" and (ticket.price <= ZERO or not is_on(ticket.price, one.tick)):
            raise Refused(Reason.BAD_PRICE, f"{ticket.price} on {one.tick}")
        if not is_on(ticket.qty, one.lot):
            raise Refused(Reason.BAD_QTY, f"{ticket.qty} on {one.lot}")
        if ticket.qty < one.min_qty:
            raise Refused(Reason.TOO_SMALL, f"{ticket.qty} below {one.min_qty}")
        most = one.max_market_qty if ticket.kind == "MARKET" else one.max_qty
        if ticket.qty > most:
            raise Refused(Reason.TOO_LARGE, f"{ticket.qty} above {most}")

    def _can_reduce(self, ticket: Ticket, key: Key, opening: Decimal) -> None:
        if opening >= ticket.qty:
            raise Refused(Reason.REDUCE_ONLY, "no position to reduce")
        if self.rules.reserves and ticket.source == "api":
            held = abs(self.ledger.position(key).qty)
            resting = sum((one.left for one in self._reducing(key, ticket.side)), ZERO)
            if ticket.qty > held - resting:
                raise Refused(Reason.RESERVED if resting else Reason.REDUCE_ONLY, f"{held - resting} of {held} left")

    def _can_pay(self, ticket: Ticket, key: Key, opening: Decimal) -> None:
        one = self.market.instruments[ticket.instrument]
        price = self._price_of(ticket)
        if ticket.qty * one.contract * price < one.min_notional and opening > ZERO:
            raise Refused(Reason.TOO_LITTLE, f"{one.min_notional}")
        cost = opening * one.contract * price / self.ledger.leverage(key)
        if cost > self.ledger.available() - self._reserved():
            raise Refused(Reason.NO_MARGIN, f"needs {cost}")

    def _is_taken(self, ticket: Ticket) -> bool:
        if not ticket.client_id:
            return False
        held = self.by_client_id(ticket.client_id)
        return held is not None and ticket.source == "api" and (self.rules.client_ids_for_ever or held.is_open)

    def _opening_qty(self, ticket: Ticket, key: Key) -> Decimal:
        """How much of it would add to the position rather than take from it."""
        held = self.ledger.position(key).qty
        way = 1 if ticket.side == "BUY" else -1
        if self.rules.hedged and key.side != self.rules.net_side:
            opens = (key.side.lower() == "long") == (ticket.side == "BUY")
            if not opens and ticket.qty > abs(held):
                raise Refused(Reason.REDUCE_ONLY, f"{ticket.qty} of {abs(held)} held")
            return ticket.qty if opens else ZERO
        if sign(held) == -way:
            return max(ZERO, ticket.qty - abs(held))
        return ticket.qty

    def _price_of(self, ticket: Ticket) -> Decimal:
        return ticket.price if ticket.kind == "LIMIT" else self.market.books[ticket.instrument].price

    def _reserved(self) -> Decimal:
        total = ZERO
        for order in self.open_orders():
            if not order.reduce_only:
                key = self.key_of(order.instrument, order.mode, order.pos_side)
                if self.ledger.position(key).direction in (0, order.sign):
                    unit = self.market.instruments[order.instrument].contract
                    total += order.left * unit * order.price / self.ledger.leverage(key)
        return total

    def _made(self, ticket: Ticket) -> Order:
        now_ms = self.clock.ms()
        return Order(
            id=self.next_id(),
            client_id=ticket.client_id,
            instrument=ticket.instrument,
            side=ticket.side,
            kind=ticket.kind,
            qty=ticket.qty,
            price=ticket.price,
            tif=ticket.tif,
            mode=ticket.mode,
            pos_side=ticket.pos_side or self.rules.net_side,
            reduce_only=ticket.reduce_only,
            created_ms=now_ms,
            born_s=self.clock.mono_s(),
            close_all=ticket.close_all,
            source=ticket.source,
            trigger_id=ticket.trigger_id,
            updated_ms=now_ms,
            updated_s=self.clock.mono_s(),
            tag=ticket.tag,
        )

    # Trading

    def _crossing(self, ticket: Ticket) -> list[Level]:
        """The levels it can trade with, best first, as far as its quantity goes."""
        book = self.market.books[ticket.instrument]
        levels = book.asks(LEVELS) if ticket.side == "BUY" else book.bids(LEVELS)
        if ticket.kind == "LIMIT":
            way = 1 if ticket.side == "BUY" else -1
            levels = [(price, qty) for price, qty in levels if (ticket.price - price) * way >= ZERO]
        left, taken = ticket.qty, []
        for price, depth in levels:
            if left <= ZERO:
                break
            taken.append((price, min(left, depth)))
            left -= min(left, depth)
        return taken

    def _trim(self, order: Order, key: Key) -> None:
        """Worst prices first, until all reduce-only orders together are no more than the position."""
        if not (self.rules.trims and (order.reduce_only or self.rules.hedged)):
            return
        resting = [one for one in self._reducing(key, order.side) if one is not order]
        resting.sort(key=lambda one: one.price * one.sign)
        over = order.qty + sum((one.left for one in resting), ZERO) - abs(self.ledger.position(key).qty)
        for one in resting:
            if over <= ZERO:
                return
            cut = min(over, one.left)
            over -= cut
            if cut == one.left:
                self.cancel(one, "2")
            else:
                one.qty -= cut
                self._touch(one)
                self.emit(Event("order", "NEW", order=one))

    def _reducing(self, key: Key, side: str) -> list[Order]:
        """Resting orders of this side that can only make the position smaller."""
        return [
            one
            for one in self.open_orders(key.instrument)
            if one.side == side
            and self.key_of(one.instrument, one.mode, one.pos_side) == key
            and (one.reduce_only or self.rules.hedged)
        ]

    def _in_parts(self, order: Order, key: Key, price: Decimal) -> None:
        fractions = self.parts.popleft()
        order.is_held = sum(fractions) < 1
        lot = self.market.instruments[order.instrument].lot
        for at, fraction in enumerate(fractions):
            is_last = at == len(fractions) - 1 and not order.is_held
            qty = order.left if is_last else min(order.left, order.qty * fraction // lot * lot)
            if qty > ZERO and order.is_open:
                self._trade(order, key, qty, price, is_maker=False)

    def _take(self, order: Order, key: Key, crossing: list[Level]) -> None:
        if self.parts and crossing and order.source not in FORCED:
            self._in_parts(order, key, crossing[0][0])
            return
        for price, qty in crossing:
            self._trade(order, key, qty, price, is_maker=False)
            if not order.is_open:
                return

    def _trade(self, order: Order, key: Key, qty: Decimal, price: Decimal, is_maker: bool) -> None:
        if order.reduce_only:
            held = self.ledger.position(key)
            qty = min(qty, abs(held.qty)) if held.direction == -order.sign else ZERO
            if not qty:
                self.end(order, "EXPIRED")
                return
        unit = self.market.instruments[order.instrument].contract
        fee = qty * unit * price * (self.rules.maker if is_maker else self.rules.taker)
        order.filled += qty
        order.cost += qty * price
        order.fee += fee
        order.state = "PARTIALLY_FILLED" if order.left else "FILLED"
        fill = self.ledger.take_fill(order, key, qty, price, fee, is_maker)
        order.realised += fill.realised
        self._touch(order)
        self.emit(Event("balance", "ORDER", keys=(key,)))
        self.emit(Event("trade", order.state, order=order, fill=fill))
        if order.is_open and order.reduce_only and not self.ledger.position(key).qty:
            self.end(order, "EXPIRED")
        if not self.ledger.position(key).qty:
            self._gone_flat(key)

    def _gone_flat(self, key: Key) -> None:
        if self.rules.drops_reduce_only_when_flat:
            for order in self.open_orders(key.instrument):
                held = self.key_of(order.instrument, order.mode, order.pos_side)
                if order.reduce_only and held == key and order.kind == "LIMIT":
                    self.cancel(order, "2")
        self.emit(Event("flat", keys=(key,)))

    def _touch(self, order: Order) -> None:
        order.updated_ms = self.clock.ms()
        order.updated_s = self.clock.mono_s()

    def _price_moved(self, instrument: str) -> None:
        book = self.market.books[instrument]
        if book.pulled:
            return
        for order in self.open_orders(instrument):
            is_met = order.price >= book.ask if order.side == "BUY" else order.price <= book.bid
            if order.kind == "LIMIT" and is_met and order.is_open and not order.is_held:
                key = self.key_of(order.instrument, order.mode, order.pos_side)
                self._trade(order, key, order.left, order.price, is_maker=True)
                if order.is_open and order.reduce_only:
                    self.end(order, "EXPIRED")
