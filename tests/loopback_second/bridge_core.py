"""What the suites call a venue's `core`, `core.algos` and `watch`, on a second venue."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.loopback.matching_terms import Coin, Execution, Income, OrderAsked, Position, Quote, Reason, Refused, d
from tests.loopback.matching_watch import NakedSpell
from tests.loopback_second import records
from tests.loopback_second.amounts import ZERO
from tests.loopback_second.bridge_views import AlgoView, OrderView, RulesView, SettingView, execution
from tests.loopback_second.hands import Hands
from tests.loopback_second.matching import FORCED, Ticket
from tests.loopback_second.records import Event, Key, Trigger

if TYPE_CHECKING:
    from tests.loopback_second.bridge import Bridge

KINDS = {"trade": "COMMISSION", "funding": "FUNDING_FEE"}


class AlgosView:
    def __init__(self, venue: "Bridge") -> None:
        self._venue = venue
        self.gone = False
        self.holds_triggered = False
        self.trims = False
        self.rejects_triggered = ""
        venue.triggers.refuses = lambda: self.gone
        venue.matching.on_event.append(self._happened)
        venue.triggers.is_stuck = lambda trigger: self.holds_triggered
        venue.triggers.rejects = lambda: bool(self.rejects_triggered)

    @property
    def all(self) -> dict[int, AlgoView]:
        return {number: self._view(one) for number, one in self._venue.triggers.triggers.items()}

    def _view(self, trigger: Trigger) -> AlgoView:
        venue = self._venue
        key = venue.matching.key_of(trigger.instrument, trigger.mode, trigger.pos_side)
        return AlgoView(trigger, venue.name_of(key))

    def _happened(self, event: Event) -> None:
        """With `trims` the newest stops go when the position shrinks, while all of them cover more than it."""
        if event.what != "trade" or event.order is None or not self.trims:
            return
        for position in self._venue.ledger.open_positions():
            stops = [
                one
                for one in self._venue.triggers.resting(position.key.instrument)
                if one.stop_px is not None and one.sign == -position.direction
            ]
            while len(stops) > 1 and sum((one.qty for one in stops), ZERO) > abs(position.qty):
                self._venue.triggers.expire(stops.pop())

    def open(self, symbol: str | None = None) -> list[AlgoView]:
        return [one for one in self.all.values() if one.works and symbol in (None, one.asked.symbol)]

    def cancel(self, algo: AlgoView) -> None:
        if not algo.mine.rests:
            raise Refused(Reason.UNKNOWN_ORDER)
        self._venue.triggers.cancel(algo.mine)

    def expire(self, algo: AlgoView) -> None:
        self._venue.triggers.expire(algo.mine)

    def cancel_all(self, symbol: str | None = None) -> list[AlgoView]:
        found = self.open(symbol)
        for algo in found:
            self._venue.triggers.cancel(algo.mine)
        return found

    def place(self, asked: Any) -> AlgoView:
        hands = Hands(self._venue)
        qty = asked.qty if asked.qty is not None else ZERO
        lay = hands.stop if asked.kind == "stop" else hands.target
        trigger = lay(asked.symbol, asked.side, qty, asked.trigger)
        trigger.client_id = asked.client_id or trigger.client_id
        trigger.close_all = asked.qty is None
        return self._view(trigger)


class CoreView:
    def __init__(self, venue: "Bridge") -> None:
        self._venue = venue
        self.rules = RulesView(venue.market)
        self.algos = AlgosView(venue)
        self._symbols = list(venue.market.instruments)

    # Settings

    @property
    def leverage(self) -> Any:
        venue = self._venue
        key = venue.matching.key_of
        return SettingView(
            self._symbols,
            lambda symbol: venue.ledger.leverage(key(symbol, venue.mode_of(symbol), venue.any_side())),
            venue.set_all_leverage,
        )

    @leverage.setter
    def leverage(self, wanted: Mapping[str, int]) -> None:
        self.leverage.update(wanted)

    @property
    def isolated(self) -> Any:
        venue = self._venue
        return SettingView(self._symbols, lambda symbol: venue.mode_of(symbol) == "isolated", venue.set_isolated)

    @isolated.setter
    def isolated(self, wanted: Mapping[str, bool]) -> None:
        self.isolated.update(wanted)

    @property
    def hedge_mode(self) -> bool:
        return self._venue.matching.rules.hedged

    @hedge_mode.setter
    def hedge_mode(self, wanted: bool) -> None:
        self._venue.set_hedged(wanted)

    @property
    def reserves(self) -> bool:
        return self._venue.matching.rules.reserves

    @reserves.setter
    def reserves(self, wanted: bool) -> None:
        self._venue.matching.rules.reserves = wanted

    @property
    def clock_ns(self) -> Callable[[], int]:
        return lambda: round(self._venue.clock.mono_s() * 1e9)

    @clock_ns.setter
    def clock_ns(self, wanted: Callable[[], int]) -> None:
        self._venue.clock.mono = lambda: wanted() / 1e9

    # Looking

    @property
    def wallet_usd(self) -> Decimal:
        return self._venue.ledger.wallet

    @property
    def quotes(self) -> dict[str, Quote]:
        return {
            name: Quote(book.bid, book.ask, book.mark, book.price) for name, book in self._venue.market.books.items()
        }

    def quote(self, symbol: str) -> Quote:
        return self.quotes[symbol]

    @property
    def positions(self) -> dict[str, Position]:
        """Net over sides; what is held in the margin mode that is not ours goes by a name of its own."""
        found = {symbol: Position(symbol) for symbol in self._symbols}
        for one in self._venue.ledger.open_positions():
            name = self._venue.name_of(one.key)
            held = found.setdefault(name, Position(name))
            held.qty += one.qty
            held.entry = one.entry
            held.realised_usd += one.realised
        return found

    @property
    def orders(self) -> dict[int, OrderView]:
        return {number: OrderView(one) for number, one in self._venue.matching.orders.items()}

    def open_orders(self, symbol: str | None = None) -> list[OrderView]:
        return [OrderView(one) for one in self._venue.matching.open_orders(symbol or "")]

    @property
    def executions(self) -> list[Execution]:
        ledger = self._venue.ledger
        return [execution(fill, ledger.contract(fill.instrument)) for fill in ledger.fills]

    @property
    def income(self) -> list[Income]:
        rows = []
        for bill in self._venue.ledger.bill:
            if bill.fill is None:
                rows.append(Income(KINDS[bill.kind], bill.instrument, bill.amount, bill.at_ms, Coin()))
                continue
            rows.append(Income("COMMISSION", bill.instrument, -bill.fill.fee, bill.at_ms, Coin(), bill.fill.id))
            rows.append(Income("REALIZED_PNL", bill.instrument, bill.fill.realised, bill.at_ms, Coin(), bill.fill.id))
        return rows

    # Doing

    def set_price(self, symbol: str, bid: float, ask: float, mark: float | None = None) -> None:
        self._venue.market.set_quote(symbol, d(bid), d(ask), None if mark is None else d(mark))

    def fill_next(self, *fractions: float) -> None:
        self._venue.matching.parts.append(tuple(d(fraction) for fraction in fractions))

    @property
    def lists_lag_s(self) -> float:
        return float(self._venue.list_faults._lags.get("fills", 0.0))

    @lists_lag_s.setter
    def lists_lag_s(self, seconds: float) -> None:
        self._venue.list_faults.lag("fills", seconds)

    @property
    def _fractions(self) -> Any:
        return self._venue.matching.parts

    def fill(self, order: OrderView, fraction: float = 1.0, price: float | None = None) -> None:
        lot = self._venue.market.instruments[order.symbol].lot
        qty = min(order.left, order.qty * d(fraction) // lot * lot)
        self._venue.matching.fill_part(order.mine, qty, None if price is None else d(price))

    def place(self, asked: OrderAsked) -> OrderView:
        """Somebody's order that came by no call of ours."""
        ticket = Ticket(
            instrument=asked.symbol,
            side=asked.side.upper(),
            kind=asked.kind.upper(),
            qty=asked.qty,
            price=asked.price or ZERO,
            tif=asked.tif,
            mode=self._venue.mode_of(asked.symbol),
            reduce_only=asked.reduce_only,
            client_id=asked.client_id,
            source="api" if asked.owner == "client" else "hand",
        )
        try:
            return OrderView(self._venue.matching.place(ticket))
        except records.Refused as refused:
            raise Refused(Reason.NO_MARGIN, str(refused)) from refused

    def cancel(self, order: OrderView) -> None:
        self._venue.matching.cancel(order.mine)

    def end(self, order: OrderView, status: Any, reason: str = "") -> None:
        self._venue.matching.end(order.mine, "EXPIRED" if status.name == "EXPIRED" else "CANCELED")


