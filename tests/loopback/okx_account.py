"""OKX's account endpoints: positions, money, set-up, the dead man's switch, closing at market. Each answers rows."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.loopback.matching_terms import OrderAsked, Position, opposite
from tests.loopback.okx_bodies import balance_body, fee_body, keyed, listed, position_body

if TYPE_CHECKING:
    from tests.loopback.okx_trading import OkxTradingVenue

Params = Mapping[str, Any]
Positions = Mapping[str, Position]
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 10, 120


class OkxAccount:
    """`permissions` and `address` are what account/config says of the key; `handle` answers one call, or None where
    the path is not one of its."""

    def __init__(self, venue: "OkxTradingVenue") -> None:
        self.permissions = "read_only,trade"
        self.address = "127.0.0.1"
        self.fee_style = "old"
        """`new`: the rates by groups of contracts alone."""
        self.countdowns: dict[str, asyncio.TimerHandle] = {}
        self._venue = venue
        self._core = venue.core
        self._handlers: dict[tuple[str, str], Callable[[Params, Positions], list[Any]]] = {
            ("GET", "account/positions"): self._positions,
            ("GET", "account/balance"): lambda p, at: [balance_body(self._core, venue.now_ms())],
            ("GET", "account/config"): lambda p, at: [self._config()],
            ("POST", "account/set-leverage"): lambda p, at: self._set_leverage(p),
            ("GET", "account/leverage-info"): lambda p, at: self._leverage(p),
            ("POST", "account/set-position-mode"): lambda p, at: self._set_mode(p),
            ("GET", "account/trade-fee"): lambda p, at: [fee_body(self.fee_style)],
            ("GET", "account/bills"): lambda p, at: self._bills(p),
            ("POST", "trade/cancel-all-after"): lambda p, at: self._countdown(p),
            ("POST", "trade/close-position"): lambda p, at: self._close(p),
            ("GET", "public/time"): lambda p, at: [{"ts": str(venue.now_ms())}],
        }

    def handle(self, method: str, path: str, params: Params, positions: Positions) -> Any:
        handler = self._handlers.get((method, path.removeprefix("/api/v5/")))
        return handler(params, positions) if handler is not None else None

    def _positions(self, params: Params, positions: Positions) -> list[Any]:
        wanted = params["instId"].split(",") if "instId" in params else [listed(name) for name in positions]
        return [
            position_body(position, self._core)
            for name, position in positions.items()
            if listed(name) in wanted and position.qty
        ]

    def _config(self) -> dict[str, Any]:
        return {
            "uid": "44705892343619584",
            "mainUid": "44705892343619584",
            "acctLv": "2",
            "posMode": "long_short_mode" if self._core.hedge_mode else "net_mode",
            "perm": self.permissions,
            "ip": self.address,
            "label": "cockpit",
            "autoLoan": False,
            "ctIsoMode": "automatic",
            "mgnIsoMode": "automatic",
            "level": "Lv1",
            "roleType": "0",
            "kycLv": "3",
            "type": "0",
        }

    def _set_leverage(self, params: Params) -> list[Any]:
        symbol = params["instId"]
        self._core.leverage[symbol] = int(params["lever"])
        self._core.isolated[symbol] = params["mgnMode"] == "isolated"
        return [{"lever": str(params["lever"]), "mgnMode": params["mgnMode"], "instId": symbol, "posSide": ""}]

    def _leverage(self, params: Params) -> list[Any]:
        lever = str(self._core.leverage[params["instId"]])
        return [{"instId": params["instId"], "mgnMode": params["mgnMode"], "posSide": "net", "lever": lever}]

    def _set_mode(self, params: Params) -> list[Any]:
        hedge = params["posMode"] == "long_short_mode"
        if hedge != self._core.hedge_mode and (self._venue.positions or self._core.open_orders()):
            raise self._venue.named("59000")
        self._core.hedge_mode = hedge
        return [{"posMode": params["posMode"]}]

    def _bills(self, params: Params) -> list[Any]:
        """Funding is type 8; everything else is a trade, type 2."""
        return [
            {
                "billId": str(at),
                "ccy": income.paid_in.name,
                "instId": listed(income.symbol),
                "instType": "SWAP",
                "balChg": str(income.amount),
                "type": "8" if income.kind == "FUNDING_FEE" else "2",
                "tradeId": str(income.trade_id or ""),
                "ts": str(income.ts_ms),
            }
            for at, income in enumerate(self._core.income)
            if params.get("type") in (None, "8" if income.kind == "FUNDING_FEE" else "2")
        ][::-1]

    def _countdown(self, params: Params) -> list[Any]:
        """Plain orders of every symbol go when it runs out, or those of its tag alone; conditional ones stay."""
        timeout_s, tag = int(params["timeOut"]), params.get("tag", "")
        if timeout_s and not LEAST_TIMEOUT_S <= timeout_s <= MOST_TIMEOUT_S:
            raise self._venue.named("51000")
        running = self.countdowns.pop(tag, None)
        if running is not None:
            running.cancel()
        if timeout_s:
            self.countdowns[tag] = self._venue.later(timeout_s, self.run_out, tag)
        now_ms = self._venue.now_ms()
        due = str(now_ms + timeout_s * 1_000) if timeout_s else "0"
        return [{"triggerTime": due, "tag": tag, "ts": str(now_ms)}]

    def run_out(self, tag: str = "") -> None:
        """The countdown of the tag reaches its end now."""
        self.countdowns.pop(tag).cancel()
        self._core.cancel_all(tag=tag)

    def _close(self, params: Params) -> list[Any]:
        symbol = keyed(params["instId"], params.get("mgnMode"), self._core)
        held = self._core.positions[symbol].qty
        if held == 0:
            raise self._venue.named("51023")
        side = opposite("buy" if held > 0 else "sell")
        if self._core.reserved(symbol, side):
            if str(params.get("autoCxl", "")).lower() != "true":
                raise self._venue.named("51115")
            for order in self._core.open_orders(symbol):
                if order.reduce_only:
                    self._core.cancel(order)
        client_id = params.get("clOrdId", "")
        is_whole = held % self._core.rules[symbol].lot == 0
        owner = "client" if is_whole else "stranger"  # the venue's own close is bound to no lot
        self._core.place(OrderAsked(symbol, side, "market", abs(held), client_id, reduce_only=True, owner=owner))
        return [{"instId": params["instId"], "posSide": "net", "clOrdId": client_id, "tag": ""}]
