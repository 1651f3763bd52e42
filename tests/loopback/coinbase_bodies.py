"""Coinbase's shapes: what its REST and its user channel say of orders, stops, executions and positions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.loopback.exchange_coinbase import iso
from tests.loopback.matching_terms import Algo, Execution, Order, OrderAsked, Position, Status, StopAsked

if TYPE_CHECKING:
    from tests.loopback.coinbase_trading import CoinbaseTradingVenue

MARKET, LIMIT, STOP = "market_market_ioc", "limit_limit_gtc", "stop_limit_stop_limit_gtc"
TYPES = {MARKET: "MARKET", LIMIT: "LIMIT", STOP: "STOP_LIMIT"}
STATUS = {
    Status.NEW: "OPEN",
    Status.PARTIAL: "OPEN",
    Status.FILLED: "FILLED",
    Status.CANCELED: "CANCELLED",
    Status.EXPIRED: "CANCELLED",
    Status.REJECTED: "FAILED",
    Status.TRIGGERING: "OPEN",
    Status.TRIGGERED: "OPEN",
    Status.FINISHED: "OPEN",
}
FORCED = ("autoclose-", "adl_autoclose")
NEVER = "0001-01-01T00:00:00Z"


@dataclass
class Given:
    """An order under the venue's own id: a stop and the order it became are one."""

    order_id: str
    client_id: str
    kind: str
    terms: dict[str, Any] = field(default_factory=dict)
    order: Order | None = None
    algo: Algo | None = None

    @property
    def is_stop(self) -> bool:
        return self.kind == STOP


def role_of(params: Mapping[str, Any]) -> str:
    ((kind, terms),) = params["order_configuration"].items()
    if kind == STOP:
        return "stop"
    if not terms.get("reduce_only"):
        return "entry"
    return "close" if kind == MARKET else "target"


def asked(kind: str, terms: Mapping[str, Any], product_id: str, side: str, client_id: str) -> OrderAsked | StopAsked:
    """As the matching engine takes it. Raises `KeyError` for a field that is not there."""
    qty, reduces = Decimal(terms["base_size"]), terms.get("reduce_only") is True
    if kind == STOP:
        falls = terms["stop_direction"] == "STOP_DIRECTION_STOP_DOWN"
        which = "stop" if falls == (side == "sell") else "take_profit"
        trigger, limit = Decimal(terms["stop_price"]), Decimal(terms["limit_price"])
        return StopAsked(
            product_id, side, which, trigger, qty, price=limit, client_id=client_id, reduce_only=reduces, working="last"
        )
    price = Decimal(terms["limit_price"]) if kind == LIMIT else None
    what = "market" if price is None else "limit"
    return OrderAsked(product_id, side, what, qty, client_id=client_id, price=price, reduce_only=reduces)


def would_trigger(side: str) -> str:
    name = "ABOVE" if side.lower() == "sell" else "BELOW"
    return f"PREVIEW_STOP_PRICE_{name}_LAST_TRADE_PRICE"


def status_of(venue: "CoinbaseTradingVenue", given: Given) -> tuple[str, str]:
    """Its status and its trigger's."""
    trigger = "INVALID_ORDER_TYPE"
    if given.algo is not None and given.order is None:
        waits = given.algo.status in (Status.NEW, Status.CANCELED, Status.EXPIRED)
        trigger = "STOP_PENDING" if waits else "STOP_TRIGGERED"
        return STATUS[given.algo.status], trigger
    if given.algo is not None:
        trigger = "STOP_TRIGGERED"
    assert given.order is not None
    status = STATUS[given.order.status]
    return "PENDING" if status == "OPEN" and venue.holds_new else status, trigger


def _numbers(given: Given) -> tuple[str, str, str, str, int, int, str, bool]:
    """Side, filled, left, average, created, updated, fees, forced."""
    order, algo = given.order, given.algo
    if order is not None:
        created = order.created_ms if algo is None else algo.created_ms
        forced = order.owner == "venue" or order.client_id.startswith(FORCED)
        return (
            order.side.upper(), f"{order.filled:f}", f"{order.left:f}", f"{order.average:f}", created,
            order.updated_ms, f"{order.fee_usd:f}", forced,
        )  # fmt: skip
    assert algo is not None
    left = f"{algo.asked.qty or 0:f}"
    return algo.asked.side.upper(), "0", left, "0", algo.created_ms, algo.updated_ms, "0", False


def _product(given: Given) -> str:
    if given.order is not None:
        return given.order.symbol
    assert given.algo is not None
    return given.algo.asked.symbol


def order(venue: "CoinbaseTradingVenue", given: Given) -> dict[str, Any]:
    """A row of the account's orders."""
    status, trigger = status_of(venue, given)
    side, filled, _, average, created, updated, fees, forced = _numbers(given)
    reason = "" if given.algo is None else given.algo.reason
    return {
        "order_id": given.order_id,
        "product_id": _product(given),
        "user_id": "2222-000000-000000",
        "order_configuration": {given.kind: given.terms},
        "side": side,
        "client_order_id": given.client_id,
        "status": status,
        "time_in_force": "IMMEDIATE_OR_CANCEL" if given.kind == MARKET else "GOOD_UNTIL_CANCELLED",
        "created_time": iso(created),
        "completion_percentage": "0",
        "filled_size": filled,
        "average_filled_price": average,
        "fee": "",
        "number_of_fills": "0",
        "filled_value": "0",
        "pending_cancel": False,
        "size_in_quote": False,
        "total_fees": fees,
        "trigger_status": trigger,
        "order_type": "LIQUIDATION" if forced else TYPES[given.kind],
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": status == "FILLED",
        "product_type": "FUTURE",
        "reject_message": reason if status == "FAILED" else "",
        "cancel_message": "",
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": "0",
        "is_liquidation": forced,
        "last_fill_time": iso(updated) if filled != "0" else None,
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": "",
    }


