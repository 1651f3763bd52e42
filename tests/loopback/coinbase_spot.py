"""Coinbase's spot market with an account on it: coins and money instead of positions, each held by what would spend it.

    async with CoinbaseSpotVenue(wallet_usd=1_660) as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.deposit("BTC", 0.5)

What rests to sell holds coins, what rests to buy holds money; nothing reduces only, and an order that says so is
refused. `others` are coins that were there before; `fee_in_coins` takes the fee of a purchase in the coins bought.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback import coinbase_bodies as bodies
from tests.loopback.coinbase_bodies import Given
from tests.loopback.coinbase_codes import REFUSALS
from tests.loopback.coinbase_trading import CoinbaseTradingVenue
from tests.loopback.exchange_coinbase import wall_ms
from tests.loopback.matching_algos import AlgoService
from tests.loopback.matching_core import TAKER, MatchingCore
from tests.loopback.matching_terms import ZERO, Execution, Order, OrderAsked, Reason, Refused, Rules, Status, StopAsked
from tests.loopback.matching_watch import Watch
from tests.loopback.trading_venue import Answer, Call, VenueError

AT_ONCE = "sor_limit_ioc"
bodies.TYPES[AT_ONCE] = "LIMIT"
GRIDS = {
    "BTC": ("0.00000001", "0.00000001", "0.01"),
    "ETH": ("0.00000001", "0.00000001", "0.01"),
    "SOL": ("0.00000001", "0.00000001", "0.01"),
    "XRP": ("0.000001", "0.000001", "0.0001"),
}
"""Step, least order and price step, as the venue lists them."""
LEAST_USD = Decimal(1)
MOST = Decimal(1_000_000)


def rules(base: str) -> Rules:
    step, least, tick = (Decimal(one) for one in GRIDS[base])
    return Rules(base, tick, step, least, MOST, MOST, min_notional_usd=LEAST_USD)


class SpotStops(AlgoService):
    """A stop holds the coins that it would sell."""

    def _check(self, asked: StopAsked) -> None:
        core = self._core
        assert isinstance(core, SpotCore) and asked.side == "sell" and asked.qty is not None
        super()._check(asked)
        if asked.qty > core.free(asked.symbol):
            raise Refused(Reason.NO_MARGIN)


class SpotCore(MatchingCore):
    """Positions are coins, whoever's, and never less than none."""

    def __init__(self, listed: Mapping[str, Rules], wallet_usd: float, now_ms: Callable[[], int]) -> None:
        super().__init__(listed, wallet_usd, now_ms)
        self.algos = SpotStops(self)
        self.others: dict[str, Decimal] = dict.fromkeys(listed, ZERO)
        self.fee_in_coins = ZERO

    def held(self, symbol: str) -> Decimal:
        """The coins that something rests for."""
        selling = sum((one.left for one in self.open_orders(symbol) if one.side == "sell"), ZERO)
        return selling + sum((one.asked.qty or ZERO for one in self.algos.open(symbol)), ZERO)

    def free(self, symbol: str) -> Decimal:
        return self.positions[symbol].qty - self.held(symbol)

    @property
    def cash_usd(self) -> Decimal:
        """The money, that which rests in purchases included."""
        return self.wallet_usd - sum((one.qty * one.entry for one in self.positions.values()), ZERO)

    @property
    def free_usd(self) -> Decimal:
        buying = (one for one in self.open_orders() if one.side == "buy")
        return self.cash_usd - sum((one.left * (one.price or ZERO) for one in buying), ZERO)

    def _checked_qty(self, asked: OrderAsked) -> Decimal:
        held_rules = self._rules(asked.symbol)
        self._check_shape(asked, held_rules)
        at = asked.price or self._best(asked.symbol, asked.side)
        if asked.qty * at < held_rules.min_notional_usd:
            raise Refused(Reason.BELOW_NOTIONAL)
        free = self.free(asked.symbol)
        if asked.algo_id is not None:
            free += self.algos.all[asked.algo_id].asked.qty or ZERO
        if asked.side == "sell" and asked.qty > free:
            raise Refused(Reason.NO_MARGIN)
        if asked.side == "buy" and asked.qty * at * (1 + TAKER) > self.free_usd:
            raise Refused(Reason.NO_MARGIN)
        return asked.qty

    def execute(self, order: Order, qty: Decimal, price: Decimal, maker: bool) -> Execution:
        if order.side == "buy" and self.fee_in_coins:
            # Before everybody is told: what arrives is less than what was bought.
            position = self.positions[order.symbol]
            taken = self._lots(order.symbol, qty * self.fee_in_coins) + self.rules[order.symbol].lot
            execution = super().execute(order, qty, price, maker)
            position.qty -= taken
            return execution
        return super().execute(order, qty, price, maker)

    def _take(self, order: Order) -> None:
        """What is at once or not at all never waits for the rest."""
        super()._take(order)
        order.held = order.held and order.tif != "IOC"

    def _shrink_reducing(self, symbol: str) -> None:
        """What rests holds its coins: nothing of it can be more than there is."""


