"""The public market of a second venue: one ladder per instrument around a price that a test moves by hand.

The ladder is a model of ours (no document says how deep a book is): `depth` on each of `LEVELS` prices, one tick
apart. `set_price` puts the bid at the price floored to the tick and the ask one tick above; `set_quote` both as given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tests.loopback_second.amounts import floored
from tests.loopback_second.clock import Clock
from tests.loopback_second.instruments import Instrument

LEVELS = 20
Level = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Print:
    """A public trade."""

    id: int
    instrument: str
    price: Decimal
    qty: Decimal
    taker_side: str
    at_ms: int


@dataclass
class Book:
    instrument: Instrument
    price: Decimal
    mark: Decimal
    index: Decimal
    depth: Decimal
    funding: Decimal = Decimal("0.0001")
    sequence: int = 1_000
    pinned_mark: bool = False
    pulled: bool = False
    quoted: tuple[Decimal, Decimal] | None = None

    @property
    def bid(self) -> Decimal:
        return self.quoted[0] if self.quoted else floored(self.price, self.instrument.tick)

    @property
    def ask(self) -> Decimal:
        return self.quoted[1] if self.quoted else self.bid + self.instrument.tick

    def asks(self, levels: int = LEVELS) -> list[Level]:
        if self.pulled:
            return []
        return [(self.ask + self.instrument.tick * step, self.depth) for step in range(levels)]

    def bids(self, levels: int = LEVELS) -> list[Level]:
        if self.pulled:
            return []
        return [(self.bid - self.instrument.tick * step, self.depth) for step in range(levels)]


class Market:
    """All books, and whoever listens to them: the matching, the public streams."""

    def __init__(self, clock: Clock, instruments: list[Instrument], prices: dict[str, Decimal]) -> None:
        self.clock = clock
        self.instruments = {one.id: one for one in instruments}
        self.books = {
            one.id: Book(one, prices[one.base], prices[one.base], prices[one.base], Decimal(1_000_000))
            for one in instruments
        }
        self.on_price: list[Callable[[str], None]] = []
        self.on_print: list[Callable[[Print], None]] = []
        self._trades = 10_000

    def by_base(self, base: str) -> Instrument:
        return next(one for one in self.instruments.values() if one.base == base)

    def set_price(self, instrument: str, price: Decimal | float | str, prints: bool = True) -> None:
        """The price moves: the ladder with it, the mark too unless a test pinned it."""
        book = self.books[instrument]
        old, book.price, book.quoted = book.price, Decimal(str(price)), None
        if not book.pinned_mark:
            book.mark = book.price
        book.index = book.price
        book.sequence += 1
        if prints:
            side = "BUY" if book.price >= old else "SELL"
            self.print(instrument, book.ask if side == "BUY" else book.bid, book.instrument.lot * 10, side)
        for listener in list(self.on_price):
            listener(instrument)

    def set_quote(self, instrument: str, bid: Decimal, ask: Decimal, mark: Decimal | None = None) -> None:
        """Top and mark as given; the last price is the middle. Says nothing of a trade."""
        book = self.books[instrument]
        book.quoted = bid, ask
        book.price = (bid + ask) / 2
        book.mark = book.index = book.price if mark is None else mark
        book.sequence += 1
        for listener in list(self.on_price):
            listener(instrument)

    def set_mark(self, instrument: str, mark: Decimal | float | str) -> None:
        """The mark alone moves and stays where it is put until `release_mark`."""
        book = self.books[instrument]
        book.mark, book.pinned_mark = Decimal(str(mark)), True
        for listener in list(self.on_price):
            listener(instrument)

    def release_mark(self, instrument: str) -> None:
        self.books[instrument].pinned_mark = False
        self.set_price(instrument, self.books[instrument].price)

    def next_trade_id(self) -> int:
        self._trades += 1
        return self._trades

    def print(self, instrument: str, price: Decimal, qty: Decimal, taker_side: str) -> None:
        trade = Print(self.next_trade_id(), instrument, price, qty, taker_side, self.clock.ms())
        for listener in list(self.on_print):
            listener(trade)