@dataclass
class Spell:
    """One running or ended time without a full stop."""

    key: Key
    start_ns: int
    end_ns: int | None = None


class WatchView:
    """From the second venue's own meter, with the invariants the suites ask for besides."""

    def __init__(self, venue: "Bridge") -> None:
        self._venue = venue
        self._spells: list[Spell] = []
        self.flips: list[Execution] = []
        self.largest: dict[str, Decimal] = dict.fromkeys(venue.market.instruments, ZERO)
        self._held: dict[Key, Decimal] = {}
        venue.ledger.on_change.append(self._read_books)
        venue.matching.on_event.append(self._happened)

    def _happened(self, event: Event) -> None:
        if event.what == "trade" and event.fill is not None:
            key = event.fill.key
            held = self._venue.ledger.position(key).qty
            if held * self._held.get(key, ZERO) < ZERO and event.fill.order.source not in (*FORCED, "hand"):
                self.flips.append(execution(event.fill, self._venue.ledger.contract(key.instrument)))
            self._held[key] = held
        self._read_books()

    def _closing(self, key: Key) -> Decimal:
        """What is being closed at the market this moment."""
        matching = self._venue.matching
        return sum(
            (
                one.left
                for one in matching.open_orders(key.instrument)
                if one.reduce_only
                and one.kind == "MARKET"
                and matching.key_of(one.instrument, one.mode, one.pos_side) == key
            ),
            ZERO,
        )

    def _is_bare(self, key: Key) -> bool:
        position = self._venue.ledger.position(key)
        return bool(position.qty) and self._venue.bare.covered(position) + self._closing(key) < abs(position.qty)

    def _read_books(self) -> None:
        now_ns = self._venue.core.clock_ns()
        for symbol, position in self._venue.core.positions.items():
            self.largest[symbol] = max(self.largest.get(symbol, ZERO), abs(position.qty))
        for key in self._venue.ledger.positions:
            running = next((one for one in self._spells if one.key == key and one.end_ns is None), None)
            if self._is_bare(key) and running is None:
                self._spells.append(Spell(key, now_ns))
            elif not self._is_bare(key) and running is not None:
                running.end_ns = now_ns

    @property
    def doubled(self) -> dict[str, int]:
        """Ids under which more than one order was taken; a triggered order is the conditional one's, and conditional
        ones that were cancelled before they triggered do not count.
        """
        own = [one for one in self._venue.matching.orders.values() if one.source == "api" and one.client_id]
        ids = Counter(one.client_id for one in own)
        triggers = self._venue.triggers.triggers.values()
        ids.update(one.client_id for one in triggers if one.client_id and one.state != "CANCELED")
        return {name: count for name, count in ids.items() if count > 1}

    def _as_spells(self, symbol: str | None = None) -> Iterable[NakedSpell]:
        for one in self._spells:
            name = self._venue.name_of(one.key)
            if symbol in (None, name):
                yield NakedSpell(name, one.start_ns, one.end_ns)

    @property
    def naked(self) -> list[NakedSpell]:
        return [spell for spell in self._as_spells() if spell.end_ns is not None and spell.end_ns > spell.start_ns]

    def longest_naked_s(self, symbol: str | None = None) -> float:
        now_ns = self._venue.core.clock_ns()
        return max((spell.length_s(now_ns) for spell in self._as_spells(symbol)), default=0.0)

    def naked_longer_than(self, limit_s: float) -> list[NakedSpell]:
        now_ns = self._venue.core.clock_ns()
        return [spell for spell in self._as_spells() if spell.length_s(now_ns) > limit_s]

    def covered(self, symbol: str) -> bool:
        return not any(self._is_bare(key) for key in self._venue.ledger.positions if self._venue.name_of(key) == symbol)