def streamed(venue: "CoinbaseTradingVenue", given: Given) -> dict[str, Any]:
    """An order as the user channel tells it: as it stands by now, without its terms."""
    status, trigger = status_of(venue, given)
    side, filled, left, average, created, _, fees, forced = _numbers(given)
    reason = "" if given.algo is None else given.algo.reason
    return {
        "avg_price": average,
        "cancel_reason": "User requested cancel" if status == "CANCELLED" else "",
        "client_order_id": given.client_id,
        "completion_percentage": "0",
        "contract_expiry_type": "EXPIRING",
        "cumulative_quantity": filled,
        "filled_value": "0",
        "leaves_quantity": left if status in ("OPEN", "PENDING") else "0",
        "limit_price": given.terms.get("limit_price", "0"),
        "number_of_fills": "0",
        "order_id": given.order_id,
        "order_side": side,
        "order_type": "Liquidation" if forced else TYPES[given.kind].replace("_", " ").title(),
        "outstanding_hold_amount": "0",
        "post_only": "false",
        "product_id": _product(given),
        "product_type": "FUTURE",
        "reject_reason": reason if status == "FAILED" else "",
        "risk_managed_by": "MANAGED_BY_FCM",
        "status": status,
        "stop_price": given.terms.get("stop_price", ""),
        "time_in_force": "GOOD_UNTIL_CANCELLED",
        "total_fees": fees,
        "total_value_after_fees": "0",
        "trigger_status": trigger,
        "creation_time": iso(created),
        "end_time": NEVER,
        "start_time": NEVER,
    }


def fill(venue: "CoinbaseTradingVenue", execution: Execution) -> dict[str, Any]:
    return {
        "entry_id": f"e{execution.trade_id}",
        "trade_id": str(execution.trade_id),
        "order_id": venue.id_of(execution),
        "trade_time": iso(execution.ts_ms),
        "trade_type": "FILL",
        "price": f"{execution.price:f}",
        "size": f"{execution.qty:f}",
        "commission": f"{execution.fee:f}",
        "product_id": execution.symbol,
        "sequence_timestamp": iso(execution.ts_ms),
        "liquidity_indicator": "MAKER" if execution.maker else "TAKER",
        "size_in_quote": False,
        "user_id": "3333-333333-3333333",
        "side": execution.side.upper(),
        "retail_portfolio_id": "",
    }


def position(venue: "CoinbaseTradingVenue", symbol: str, held: Position) -> dict[str, Any]:
    """A row of the futures account's positions; its money comes in either form."""
    mark, size = venue.core.quote(symbol).mark, venue.core.rules[symbol].unit
    return {
        "product_id": symbol,
        "expiration_time": "2030-12-20T16:00:00Z",
        "side": "LONG" if held.qty > 0 else "SHORT",
        "number_of_contracts": f"{abs(held.qty):f}",
        "current_price": money(venue, mark),
        "avg_entry_price": money(venue, held.entry),
        "unrealized_pnl": money(venue, venue.core.open_pnl_usd(symbol)),
        "daily_realized_pnl": money(venue, Decimal(0)),
        "contract_size": f"{size:f}",
    }


def streamed_position(symbol: str, held: Position) -> dict[str, Any]:
    return {
        "product_id": symbol,
        "side": "Long" if held.qty >= 0 else "Short",
        "number_of_contracts": f"{abs(held.qty):f}",
        "realized_pnl": "0",
        "unrealized_pnl": "0",
        "entry_price": f"{held.entry:f}",
    }


def summary(venue: "CoinbaseTradingVenue") -> dict[str, Any]:
    """The futures account's money."""
    core = venue.core
    tied = sum((core.margin_usd(symbol) for symbol in core.rules), Decimal(0))
    return {
        "futures_buying_power": money(venue, core.free_usd),
        "total_usd_balance": money(venue, core.wallet_usd),
        "cbi_usd_balance": money(venue, Decimal(0)),
        "cfm_usd_balance": money(venue, core.wallet_usd),
        "total_open_orders_hold_amount": money(venue, Decimal(0)),
        "unrealized_pnl": money(venue, core.total_open_pnl_usd),
        "daily_realized_pnl": money(venue, Decimal(0)),
        "initial_margin": money(venue, tied),
        "available_margin": money(venue, core.free_usd),
        "liquidation_threshold": money(venue, tied / 2),
    }


def money(venue: "CoinbaseTradingVenue", amount: Decimal) -> Any:
    return {"value": f"{amount:f}", "currency": "USD"} if venue.money_as_objects else f"{amount:f}"
