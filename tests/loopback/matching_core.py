"""A venue's matching engine and one account on it, for any venue: real trading semantics without a network.

    core = MatchingCore({"BTCUSDT": Rules(...)})
    core.set_price("BTCUSDT", 100_000, 100_000.1)
    order = core.place(OrderAsked("BTCUSDT", "buy", "market", Decimal("0.001"), client_id="e1"))

Market orders fill at once at the other side's best price, in one piece unless `fill_next` says otherwise; resting
limits fill when `set_price` reaches them; conditional orders live in `core.algos`. It refuses with `Refused`.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal

from tests.loopback.matching_algos import AlgoService
from tests.loopback.matching_terms import (
    ZERO,
    Coin,
    Execution,
    Income,
    Listeners,
    Order,
    OrderAsked,
    Position,
    Quote,
    Reason,
    Refused,
    Rules,
    Status,
    d,
    to_the_coin,
)

TAKER = Decimal("0.0005")
MAKER = Decimal("0.0002")


class MatchingCore:
    """`reserves`: resting reduce-only orders hold their quantity, and a reduce-only order beyond what is left is
    refused; off, it is cut to the position instead. `takes_crossing_makers`: a post-only order that would trade is
    taken and cancelled (OKX) instead of refused (Binance). `trims`: resting reduce-only orders are cut down to what is
    left of the position, the worst price first (OKX since 2023-06-19), instead of expiring.
    `looks_at_grid_first`: a part of a lot is off the grid (Binance, seen in JKorf/Binance.Net #1021: 0.2 of a contract
    with whole lots is -1111), not too small. `clock_ms` stamps, `clock_ns` measures the invariants.
    """

    def __init__(
        self,
        rules: Mapping[str, Rules],
        wallet_usd: float = 1_660.0,
        clock_ms: Callable[[], int] | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.rules = dict(rules)
        self.clock_ms = clock_ms or (lambda: time.time_ns() // 1_000_000)
        self.clock_ns = clock_ns
        self.wallet_usd = d(wallet_usd)
        self.leverage = dict.fromkeys(self.rules, 20)
        self.isolated = dict.fromkeys(self.rules, False)
        self.hedge_mode = False
        self.reserves = True
        self.trims = False
        self.checks_grid_first = True
        self.takes_crossing_makers = False
        self.quotes: dict[str, Quote] = {}
        self.positions = {symbol: Position(symbol) for symbol in self.rules}
        self.orders: dict[int, Order] = {}
        self.executions: list[Execution] = []
        self.lists_lag_s = 0.0
        self.income: list[Income] = []
        self.paid_in = Coin()
        self.listeners = Listeners()
        self.algos = AlgoService(self)
        self.order_ids = itertools.count(8_389_000_001)
        self._trade_ids = itertools.count(5_500_001)
        self._fractions: deque[tuple[Decimal, ...]] = deque()

    @property
    def listed_executions(self) -> list[Execution]:
        """What the lists of executions have by now: all but those of the last `lists_lag_s`."""
        until_ms = self.clock_ms() - round(self.lists_lag_s * 1_000)
        return [execution for execution in self.executions if not self.lists_lag_s or execution.ts_ms <= until_ms]

    # -- the market

    def set_price(self, symbol: str, bid: float, ask: float, mark: float | None = None) -> None:
        """The market moves: resting limits that it reaches fill, then stops that it reaches trigger."""
        middle = (d(bid) + d(ask)) / 2
        self.quotes[symbol] = Quote(d(bid), d(ask), d(mark) if mark is not None else middle, middle)
        for order in self.open_orders(symbol):
            if order.price is not None and not order.held and self._crosses(order.symbol, order.side, order.price):
                self.execute(order, order.left, order.price, maker=True)
        self.algos.price_moved(symbol)

    def quote(self, symbol: str) -> Quote:
        if symbol not in self.quotes:
            raise Refused(Reason.NO_PRICE, f"no price was set for {symbol}")
        return self.quotes[symbol]

    # -- plain orders

    def place(self, asked: OrderAsked) -> Order:
        """Take the order or raise `Refused`. A market order comes back filled as far as it filled."""
        qty = self._checked_qty(asked)
        client_id = asked.client_id or f"auto{next(self.order_ids)}"
        now_ms = self.clock_ms()
        order = Order(
            next(self.order_ids), client_id, asked.symbol, asked.side, asked.kind, qty, asked.price, asked.tif,
            asked.reduce_only, asked.owner, asked.algo_id, asked.attached_stop, asked.tag,
            created_ms=now_ms, updated_ms=now_ms,
        )  # fmt: skip
        crosses = asked.kind == "market" or self._crosses(asked.symbol, asked.side, asked.price)
        if asked.tif == "GTX" and crosses and not self.takes_crossing_makers:
            raise Refused(Reason.WOULD_CROSS)
        self.orders[order.order_id] = order
        self._emit(order)
        if asked.tif == "GTX" and crosses:
            self.end(order, Status.CANCELED, "post only")
            return order
        if crosses:
            self._take(order)
        if order.works and asked.tif in ("IOC", "FOK") and not order.held:
            self.end(order, Status.EXPIRED)
        return order

    def cancel(self, order: Order) -> None:
        """Raises `Refused` where it does not work any more."""
        if not order.works:
            raise Refused(Reason.UNKNOWN_ORDER)
        self.end(order, Status.CANCELED)

    def cancel_all(self, symbol: str | None = None, tag: str = "") -> list[Order]:
        """Plain orders only: conditional ones are another service's. With a tag only those that carry it."""
        found = [order for order in self.open_orders(symbol) if tag in ("", order.tag)]
        for order in found:
            self.end(order, Status.CANCELED)
        return found

    def find(self, order_id: int | None = None, client_id: str | None = None) -> Order:
        """The newest with that client id. Raises `Refused` where there is none."""
        if order_id is not None and order_id in self.orders:
            return self.orders[order_id]
        for order in reversed(self.orders.values()):
            if client_id and order.client_id == client_id:
                return order
        raise Refused(Reason.UNKNOWN_ORDER)

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        return [order for order in self.orders.values() if order.works and symbol in (None, order.symbol)]

    # -- how a test has orders fill

    def fill_next(self, *fractions: float) -> None:
        """The next order that would fill at once fills in these fractions of it, an execution each. What is left of
        it works on, and fills when `fill` says so."""
        self._fractions.append(tuple(d(fraction) for fraction in fractions))

    def fill(self, order: Order, fraction: float = 1.0, price: float | None = None) -> Execution:
        """Fill a working order, or a fraction of its whole quantity; at its limit, else at the market's price."""
        order.held = False
        qty = min(order.left, self._lots(order.symbol, order.qty * d(fraction)))
        at = d(price) if price is not None else order.price or self._best(order.symbol, order.side)
        return self.execute(order, qty, at, maker=order.kind == "limit")

    def execute(self, order: Order, qty: Decimal, price: Decimal, maker: bool) -> Execution:
        """One trade: fee, position, wallet, then everybody is told."""
        unit = self.rules[order.symbol].unit
        if order.reduce_only:
            qty = min(qty, abs(self.positions[order.symbol].qty))
        fee_usd = to_the_coin(qty * unit * price * (MAKER if maker else TAKER))
        pnl_usd = self._move_position(order.symbol, order.sign * qty, price)
        now_ms = self.clock_ms()
        execution = Execution(
            next(self._trade_ids), order.order_id, order.client_id, order.symbol, order.side, qty, price,
            fee_usd, pnl_usd, maker, now_ms, self.paid_in,
        )  # fmt: skip
        order.filled += qty
        order.quote_usd += qty * price
        order.fee_usd += fee_usd
        order.pnl_usd += pnl_usd
        order.updated_ms = now_ms
        order.status = Status.FILLED if order.left == 0 else Status.PARTIAL
        self.executions.append(execution)
        self._book(Income("COMMISSION", order.symbol, -fee_usd, now_ms, self.paid_in, execution.trade_id))
        if pnl_usd:
            self._book(Income("REALIZED_PNL", order.symbol, pnl_usd, now_ms, self.paid_in, execution.trade_id))
        if order.attached_stop is not None and order.status is Status.FILLED:
            self.algos.attach(order.attached_stop)
        self.push_account(order.symbol, "ORDER")
        self._emit(order, execution)
        self._shrink_reducing(order.symbol)
        return execution

    def pay_funding(self, symbol: str, rate: float) -> Decimal:
        """Longs pay a positive rate. Returns what the wallet got."""
        position = self.positions[symbol]
        amount = to_the_coin(-position.qty * self.rules[symbol].unit * self.quote(symbol).mark * d(rate))
        self._book(Income("FUNDING_FEE", symbol, amount, self.clock_ms(), self.paid_in))
        self.push_account(None, "FUNDING_FEE")
        return amount

    # -- the account

    def open_pnl_usd(self, symbol: str) -> Decimal:
        position = self.positions[symbol]
        if not position.qty:
            return ZERO
        return (self.quote(symbol).mark - position.entry) * position.qty * self.rules[symbol].unit

    @property
    def total_open_pnl_usd(self) -> Decimal:
        return sum((self.open_pnl_usd(symbol) for symbol in self.positions), ZERO)

    def margin_usd(self, symbol: str) -> Decimal:
        """What the position and its opening orders tie up."""
        unit, leverage = self.rules[symbol].unit, self.leverage[symbol]
        position = self.positions[symbol]
        resting = sum(
            (order.left * (order.price or ZERO) for order in self.open_orders(symbol) if not order.reduce_only), ZERO
        )
        held = abs(position.qty) * position.entry
        return (held + resting) * unit / leverage

    @property
    def free_usd(self) -> Decimal:
        tied = sum((self.margin_usd(symbol) for symbol in self.rules), ZERO)
        return self.wallet_usd + self.total_open_pnl_usd - tied

    def reducible(self, symbol: str, side: str) -> Decimal:
        """How much of the position an order of this side could close."""
        qty = self.positions[symbol].qty
        return abs(qty) if qty * (1 if side == "buy" else -1) < 0 else ZERO

    def position_side(self, position: Position) -> str:
        """`both`, or in hedge mode the side it is on: of a symbol's two positions only one is ever open here."""
        if not self.hedge_mode:
            return "both"
        return "long" if position.qty >= 0 else "short"

    @staticmethod
    def leaves(side: str, position_side: str) -> bool:
        """Whether an order of this side can only make the named side smaller; in one-way mode none is named."""
        return (side, position_side) in (("sell", "long"), ("buy", "short"))

    def reserved(self, symbol: str, side: str) -> Decimal:
        """What resting reduce-only orders of this side hold of it."""
        return sum((o.left for o in self.open_orders(symbol) if o.reduce_only and o.side == side), ZERO)

    # -- inside

    def _checked_qty(self, asked: OrderAsked) -> Decimal:
        rules = self._rules(asked.symbol)
        if asked.client_id and any(order.client_id == asked.client_id for order in self.open_orders()):
            raise Refused(Reason.DUPLICATE_CLIENT_ID)
        if asked.owner == "client":
            self._check_shape(asked, rules)
        if not asked.reduce_only:
            if asked.owner == "client":
                self._check_money(asked, rules)
            return asked.qty
        open_qty = self.reducible(asked.symbol, asked.side)
        if open_qty == 0:
            raise Refused(Reason.NO_POSITION)
        if self.reserves and asked.algo_id is None:
            if asked.qty > open_qty - self.reserved(asked.symbol, asked.side):
                raise Refused(Reason.RESERVED)
            return asked.qty
        return min(asked.qty, open_qty)

    def _rules(self, symbol: str) -> Rules:
        if symbol not in self.rules:
            raise Refused(Reason.UNKNOWN_SYMBOL)
        return self.rules[symbol]

    def _check_shape(self, asked: OrderAsked, rules: Rules) -> None:
        if self.checks_grid_first and asked.qty % rules.lot:
            raise Refused(Reason.BAD_LOT)
        if asked.qty < rules.min_qty:
            raise Refused(Reason.BELOW_MINIMUM)
        if asked.qty > (rules.max_market_qty if asked.kind == "market" else rules.max_qty):
            raise Refused(Reason.ABOVE_MAXIMUM)
        if asked.qty % rules.lot:
            raise Refused(Reason.BAD_LOT)
        if asked.price is not None and asked.price % rules.tick:
            raise Refused(Reason.BAD_TICK)

    def _check_money(self, asked: OrderAsked, rules: Rules) -> None:
        notional_usd = asked.qty * rules.unit * (asked.price or self._best(asked.symbol, asked.side))
        if notional_usd < rules.min_notional_usd:
            raise Refused(Reason.BELOW_NOTIONAL)
        opening = max(ZERO, asked.qty - self.reducible(asked.symbol, asked.side)) / asked.qty * notional_usd
        if opening / self.leverage[asked.symbol] > self.free_usd:
            raise Refused(Reason.NO_MARGIN)

    def _best(self, symbol: str, side: str) -> Decimal:
        quote = self.quote(symbol)
        return quote.ask if side == "buy" else quote.bid

    def _crosses(self, symbol: str, side: str, price: Decimal | None) -> bool:
        best = self._best(symbol, side)
        return price is None or (price >= best if side == "buy" else price <= best)

    def _lots(self, symbol: str, qty: Decimal) -> Decimal:
        lot = self.rules[symbol].lot
        return qty // lot * lot

    def _take(self, order: Order) -> None:
        """Fill from the other side's best price, in the parts that a test asked for."""
        price = self._best(order.symbol, order.side)
        fractions = self._fractions.popleft() if self._fractions else (Decimal(1),)
        order.held = sum(fractions) < 1
        for at, fraction in enumerate(fractions):
            last = at == len(fractions) - 1 and not order.held
            qty = order.left if last else min(order.left, self._lots(order.symbol, order.qty * fraction))
            if qty > 0 and order.works:
                self.execute(order, qty, price, maker=False)

    def _move_position(self, symbol: str, change: Decimal, price: Decimal) -> Decimal:
        position, unit = self.positions[symbol], self.rules[symbol].unit
        before, after = position.qty, position.qty + change
        closed = min(abs(before), abs(change)) if before * change < 0 else ZERO
        pnl_usd = to_the_coin(closed * (price - position.entry) * unit * (1 if before > 0 else -1))
        if before * change >= 0:
            position.entry = to_the_coin((before * position.entry + change * price) / after) if after else ZERO
        elif before * after < 0:
            position.entry = price
        if after == 0:
            position.entry = ZERO
        position.qty, position.updated_ms = after, self.clock_ms()
        position.realised_usd += pnl_usd
        return pnl_usd

    def _shrink_reducing(self, symbol: str) -> None:
        """Resting reduce-only orders beyond what is open expire, newest first; or are cut, worst price first."""
        for side in ("buy", "sell"):
            resting = [order for order in self.open_orders(symbol) if order.reduce_only and order.side == side]
            if self.trims:
                resting.sort(key=lambda order: order.sign * (order.price or ZERO), reverse=True)
            while resting and (over := sum(order.left for order in resting) - self.reducible(symbol, side)) > 0:
                last = resting.pop()
                if self.trims and over < last.left:
                    last.qty -= over
                    self._emit(last)
                else:
                    self.end(last, Status.CANCELED if self.trims else Status.EXPIRED)

    def end(self, order: Order, status: Status, reason: str = "") -> None:
        """It works no longer: cancelled, or expired as what is left of a market order without takers does."""
        order.status, order.reason, order.updated_ms = status, reason, self.clock_ms()
        self._emit(order)

    def _book(self, income: Income) -> None:
        self.wallet_usd += income.amount_usd
        self.income.append(income)

    def _emit(self, order: Order, execution: Execution | None = None) -> None:
        for listener in self.listeners.order:
            listener(order, execution)

    def push_account(self, symbol: str | None, reason: str) -> None:
        """Everybody hears that positions or money changed."""
        for listener in self.listeners.account:
            listener(symbol, reason)
