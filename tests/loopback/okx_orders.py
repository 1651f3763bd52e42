"""OKX's order endpoints: plain orders, algo orders, and their histories. Each answers the rows of `data`."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import (
    Algo,
    Order,
    OrderAsked,
    Position,
    Reason,
    Refused,
    StopAsked,
    opposite,
)
from tests.loopback.okx_bodies import algo_body, fill_body, keyed, listed, order_body
from tests.loopback.okx_codes import CODES, REFUSALS, TRIGGERS
from tests.loopback.trading_venue import VenueError

Params = Mapping[str, Any]
TIFS = {"limit": "GTC", "post_only": "GTX", "ioc": "IOC", "fok": "FOK", "market": "GTC", "optimal_limit_ioc": "GTC"}
MARKETS = ("market", "optimal_limit_ioc")
MOST_ID_LENGTH = 32


class OkxOrders:
    """`handle` answers one call, or None where the path is not one of its. Rows of writing calls carry `sCode`."""

    def __init__(self, core: MatchingCore) -> None:
        self._core = core
        self.resting_algos: dict[str, dict[str, Any]] = {}
        """What others rest of the kinds that our own orders never are, by algo id."""
        self.unknown_kinds: set[str] = set()
        writes: dict[str, Callable[[Params], Any]] = {
            "trade/order": self._place,
            "trade/batch-orders": self._place,
            "trade/cancel-order": self._cancel,
            "trade/cancel-batch-orders": self._cancel,
            "trade/order-algo": self._place_algo,
            "trade/cancel-algos": self._cancel_algo,
            "trade/cancel-advance-algos": self._cancel_algo,
        }
        self._writes = writes
        self._reads: dict[str, Callable[[Params], Any]] = {
            "trade/order": lambda p: [order_body(self._find(p), core)],
            "trade/order-algo": lambda p: [algo_body(self._find_algo(p), core)],
            "trade/orders-pending": lambda p: self._rows(p, works=True),
            "trade/orders-history": lambda p: self._rows(p, works=False),
            "trade/orders-algo-pending": lambda p: self._algo_rows(p, works=True),
            "trade/orders-algo-history": lambda p: self._algo_rows(p, works=False),
            "trade/fills": self._fills,
            "trade/fills-history": self._fills,
        }

    def handle(self, method: str, path: str, params: Any, positions: Mapping[str, Position]) -> Any:
        name = path.removeprefix("/api/v5/")
        if method == "GET":
            read = self._reads.get(name)
            return read(params) if read is not None else None
        write = self._writes.get(name)
        if write is None:
            return None
        asked: Sequence[Params] = params if isinstance(params, list) else [params]
        return [_tried(write, row) for row in asked]

    # -- plain orders

    def _place(self, params: Params) -> dict[str, str]:
        kind = params["ordType"]
        if kind not in TIFS:
            raise _error("51000")
        client_id = params.get("clOrdId", "")
        _check_id(client_id)
        if self._core.hedge_mode == (params.get("posSide", "net") == "net"):
            raise VenueError("51000", "Parameter posSide error", 200)
        at_market = kind in MARKETS
        qty = Decimal(str(params["sz"]))
        order = self._core.place(
            OrderAsked(
                keyed(params["instId"], params.get("tdMode"), self._core),
                params["side"],
                "market" if at_market else "limit",
                qty,
                client_id,
                None if at_market else Decimal(str(params["px"])),
                TIFS[kind],
                _true(params.get("reduceOnly")) or self._core.leaves(params["side"], params.get("posSide", "net")),
                attached_stop=self._attached(params, qty),
                tag=params.get("tag", ""),
            )
        )
        return {"clOrdId": client_id, "ordId": str(order.order_id), "tag": order.tag, "ts": str(order.created_ms)}

    def _attached(self, params: Params, qty: Decimal) -> StopAsked | None:
        for attached in params.get("attachAlgoOrds", []):
            if "slTriggerPx" in attached:
                side = opposite(params["side"])
                return _stop(
                    {
                        **attached,
                        "instId": keyed(params["instId"], params.get("tdMode"), self._core),
                        "side": side,
                        "sz": qty,
                        "reduceOnly": True,
                    }
                )
        return None

    def _find(self, params: Params) -> Order:
        order_id = int(params["ordId"]) if params.get("ordId") else None
        order = self._core.find(order_id, params.get("clOrdId"))
        if listed(order.symbol) != params.get("instId", listed(order.symbol)):
            raise Refused(Reason.UNKNOWN_ORDER)
        return order

    def _cancel(self, params: Params) -> dict[str, str]:
        try:
            order = self._find(params)
            self._core.cancel(order)
        except Refused:
            raise _error("51400") from None
        return {"clOrdId": order.client_id, "ordId": str(order.order_id), "ts": str(order.updated_ms)}

    def _rows(self, params: Params, works: bool) -> list[Any]:
        found = [order for order in self._core.orders.values() if order.works == works]
        rows = [order_body(order, self._core) for order in reversed(found) if _wanted(order.symbol, params)]
        return _page([row for row in rows if params.get("state") in (None, row["state"])], "ordId", params)

    def _fills(self, params: Params) -> list[Any]:
        found = [
            fill_body(execution)
            for execution in reversed(self._core.listed_executions)
            if _wanted(execution.symbol, params)
            and params.get("ordId") in (None, str(execution.order_id))
            and execution.ts_ms >= int(params.get("begin", 0))
            and ("after" not in params or execution.trade_id < int(params["after"]))
        ]
        return found[: int(params.get("limit", 100))]

    # -- algo orders

    def _place_algo(self, params: Params) -> dict[str, str]:
        if params["ordType"] != "conditional":
            raise _error("51000")
        client_id = params.get("algoClOrdId") or params.get("clOrdId", "")
        _check_id(client_id)
        symbol = keyed(params["instId"], params.get("tdMode"), self._core)
        asked = _stop({**params, "instId": symbol, "algoClOrdId": client_id})
        try:
            algo = self._core.algos.place(asked)
        except Refused as refused:
            if refused.reason is Reason.WOULD_TRIGGER:
                raise _error(TRIGGERS[asked.kind, asked.side]) from None
            if refused.reason is Reason.DUPLICATE_CLIENT_ID:
                raise _error("51065") from None
            raise
        return {"algoId": str(algo.algo_id), "clOrdId": "", "algoClOrdId": client_id, "tag": ""}

    def _find_algo(self, params: Params) -> Algo:
        algo_id = int(params["algoId"]) if params.get("algoId") else None
        return self._core.algos.find(algo_id, params.get("algoClOrdId"))

    def rest_algo(self, kind: str, symbol: str) -> None:
        """Somebody else's order of that kind rests."""
        algo_id = str(9_000 + len(self.resting_algos))
        ids = {"algoId": algo_id, "algoClOrdId": "", "clOrdId": "", "instId": symbol, "instType": "SWAP"}
        terms = {"ordType": kind, "side": "buy", "posSide": "net", "sz": "10", "state": "live", "reduceOnly": "false"}
        self.resting_algos[algo_id] = {**ids, **terms, "tdMode": "cross", "cTime": "1", "uTime": "1"}

    def _cancel_algo(self, params: Params) -> dict[str, str]:
        if self.resting_algos.pop(str(params.get("algoId")), None) is not None:
            return {"algoId": params["algoId"], "algoClOrdId": ""}
        try:
            algo = self._find_algo(params)
            self._core.algos.cancel(algo)
        except Refused:
            raise _error("51400") from None
        return {"algoId": str(algo.algo_id), "algoClOrdId": algo.client_id}

    def _algo_rows(self, params: Params, works: bool) -> list[Any]:
        """Only of the ordType asked for: without one the venue answers an error, with another one nothing."""
        if "ordType" not in params:
            raise VenueError("50014", "Parameter ordType can not be empty", 400)
        if not works and "state" not in params and "algoId" not in params:
            raise VenueError("50015", "Either parameter state or algoId is required", 400)
        if params["ordType"] in self.unknown_kinds:
            raise VenueError("51000", "Parameter ordType error", 200)
        if params["ordType"] != "conditional":
            others = [row for row in self.resting_algos.values() if works and row["ordType"] == params["ordType"]]
            return _page(others, "algoId", params)
        found = [algo for algo in self._core.algos.all.values() if algo.works == works]
        rows = [algo_body(algo, self._core) for algo in reversed(found) if _wanted(algo.asked.symbol, params)]
        found_rows = [
            row
            for row in rows
            if params.get("state") in (None, row["state"]) and params.get("algoId") in (None, row["algoId"])
        ]
        return _page(found_rows, "algoId", params)


