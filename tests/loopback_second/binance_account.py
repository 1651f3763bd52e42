"""Binance USD-M account: balance, positions, trades, income, modes, leverage, keys' permissions, listen keys.

Sources: the connector's response models (2026-08) for account v3, positionRisk v3, symbolConfig, commissionRate,
income and userTrades; "Change Margin Type" (-4046 no need, -4047 open orders, -4048 position), "Change Position Mode"
(-4059, -4067/-4068), listen key texts of "User Data Streams" (60 minutes, POST returns the active key, -1125 for an
unknown one); sapi/v1/account/apiRestrictions as in the venue notes 8.5.
"""

from typing import Any

from tests.loopback_second.amounts import text
from tests.loopback_second.binance_codes import BinanceError
from tests.loopback_second.binance_orders import BinanceOrders, Params, truth
from tests.loopback_second.binance_rows import income_rows, position_row, trade_row
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.list_faults import ListFaults
from tests.loopback_second.records import Key

BRACKETS = [(50_000, 100, "0.004", 0), (600_000, 50, "0.005", 50), (3_000_000, 20, "0.01", 3_050)]
LISTEN_KEY_S = 3_600.0


class BinanceAccount:
    def __init__(self, orders: BinanceOrders, ledger: Ledger, list_faults: ListFaults) -> None:
        self.orders = orders
        self.matching = orders.matching
        self.ledger = ledger
        self.list_faults = list_faults
        self.multi_assets = False
        self.permissions = {
            "ipRestrict": True,
            "createTime": 1_698_645_219_000,
            "enableReading": True,
            "enableFutures": True,
            "enableWithdrawals": False,
            "enableInternalTransfer": False,
            "permitsUniversalTransfer": False,
            "enableMargin": False,
            "enableSpotAndMarginTrading": False,
            "enableVanillaOptions": False,
            "enablePortfolioMarginTrading": False,
        }
        self.listen_key = ""
        self.listen_key_until_s = 0.0
        self._listen_keys = 0

    def _keys(self, symbol: str) -> list[Key]:
        sides = ("LONG", "SHORT") if self.matching.rules.hedged else ("BOTH",)
        return [Key(symbol, self.orders.modes[symbol], side) for side in sides]

    def positions(self, params: Params, version: int = 3) -> Any:
        symbol = params.get("symbol", "")
        shown = [one for one in self.list_faults.positions() if symbol in ("", one.key.instrument)]
        rows = [position_row(one, self.ledger, version) for one in shown]
        if version == 2:
            open_keys = {one.key for one in shown}
            for one in [symbol] if symbol else list(self.orders.modes):
                rows += [
                    position_row(self.ledger.position(key), self.ledger, 2)
                    for key in self._keys(one)
                    if key not in open_keys and not self.ledger.position(key).qty
                ]
        return rows

    def account(self, params: Params) -> Any:
        held = self.ledger
        upnl = held.equity() - held.wallet
        cross = f"{held.wallet - held.isolated_margin():.8f}"
        initial = f"{sum((held.margin(one) for one in held.open_positions()), start=held.wallet * 0):.8f}"
        maintenance = f"{sum((held.maintenance(one) for one in held.open_positions()), start=held.wallet * 0):.8f}"
        figures = {
            "walletBalance": f"{held.wallet:.8f}",
            "unrealizedProfit": f"{upnl:.8f}",
            "marginBalance": f"{held.equity():.8f}",
            "maintMargin": maintenance,
            "initialMargin": initial,
            "positionInitialMargin": initial,
            "openOrderInitialMargin": "0.00000000",
            "crossWalletBalance": cross,
            "crossUnPnl": f"{held.cross_unrealised():.8f}",
            "availableBalance": f"{held.available():.8f}",
            "maxWithdrawAmount": f"{held.available():.8f}",
        }
        totals = {
            "totalInitialMargin": initial,
            "totalMaintMargin": maintenance,
            "totalWalletBalance": figures["walletBalance"],
            "totalUnrealizedProfit": figures["unrealizedProfit"],
            "totalMarginBalance": figures["marginBalance"],
            "totalPositionInitialMargin": initial,
            "totalOpenOrderInitialMargin": "0.00000000",
            "totalCrossWalletBalance": cross,
            "totalCrossUnPnl": figures["crossUnPnl"],
            "availableBalance": figures["availableBalance"],
            "maxWithdrawAmount": figures["maxWithdrawAmount"],
        }
        rows = []
        for position in self.list_faults.positions():
            row = position_row(position, held)
            kept = ("symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet")
            rows.append(
                {name: row[name] for name in (*kept, "initialMargin", "maintMargin", "updateTime")}
                | {"unrealizedProfit": row["unRealizedProfit"]}
            )
        asset = {"asset": "USDT", **figures, "updateTime": self.matching.clock.ms()}
        return {**totals, "assets": [asset], "positions": rows}

    def balance(self, params: Params) -> Any:
        held = self.ledger
        return [
            {
                "accountAlias": "SgsR",
                "asset": "USDT",
                "balance": f"{held.wallet:.8f}",
                "crossWalletBalance": f"{held.wallet - held.isolated_margin():.8f}",
                "crossUnPnl": f"{held.cross_unrealised():.8f}",
                "availableBalance": f"{held.available():.8f}",
                "maxWithdrawAmount": f"{held.available():.8f}",
                "marginAvailable": True,
                "updateTime": self.matching.clock.ms(),
            }
        ]

    def trades(self, params: Params) -> Any:
        rows = [
            fill
            for fill in self.ledger.fills
            if params.get("symbol", fill.instrument) == fill.instrument
            and fill.at_ms >= int(params.get("startTime", "0"))
            and fill.at_ms <= int(params.get("endTime", "9" * 15))
            and fill.id >= int(params.get("fromId", "0"))
            and int(params.get("orderId", fill.order.id)) == fill.order.id
        ]
        limit = int(params.get("limit", "500"))
        shown = self.list_faults.shown("fills", rows)
        forward = "startTime" in params or "fromId" in params
        return [trade_row(fill) for fill in (shown[:limit] if forward else shown[-limit:])]

    def income(self, params: Params) -> Any:
        rows = [
            row
            for entry in self.list_faults.shown("bill", self.ledger.bill)
            for row in income_rows(entry)
            if params.get("symbol", row["symbol"]) == row["symbol"]
            and params.get("incomeType", row["incomeType"]) == row["incomeType"]
            and row["time"] >= int(params.get("startTime", "0"))
            and row["time"] <= int(params.get("endTime", "9" * 15))
        ]
        return rows[: int(params.get("limit", "100"))]

    # Modes

    def position_mode(self, params: Params) -> Any:
        return {"dualSidePosition": self.matching.rules.hedged}

    def set_position_mode(self, params: Params) -> Any:
        wanted = truth(params.get("dualSidePosition"))
        if wanted == self.matching.rules.hedged:
            raise BinanceError(-4059, "No need to change position side.")
        if self.matching.open_orders():
            raise BinanceError(-4067, "Position side cannot be changed if there exists open orders.")
        if self.ledger.open_positions():
            raise BinanceError(-4068, "Position side cannot be changed if there exists position.")
        self.matching.rules.hedged = wanted
        return {"code": 200, "msg": "success"}

    def set_margin_type(self, params: Params) -> Any:
        symbol = params["symbol"]
        wanted = "isolated" if params.get("marginType") == "ISOLATED" else "cross"
        if wanted == self.orders.modes[symbol]:
            raise BinanceError(-4046, "No need to change margin type.")
        if self.matching.open_orders(symbol):
            raise BinanceError(-4047, "Margin type cannot be changed if there exists open orders.")
        if any(one.key.instrument == symbol for one in self.ledger.open_positions()):
            raise BinanceError(-4048, "Margin type cannot be changed if there exists position.")
        self.change_margin_type(symbol, wanted)
        return {"code": 200, "msg": "success"}

    def change_margin_type(self, symbol: str, wanted: str) -> None:
        leverage = self.ledger.leverage(self._keys(symbol)[0])
        self.orders.modes[symbol] = wanted
        for key in self._keys(symbol):
            self.ledger.set_leverage(key, leverage)

    def set_leverage(self, params: Params) -> Any:
        symbol, leverage = params["symbol"], int(params["leverage"])
        if not 1 <= leverage <= self.matching.market.instruments[symbol].max_leverage:
            raise BinanceError(-4028, f"Leverage {leverage} is not valid")
        self.change_leverage(symbol, leverage)
        return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": "6000000"}

    def change_leverage(self, symbol: str, leverage: int) -> None:
        for key in self._keys(symbol):
            self.ledger.set_leverage(key, leverage)

    def multi_assets_mode(self, params: Params) -> Any:
        return {"multiAssetsMargin": self.multi_assets}

    def symbol_config(self, params: Params) -> Any:
        wanted = [params["symbol"]] if "symbol" in params else list(self.orders.modes)
        return [
            {
                "symbol": symbol,
                "marginType": "ISOLATED" if self.orders.modes[symbol] == "isolated" else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": self.ledger.leverage(self._keys(symbol)[0]),
                "maxNotionalValue": "6000000",
            }
            for symbol in wanted
        ]

    def account_config(self, params: Params) -> Any:
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": self.matching.rules.hedged,
            "updateTime": 0,
            "multiAssetsMargin": self.multi_assets,
            "tradeGroupId": -1,
        }

    def commission(self, params: Params) -> Any:
        rules = self.matching.rules
        return {
            "symbol": params["symbol"],
            "makerCommissionRate": text(rules.maker),
            "takerCommissionRate": text(rules.taker),
            "rpiCommissionRate": "0.000050",
        }

    def brackets(self, params: Params) -> Any:
        wanted = [params["symbol"]] if "symbol" in params else list(self.orders.modes)
        rows = []
        floor = 0
        for number, (cap, leverage, rate, cum) in enumerate(BRACKETS, 1):
            rows.append(
                {
                    "bracket": number,
                    "initialLeverage": leverage,
                    "notionalCap": cap,
                    "notionalFloor": floor,
                    "maintMarginRatio": float(rate),
                    "cum": cum,
                }
            )
            floor = cap
        found = [{"symbol": symbol, "notionalCoef": 1.0, "brackets": rows} for symbol in wanted]
        return found[0] if "symbol" in params else found

    def api_restrictions(self, params: Params) -> Any:
        return self.permissions

    # Listen keys

    def open_listen_key(self, params: Params) -> Any:
        now_s = self.matching.clock.mono_s()
        if not self.listen_key or now_s >= self.listen_key_until_s:
            self._listen_keys += 1
            self.listen_key = f"another{self._listen_keys:04d}" + "k" * 53
        self.listen_key_until_s = now_s + LISTEN_KEY_S
        return {"listenKey": self.listen_key}

    def keep_listen_key(self, params: Params) -> Any:
        if not self.listen_key:
            raise BinanceError(-1125, "This listenKey does not exist.")
        return self.open_listen_key(params)

    def close_listen_key(self, params: Params) -> Any:
        self.listen_key = ""
        return {}
