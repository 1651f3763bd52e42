"""Binance's account endpoints: positions, money, set-up, listen keys, the dead man's switch, key permissions."""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.loopback.binance_bodies import position_body, text
from tests.loopback.matching_terms import Position

if TYPE_CHECKING:
    from tests.loopback.binance_trading import BinanceTradingVenue

Params = Mapping[str, Any]
Positions = Mapping[str, Position]


class BinanceAccount:
    """`permissions` is what apiRestrictions answers; `handle` answers one call, or None where the path is not its."""

    def __init__(self, venue: "BinanceTradingVenue") -> None:
        self.permissions: dict[str, Any] = {
            "ipRestrict": True,
            "createTime": 1_698_645_219_000,
            "enableReading": True,
            "enableWithdrawals": False,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": True,
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": False,
            "enablePortfolioMarginTrading": False,
        }
        self.countdowns: dict[str, asyncio.TimerHandle] = {}
        self._venue = venue
        self._core = venue.core
        self._handlers: dict[tuple[str, str], Callable[[Params, Positions], Any]] = {
            ("GET", "/fapi/v3/positionRisk"): lambda p, at: self._position_risk(p, at, 3),
            ("GET", "/fapi/v2/positionRisk"): lambda p, at: self._position_risk(p, at, 2),
            ("GET", "/fapi/v3/account"): self._account,
            ("GET", "/fapi/v2/account"): self._account,
            ("GET", "/fapi/v3/balance"): lambda p, at: [self._balance()],
            ("GET", "/fapi/v2/balance"): lambda p, at: [self._balance()],
            ("GET", "/fapi/v1/leverageBracket"): lambda p, at: self._brackets(p),
            ("GET", "/fapi/v1/positionSide/dual"): lambda p, at: {"dualSidePosition": self._core.hedge_mode},
            ("POST", "/fapi/v1/positionSide/dual"): lambda p, at: self._set_mode(p),
            ("GET", "/fapi/v1/symbolConfig"): lambda p, at: self._symbol_config(p),
            ("GET", "/fapi/v1/accountConfig"): lambda p, at: self._config(),
            ("POST", "/fapi/v1/leverage"): lambda p, at: self._set_leverage(p),
            ("POST", "/fapi/v1/marginType"): lambda p, at: self._set_margin(p),
            ("GET", "/fapi/v1/commissionRate"): lambda p, at: self._commission(p),
            ("GET", "/fapi/v1/income"): lambda p, at: self._income(p),
            ("POST", "/fapi/v1/listenKey"): lambda p, at: {"listenKey": venue.new_listen_key()},
            ("PUT", "/fapi/v1/listenKey"): lambda p, at: self._keep_key(),
            ("DELETE", "/fapi/v1/listenKey"): lambda p, at: self._close_key(),
            ("POST", "/fapi/v1/countdownCancelAll"): lambda p, at: self._countdown(p),
            ("GET", "/sapi/v1/account/apiRestrictions"): lambda p, at: self.permissions,
        }

    def handle(self, method: str, path: str, params: Params, positions: Positions) -> Any:
        handler = self._handlers.get((method, path))
        return handler(params, positions) if handler is not None else None

    # -- positions and money

    def _position_risk(self, params: Params, positions: Positions, version: int) -> list[Any]:
        """Version 3 leaves flat symbols out; version 2 lists every one."""
        wanted = [position for name, position in positions.items() if params.get("symbol") in (None, name)]
        rows = [position for position in wanted if version == 2 or position.qty]
        return [position_body(position, self._core, version) for position in rows]

    def _balance(self) -> dict[str, Any]:
        core = self._core
        return {
            "accountAlias": "SgsR",
            "asset": "USDT",
            "balance": text(core.wallet_usd),
            "crossWalletBalance": text(core.wallet_usd),
            "crossUnPnl": text(core.total_open_pnl_usd),
            "availableBalance": text(core.free_usd),
            "maxWithdrawAmount": text(core.free_usd),
            "marginAvailable": True,
            "updateTime": self._venue.now_ms(),
        }

    def _account(self, params: Params, positions: Positions) -> dict[str, Any]:
        core = self._core
        pnl = core.total_open_pnl_usd
        tied = sum((core.margin_usd(symbol) for symbol in core.rules), Decimal(0))
        money = {
            "walletBalance": text(core.wallet_usd),
            "unrealizedProfit": text(pnl),
            "marginBalance": text(core.wallet_usd + pnl),
            "maintMargin": "0",
            "initialMargin": text(tied),
            "positionInitialMargin": text(tied),
            "openOrderInitialMargin": "0",
            "crossWalletBalance": text(core.wallet_usd),
            "crossUnPnl": text(pnl),
            "availableBalance": text(core.free_usd),
            "maxWithdrawAmount": text(core.free_usd),
        }
        open_now = [position_body(position, core, 3) for position in positions.values() if position.qty]
        return {
            "totalInitialMargin": text(tied),
            "totalMaintMargin": "0",
            "totalWalletBalance": text(core.wallet_usd),
            "totalUnrealizedProfit": text(pnl),
            "totalMarginBalance": text(core.wallet_usd + pnl),
            "totalPositionInitialMargin": text(tied),
            "totalOpenOrderInitialMargin": "0",
            "totalCrossWalletBalance": text(core.wallet_usd),
            "totalCrossUnPnl": text(pnl),
            "availableBalance": text(core.free_usd),
            "maxWithdrawAmount": text(core.free_usd),
            "assets": [{"asset": "USDT", **money, "updateTime": self._venue.now_ms()}],
            "positions": [{**row, "unrealizedProfit": row["unRealizedProfit"]} for row in open_now],
        }

    def _income(self, params: Params) -> list[Any]:
        return [
            {
                "symbol": income.symbol,
                "incomeType": income.kind,
                "income": text(income.amount),
                "asset": income.paid_in.name,
                "info": income.kind,
                "time": income.ts_ms,
                "tranId": at,
                "tradeId": str(income.trade_id or ""),
            }
            for at, income in enumerate(self._core.income)
            if params.get("symbol") in (None, income.symbol) and params.get("incomeType") in (None, income.kind)
        ]

    # -- set-up

    def _brackets(self, params: Params) -> list[Any]:
        bracket = {"notionalFloor": 0, "notionalCap": 50_000, "maintMarginRatio": 0.004, "cum": 0.0}
        wanted = [symbol for symbol in self._core.rules if params.get("symbol") in (None, symbol)]
        return [
            {"symbol": symbol, "notionalCoef": 1.0, "brackets": [{"bracket": 1, "initialLeverage": 125, **bracket}]}
            for symbol in wanted
        ]

    def _set_mode(self, params: Params) -> Any:
        hedge = str(params["dualSidePosition"]).lower() == "true"
        if hedge == self._core.hedge_mode:
            raise self._venue.named("-4059")
        if self._core.open_orders():
            raise self._venue.named("-4067")
        if self._venue.positions:
            raise self._venue.named("-4068")
        self._core.hedge_mode = hedge
        return {"code": 200, "msg": "success"}

    def _symbol_config(self, params: Params) -> list[Any]:
        return [
            {
                "symbol": symbol,
                "marginType": "ISOLATED" if self._core.isolated[symbol] else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": self._core.leverage[symbol],
                "maxNotionalValue": "50000000",
            }
            for symbol in self._core.rules
            if params.get("symbol") in (None, symbol)
        ]

    def _config(self) -> dict[str, Any]:
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": False,
            "dualSidePosition": self._core.hedge_mode,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def _set_leverage(self, params: Params) -> Any:
        self._core.leverage[params["symbol"]] = int(params["leverage"])
        return {"leverage": int(params["leverage"]), "maxNotionalValue": "1000000", "symbol": params["symbol"]}

    def _set_margin(self, params: Params) -> Any:
        symbol, isolated = params["symbol"], params["marginType"] == "ISOLATED"
        if self._core.isolated[symbol] == isolated:
            raise self._venue.named("-4046")
        if self._core.open_orders(symbol) or self._core.algos.open(symbol):
            raise self._venue.named("-4047")
        if self._core.positions[symbol].qty:
            raise self._venue.named("-4048")
        self._core.isolated[symbol] = isolated
        return {"code": 200, "msg": "success"}

    def _commission(self, params: Params) -> Any:
        rates = {"makerCommissionRate": "0.000200", "takerCommissionRate": "0.000500"}
        return {"symbol": params["symbol"], **rates, "rpiCommissionRate": "0.000050"}

    # -- the stream's key and the dead man's switch

    def _keep_key(self) -> Any:
        if self._venue.listen_key is None:
            raise self._venue.named("-1125")
        return {"listenKey": self._venue.listen_key}

    def _close_key(self) -> Any:
        self._venue.listen_key = None
        return {}

    def _countdown(self, params: Params) -> Any:
        """Plain orders of the symbol go when it runs out; conditional ones stay."""
        symbol, countdown_ms = params["symbol"], int(params["countdownTime"])
        running = self.countdowns.pop(symbol, None)
        if running is not None:
            running.cancel()
        if countdown_ms > 0:
            self.countdowns[symbol] = self._venue.later(countdown_ms / 1_000, self.run_out, symbol)
        return {"symbol": symbol, "countdownTime": str(countdown_ms)}

    def run_out(self, symbol: str) -> None:
        """The symbol's countdown reaches its end now."""
        self.countdowns.pop(symbol).cancel()
        self._core.cancel_all(symbol)