def _page(rows: list[Any], key: str, params: Params) -> list[Any]:
    """The newest of them, or those that are older than the id asked for."""
    older = [row for row in rows if "after" not in params or int(row[key]) < int(params["after"])]
    return older[: int(params.get("limit", 100))]


def _stop(params: Params) -> StopAsked:
    prefix = "sl" if params.get("slTriggerPx") else "tp"
    price = str(params.get(f"{prefix}OrdPx", "-1"))
    return StopAsked(
        params["instId"],
        params["side"],
        "stop" if prefix == "sl" else "take_profit",
        Decimal(str(params[f"{prefix}TriggerPx"])),
        None if params.get("closeFraction") else Decimal(str(params["sz"])),
        None if price == "-1" else Decimal(price),
        params.get("algoClOrdId") or params.get("attachAlgoClOrdId", ""),
        _true(params.get("reduceOnly")),
        "mark" if params.get(f"{prefix}TriggerPxType") == "mark" else "last",
    )


def _tried(write: Callable[[Params], dict[str, str]], row: Params) -> dict[str, str]:
    """The row of one order in a writing call's answer, whether it was taken or not."""
    try:
        return {**write(row), "sCode": "0", "sMsg": ""}
    except Refused as refused:
        return refused_row(REFUSALS[refused.reason], row)
    except VenueError as error:
        return {**refused_row(error.code, row), "sMsg": error.message}


def refused_row(code: str, row: Params) -> dict[str, str]:
    """What a writing call says of an order it did not take."""
    ids = {"ordId": row.get("ordId", ""), "clOrdId": row.get("clOrdId", ""), "algoId": row.get("algoId", "")}
    return {**ids, "tag": "", "sCode": code, "sMsg": CODES.get(code, ("Refused.", 200))[0]}


def _check_id(client_id: str) -> None:
    if len(client_id) > MOST_ID_LENGTH or (client_id and not client_id.isalnum()):
        raise VenueError("51000", "Parameter clOrdId error", 200)


def _wanted(symbol: str, params: Params) -> bool:
    return params.get("instId") in (None, listed(symbol))


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _error(code: str) -> VenueError:
    return VenueError(code, *CODES[code])
