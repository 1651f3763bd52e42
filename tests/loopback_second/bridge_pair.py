"""The second pair as the suites take venues: `SecondBinance()` and `SecondOkx()` in place of the first two."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

from tests.loopback.trading_faults import FaultAnswer
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET
from tests.loopback_second import binance_codes, okx_codes
from tests.loopback_second.binance_codes import BinanceError
from tests.loopback_second.binance_venue import BinanceVenue
from tests.loopback_second.bridge import Bridge, BridgedCall
from tests.loopback_second.bridge_views import OrderView
from tests.loopback_second.faults import Answer, answer_of
from tests.loopback_second.hands import Hands
from tests.loopback_second.okx_codes import OkxError
from tests.loopback_second.okx_orders import OkxOrders
from tests.loopback_second.okx_venue import OkxVenue
from tests.loopback_second.records import Trigger

DEFAULT_LEVERAGE = 20
NO_LIMIT = 1_000_000_000
BINANCE_CODES = {str(code): msg for code, msg in binance_codes.REFUSALS.values()}
BINANCE_STATUSES = {"-2015": 401, "-1003": 429, "-1015": 429, "-1007": 408, "-1008": 503, "-1000": 503}
OKX_CODES = dict(okx_codes.REFUSALS.values())
OKX_STATUSES = {"50111": 401, "50102": 401, "50113": 401, "50011": 429, "50013": 429, "50004": 400, "50026": 500}
WRITES = ("entry", "close", "target", "stop", "cancel", "cancel_stop")
BINANCE_READS = {
    "openOrders": "open_orders",
    "openAlgoOrders": "open_stops",
    "allOrders": "history",
    "allAlgoOrders": "history",
    "userTrades": "history",
    "income": "history",
    "positionRisk": "positions",
    "account": "account",
    "balance": "account",
    "time": "time",
    "countdownCancelAll": "dead_man",
    "listenKey": "stream",
}
OKX_ROLES = {
    "GET trade/order": "lookup",
    "GET trade/order-algo": "lookup_stop",
    "GET trade/orders-pending": "open_orders",
    "GET trade/orders-algo-pending": "open_stops",
    "GET trade/orders-history": "history",
    "GET trade/fills": "history",
    "GET trade/fills-history": "history",
    "GET account/bills": "history",
    "GET account/positions": "positions",
    "GET account/balance": "account",
    "GET public/time": "time",
    "POST trade/order-algo": "stop",
    "POST trade/cancel-order": "cancel",
    "POST trade/cancel-batch-orders": "cancel",
    "POST trade/cancel-algos": "cancel_stop",
    "POST trade/cancel-all-after": "dead_man",
    "POST trade/close-position": "close",
}


def placing(order: Mapping[str, Any], kind: str) -> str:
    """What an order is for, by what it says."""
    if str(order.get("reduceOnly", "")).lower() != "true":
        return "entry"
    return "close" if str(order.get(kind, "")).lower() == "market" else "target"


class SecondBinance(Bridge, BinanceVenue):
    name = "binance"

    def counts_nothing(self) -> None:
        self.api_key, self.secret = KEY, SECRET
        self.weight_limit = NO_LIMIT
        self._used_before = itertools.count()
        for symbol in self.market.instruments:
            self.orders.modes[symbol] = "cross"
            self.account.change_leverage(symbol, DEFAULT_LEVERAGE)

    def symbol(self, asset: str) -> str:
        return f"{asset}USDT"

    def set_all_leverage(self, symbol: str, leverage: int) -> None:
        self.account.change_leverage(symbol, leverage)

    def set_isolated(self, symbol: str, wanted: bool) -> None:
        self.account.change_margin_type(symbol, "isolated" if wanted else "cross")

    @property
    def listen_key(self) -> str | None:
        return self.account.listen_key or None

    def expire_listen_key(self) -> None:
        self.streams.expire_listen_key()

    def use_weight(self, weight: float) -> None:
        """Somebody else on the same address used so much of this minute's allowance."""
        self.weights.add("weight", self.weight_limit, weight)

    def role_of(self, method: str, path: str, params: Any) -> str:
        name = path.rsplit("/", 1)[-1]
        if name in BINANCE_READS and not path.startswith("/sapi"):
            return BINANCE_READS[name]
        is_algo = "lgo" in name
        if name in ("order", "algoOrder", "batchOrders"):
            if method == "DELETE":
                return "cancel_stop" if is_algo else "cancel"
            if method == "GET":
                return "lookup_stop" if is_algo else "lookup"
            return "stop" if is_algo else placing(params, "type")
        if name in ("allOpenOrders", "algoOpenOrders"):
            return "cancel_stop" if is_algo else "cancel"
        return "setup" if "signature" in params else "public"

    def named(self, code: str, call: BridgedCall) -> Answer:
        status = BINANCE_STATUSES.get(code, 400)
        return BinanceError(int(code), BINANCE_CODES.get(code, "Refused."), status).answer()

    def fault_answer(self, answer_as: FaultAnswer, call: BridgedCall) -> Answer:
        words = {
            FaultAnswer.UNKNOWN: binance_codes.UNKNOWN_503,
            FaultAnswer.TIMEOUT: binance_codes.TIMEOUT_408,
            FaultAnswer.OVERLOADED: binance_codes.THROTTLED_503,
            FaultAnswer.TOO_MANY: binance_codes.too_many(None),
            FaultAnswer.BANNED: binance_codes.banned(self.clock.ms() + 120_000, None),
        }
        if answer_as in words:
            return words[answer_as]
        return self.named("-2015" if answer_as is FaultAnswer.REVOKED else "-1021", call)

    def nothing(self, call: BridgedCall) -> Any:
        if call.role in ("lookup", "lookup_stop"):
            return BinanceError(-2013, "Order does not exist.").answer()
        return self._with_positions(call, []) if call.role == "account" else answer_of(200, [])