class SpotWatch(Watch):
    """Coins of others need no stop, nor does what the venue would take no order for."""

    core: SpotCore

    def covered(self, symbol: str) -> bool:
        ours = self.core.positions[symbol].qty - self.core.others[symbol]
        stops = (one.asked.qty or ZERO for one in self.core.algos.open(symbol) if one.status is Status.NEW)
        closing = (one.left for one in self.core.open_orders(symbol) if one.side == "sell" and one.kind == "market")
        bare = ours - sum(stops, ZERO) - sum(closing, ZERO)
        return bare <= ZERO or bare * self.core.quote(symbol).last < LEAST_USD

    def of_ours(self, symbol: str, side: str) -> Decimal:
        mine = (one for one in self.core.executions if one.symbol == symbol and one.side == side)
        return sum((one.qty for one in mine if one.client_id.startswith("ck")), ZERO)

    def oversold(self, symbol: str) -> Decimal:
        """What our orders have sold beyond what they bought, at the worst moment."""
        worst = held = ZERO
        for one in self.core.executions:
            if one.symbol == symbol and one.client_id.startswith("ck"):
                held += one.qty if one.side == "buy" else -one.qty
                worst = max(worst, -held)
        return worst


class CoinbaseSpotVenue(CoinbaseTradingVenue):
    """Everything it lists is spot. `kinds` says of a product that it is of another type."""

    core: SpotCore
    watch: SpotWatch

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms, wallet_usd)
        self.kinds: dict[str, str] = {}
        self.pushes_positions = False
        core = SpotCore({self.symbol(base): rules(base) for base in GRIDS}, wallet_usd, self.now_ms)
        self.open_account(core)
        self.watch = SpotWatch(core)
        self.core.checks_grid_first = False

    def symbol(self, asset: str) -> str:
        return f"{asset}-USD"

    def deposit(self, asset: str, qty: float) -> None:
        """Coins that somebody held before."""
        symbol, coins = self.symbol(asset), Decimal(str(qty))
        price = self.core.quote(symbol).last
        position = self.core.positions[symbol]
        position.entry = (position.qty * position.entry + coins * price) / (position.qty + coins)
        position.qty += coins
        self.core.wallet_usd += coins * price
        self.core.others[symbol] += coins

    @property
    def positions(self) -> dict[str, Decimal]:
        """What our orders bought and have not sold, as far as it is there and the venue would take an order for it."""
        found = {}
        for symbol, held in self.core.positions.items():
            ours = min(held.qty - self.core.others[symbol], self._own(symbol))
            if ours > ZERO and ours * self.core.quote(symbol).last >= LEAST_USD:
                found[symbol] = ours
        return found

    def trade_by_hand(self, asset: str, side: str, qty: float) -> Order:
        """Somebody buys coins, then another's, or sells: another's first, then ours, whose stops leave first."""
        symbol, coins = self.symbol(asset), self.units(asset, qty)
        core = self.core
        if side == "buy":
            core.others[symbol] += coins
            return super().trade_by_hand(asset, side, qty)
        for stop in core.algos.open(symbol):
            if core.free(symbol) < coins:
                core.algos.cancel(stop)
        of_others = min(coins, core.others[symbol])
        core.others[symbol] -= of_others
        return super().trade_by_hand(asset, side, qty)

    def _own(self, symbol: str) -> Decimal:
        return self.watch.of_ours(symbol, "buy") - self.watch.of_ours(symbol, "sell")

    def ours(self, asset: str) -> float:
        """What our orders have bought and not sold."""
        return float(self._own(self.symbol(asset)))

    # -- products

    def public(self, path: str, query: Mapping[str, Any]) -> dict[str, Any] | None:
        parts = path.removeprefix("/api/v3/brokerage").split("/")[1:]
        if parts[:2] == ["market", "products"]:
            rows = {self.symbol(base): self.spot(base) for base in GRIDS}
            if len(parts) == 3:
                return rows.get(parts[2])
            found = [] if query.get("product_type") == "FUTURE" else list(rows.values())
            return {"products": found, "num_products": len(found)}
        return super().public(path, query)

    def spot(self, base: str) -> dict[str, Any]:
        """A product as the venue lists a coin against dollars."""
        product_id, (step, least, tick) = self.symbol(base), GRIDS[base]
        kind, future = self.kinds.get(base, "SPOT"), super().future(base)
        future.pop("future_product_details")
        future.pop("fcm_trading_session_details")
        return future | {
            "product_id": product_id,
            "price": f"{self.last_of(product_id):g}",
            "base_increment": step,
            "quote_increment": tick,
            "price_increment": tick,
            "quote_min_size": f"{LEAST_USD:f}",
            "base_min_size": least,
            "base_max_size": f"{MOST:f}",
            "product_type": kind,
            "quote_currency_id": "USD",
            "base_currency_id": base,
            "display_name": product_id,
            "status": "online",
            "product_venue": "CBE",
            "fcm_trading_session_details": None,
        }

    # -- the account

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        call = super().read(request, query, body)
        return call

    def _role(self, method: str, path: str, params: Mapping[str, Any]) -> str:
        name = path.removeprefix("/api/v3/brokerage/")
        if name == "accounts":
            return "positions"
        if name == "orders":
            ((kind, _),) = params["order_configuration"].items()
            if params["side"] == "BUY":
                return "entry"
            return {bodies.STOP: "stop", AT_ONCE: "target"}.get(kind, "close")
        return super()._role(method, path, params)

    def carry_out(self, call: Call, positions: Any) -> Any:
        name = call.path.removeprefix("/api/v3/brokerage/")
        assert not name.startswith("cfm/"), f"a spot account asks for no futures, was {name}"
        if name == "accounts":
            return self._accounts()
        return super().carry_out(call, positions)

    def _accounts(self) -> dict[str, Any]:
        core = self.core
        rows = [self._account("USD", core.free_usd, core.cash_usd - core.free_usd)]
        rows += [self._account(base, core.free(self.symbol(base)), core.held(self.symbol(base))) for base in GRIDS]
        return {"accounts": rows, "has_next": False, "cursor": "", "size": len(rows)}

    @staticmethod
    def _account(coin: str, free: Decimal, held: Decimal) -> dict[str, Any]:
        return {
            "uuid": f"8bfc20d7-{coin}",
            "name": f"{coin} Wallet",
            "currency": coin,
            "available_balance": {"value": f"{free:f}", "currency": coin},
            "default": True,
            "active": True,
            "type": "ACCOUNT_TYPE_FIAT" if coin == "USD" else "ACCOUNT_TYPE_CRYPTO",
            "ready": True,
            "hold": {"value": f"{held:f}", "currency": coin},
            "platform": "ACCOUNT_PLATFORM_CONSUMER",
        }

    def nothing(self, call: Call) -> Answer:
        answer = super().nothing(call)
        return Answer({**answer.body, "accounts": []})

    def _preview(self, params: Mapping[str, Any]) -> dict[str, Any]:
        ((kind, terms),) = params["order_configuration"].items()
        errs, fee = [], Decimal(0)
        try:
            asked = _asked(kind, terms, params["product_id"], params["side"].lower(), "")
            if isinstance(asked, StopAsked):
                self.core.algos._check(asked)
            else:
                qty = self.core._checked_qty(asked)
                rate = (self.fee_tier or {}).get("taker_fee_rate", "0")
                fee = qty * self.core.quote(params["product_id"]).ask * Decimal(rate)
        except VenueError as error:
            errs = [error.code]
        except Refused as refused:
            errs = [_named(refused, params["side"])]
        return {"order_total": "0", "commission_total": f"{fee:f}", "errs": errs, "warning": [], "leverage": ""}

    def _placed(self, client_id: str, product_id: str, side: str, configuration: Mapping[str, Any]) -> Given:
        ((kind, terms),) = configuration.items()
        if product_id not in self.core.rules:
            raise Refused(Reason.UNKNOWN_SYMBOL)
        asked = _asked(kind, terms, product_id, side, client_id)
        given = Given("", client_id, kind, dict(terms))
        self.given.append(given)
        try:
            if isinstance(asked, StopAsked):
                self.core.algos.place(asked)
            else:
                self.core.place(asked)
        except Refused as refused:
            self.given.remove(given)
            raise VenueError(_named(refused, side), "", 200) from None
        return given


def _asked(kind: str, terms: Mapping[str, Any], product_id: str, side: str, client_id: str) -> OrderAsked | StopAsked:
    if "reduce_only" in terms:
        raise VenueError("PREVIEW_REDUCE_ONLY_NOT_ALLOWED_ON_SPOT_PRODUCTS", "", 200)
    if kind != AT_ONCE:
        # A sale takes coins off: for whoever looks at the matching engine.
        return replace(bodies.asked(kind, terms, product_id, side, client_id), reduce_only=side == "sell")
    price = Decimal(terms["limit_price"])
    return OrderAsked(
        product_id, side, "limit", Decimal(terms["base_size"]), client_id=client_id, price=price, tif="IOC",
        reduce_only=True,
    )  # fmt: skip


def _named(refused: Refused, side: str) -> str:
    if refused.reason is Reason.WOULD_TRIGGER:
        return bodies.would_trigger(side)
    if refused.reason is Reason.NO_MARGIN:
        return "PREVIEW_INSUFFICIENT_FUND"
    return REFUSALS.get(refused.reason, "UNKNOWN_PREVIEW_FAILURE_REASON")
