"""The account: wallet, positions, executions and the bill.

Isolated margin is entry notional / leverage plus what is added. Liquidation price, both venues' published form (facts
paper 5, with no maintenance amount): `(wallet - sign*qty*entry) / (qty*(maintenance - sign))`.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from tests.loopback_second.amounts import ZERO, sign
from tests.loopback_second.clock import Clock
from tests.loopback_second.market import Market
from tests.loopback_second.records import BillRow, Fill, Key, Order, Position

DEFAULT_LEVERAGE = 10
HISTORY = 2_000


class Ledger:
    def __init__(self, clock: Clock, market: Market, wallet: Decimal) -> None:
        self.clock = clock
        self.market = market
        self.wallet = wallet
        self.positions: dict[Key, Position] = {}
        self.fills: list[Fill] = []
        self.bill: list[BillRow] = []
        self.leverages: dict[Key, int] = {}
        self.history: list[tuple[float, dict[Key, Position]]] = [(clock.mono_s(), {})]
        self.on_change: list[Callable[[], None]] = []
        self._bills = 700_000

    def position(self, key: Key) -> Position:
        return self.positions.get(key) or Position(key, leverage=self.leverage(key))

    def open_positions(self) -> list[Position]:
        return [one for one in self.positions.values() if one.qty]

    def leverage(self, key: Key) -> int:
        return self.leverages.get(key, DEFAULT_LEVERAGE)

    def set_leverage(self, key: Key, leverage: int) -> None:
        self.leverages[key] = leverage
        if key in self.positions:
            self.positions[key].leverage = leverage
            self._changed()

    def contract(self, instrument: str) -> Decimal:
        return self.market.instruments[instrument].contract

    # What a position is worth

    def notional(self, position: Position, price: Decimal) -> Decimal:
        return abs(position.qty) * self.contract(position.key.instrument) * price

    def unrealised(self, position: Position) -> Decimal:
        mark = self.market.books[position.key.instrument].mark
        return position.qty * self.contract(position.key.instrument) * (mark - position.entry)

    def margin(self, position: Position) -> Decimal:
        return self.notional(position, position.entry) / position.leverage + position.added_margin

    def maintenance(self, position: Position) -> Decimal:
        book = self.market.books[position.key.instrument]
        return self.notional(position, book.mark) * book.instrument.maintenance

    def cross_unrealised(self) -> Decimal:
        return sum((self.unrealised(one) for one in self.open_positions() if one.key.mode == "cross"), ZERO)

    def isolated_margin(self) -> Decimal:
        return sum((self.margin(one) for one in self.open_positions() if one.key.mode == "isolated"), ZERO)

    def equity(self) -> Decimal:
        return self.wallet + sum((self.unrealised(one) for one in self.open_positions()), ZERO)

    def available(self) -> Decimal:
        used = sum((self.margin(one) for one in self.open_positions()), ZERO)
        return max(ZERO, self.wallet + min(ZERO, self.cross_unrealised()) - used)

    def liquidation_price(self, position: Position) -> Decimal:
        """ZERO where the account holds more than the position can lose."""
        if not position.qty:
            return ZERO
        rate = self.market.instruments[position.key.instrument].maintenance
        side = position.direction
        qty = abs(position.qty) * self.contract(position.key.instrument)
        wallet = self.margin(position) if position.key.mode == "isolated" else self.wallet - self.isolated_margin()
        price = (wallet - side * qty * position.entry) / (qty * (rate - side))
        return max(ZERO, price)

    # What changes it

    def take_fill(self, order: Order, key: Key, qty: Decimal, price: Decimal, fee: Decimal, is_maker: bool) -> Fill:
        """One execution: the position moves, profit is realised on what it closes, the wallet pays."""
        now_ms = self.clock.ms()
        position = self.positions.get(key)
        if position is None or (not position.qty):
            position = Position(key, leverage=self.leverage(key), born_ms=now_ms)
            self.positions[key] = position
        signed = qty * order.sign
        realised = self._move(position, signed, price)
        position.fees -= fee
        position.realised += realised
        position.changed_ms = now_ms
        self.wallet += realised - fee
        fill = Fill(
            id=self.market.next_trade_id(),
            order=order,
            instrument=order.instrument,
            side=order.side,
            qty=qty,
            price=price,
            fee=fee,
            realised=realised,
            is_maker=is_maker,
            at_ms=now_ms,
            born_s=self.clock.mono_s(),
            key=key,
        )
        position.last_trade = fill.id
        order.last_fill = fill
        self.fills.append(fill)
        self.enter("trade", realised - fee, order.instrument, key.mode, fill, qty, price)
        self._changed()
        return fill

    def _move(self, position: Position, signed: Decimal, price: Decimal) -> Decimal:
        unit = self.contract(position.key.instrument)
        before = position.qty
        if not before or sign(before) == sign(signed):
            total = before + signed
            position.entry = (position.entry * abs(before) + price * abs(signed)) / abs(total)
            position.qty = total
            return ZERO
        closed = min(abs(before), abs(signed))
        realised = closed * unit * (price - position.entry) * sign(before)
        share = closed / abs(before)
        position.added_margin -= position.added_margin * share
        position.qty = before + signed
        if not position.qty:
            position.entry = ZERO
        elif sign(position.qty) != sign(before):
            position.entry = price
            position.born_ms = self.clock.ms()
        return realised

    def pay_funding(self, instrument: str, rate: Decimal) -> list[tuple[Key, Decimal]]:
        """Positive rates are paid by longs. Returns what each position paid (negative) or got."""
        paid = []
        for position in self.open_positions():
            if position.key.instrument != instrument:
                continue
            mark = self.market.books[instrument].mark
            amount = -position.qty * self.contract(instrument) * mark * rate
            self.wallet += amount
            position.funding += amount
            if position.key.mode == "isolated":
                position.added_margin += amount
            self.enter("funding", amount, instrument, position.key.mode, None, abs(position.qty), mark)
            paid.append((position.key, amount))
        if paid:
            self._changed()
        return paid

    def enter(
        self,
        kind: str,
        amount: Decimal,
        instrument: str,
        mode: str = "",
        fill: Fill | None = None,
        qty: Decimal = ZERO,
        price: Decimal = ZERO,
    ) -> None:
        self._bills += 1
        now = self.clock
        self.bill.append(
            BillRow(self._bills, kind, amount, self.wallet, instrument, now.ms(), now.mono_s(), mode, fill, qty, price)
        )

    def as_of(self, age_s: float) -> list[Position]:
        """The open positions as they were so long ago: what a lagging list would say."""
        limit = self.clock.mono_s() - age_s
        told = self.history[0][1]
        for at_s, positions in self.history:
            if at_s > limit:
                break
            told = positions
        return [one for one in told.values() if one.qty]

    def _changed(self) -> None:
        copies = {key: replace(one) for key, one in self.positions.items()}
        self.history.append((self.clock.mono_s(), copies))
        del self.history[1 : max(1, len(self.history) - HISTORY)]
        for listener in list(self.on_change):
            listener()