class BridgedOrders(OkxOrders):
    """With what the suites ask of OKX's order room."""

    def __init__(self, venue: Any) -> None:
        super().__init__(venue.matching, venue.triggers, venue.list_faults)
        self._hands = Hands(venue)

    def rest_algo(self, kind: str, symbol: str) -> None:
        """Somebody else's order of that kind rests."""
        self._hands.algo(symbol, "buy", 10, kind, mode="cross")

    @property
    def resting_algos(self) -> dict[str, Trigger]:
        return {str(one.id): one for one in self.triggers.resting() if one.kind not in ("conditional", "oco")}


class SecondOkx(Bridge, OkxVenue):
    name = "okx"

    def counts_nothing(self) -> None:
        self.api_key, self.secret, self.passphrase = KEY, SECRET, PASSWORD
        self.streams.keys = (KEY, SECRET, PASSWORD)
        self.counts_requests = False
        self._modes = dict.fromkeys(self.market.instruments, "isolated")
        for symbol in self.market.instruments:
            self.set_all_leverage(symbol, DEFAULT_LEVERAGE)

    def make_orders(self) -> OkxOrders:
        return BridgedOrders(self)

    def symbol(self, asset: str) -> str:
        return f"{asset}-USDT-SWAP"

    def mode_of(self, instrument: str) -> str:
        return self._modes[instrument]

    def set_all_leverage(self, symbol: str, leverage: int) -> None:
        for mode in ("isolated", "cross"):
            self.account.change_leverage(symbol, mode, leverage)

    def set_isolated(self, symbol: str, wanted: bool) -> None:
        """The mode of what is done by hand: each order names its own."""
        self._modes[symbol] = "isolated" if wanted else "cross"

    def trade_in_other_mode(self, asset: str, side: str, qty: float) -> OrderView:
        """Somebody trades the same swap in the other margin mode."""
        symbol = self.symbol(asset)
        other = "cross" if self.mode_of(symbol) == "isolated" else "isolated"
        return OrderView(Hands(self).market(symbol, side, self.units(asset, qty), mode=other))

    def role_of(self, method: str, path: str, params: Any) -> str:
        name = path.removeprefix("/api/v5/")
        if f"{method} {name}" in OKX_ROLES:
            return OKX_ROLES[f"{method} {name}"]
        if name in ("trade/order", "trade/batch-orders"):
            return placing(params[0] if isinstance(params, list) else params, "ordType")
        return "setup" if name.startswith(("account/", "trade/")) else "public"

    def named(self, code: str, call: BridgedCall) -> Answer:
        msg = OKX_CODES.get(code, "Refused.")
        if code in OKX_STATUSES or call.role not in WRITES:
            return OkxError(code, msg, OKX_STATUSES.get(code, 200)).answer()
        asked = call.params if isinstance(call.params, list) else [call.params]
        rows = [
            {"clOrdId": row.get("clOrdId", ""), "ordId": "", "algoId": "", "tag": "", "sCode": code, "sMsg": msg}
            for row in asked
        ]
        return answer_of(200, {"code": "1", "data": rows, "msg": "All operations failed"})

    def fault_answer(self, answer_as: FaultAnswer, call: BridgedCall) -> Answer:
        words = {
            FaultAnswer.UNKNOWN: okx_codes.SYSTEM_ERROR,
            FaultAnswer.TIMEOUT: okx_codes.TIMED_OUT,
            FaultAnswer.OVERLOADED: okx_codes.BUSY,
            FaultAnswer.TOO_MANY: okx_codes.too_many(),
            FaultAnswer.BANNED: okx_codes.too_many(),
        }
        if answer_as in words:
            return words[answer_as]
        return self.named("50111" if answer_as is FaultAnswer.REVOKED else "50102", call)

    def nothing(self, call: BridgedCall) -> Any:
        if call.role in ("lookup", "lookup_stop"):
            return OkxError("51603", "Order does not exist").answer()
        if call.role == "account":
            return self._with_positions(call, [])
        return answer_of(200, {"code": "0", "data": [], "msg": ""})


def body_of(answer: Answer) -> Any:
    return json.loads(answer.body)
