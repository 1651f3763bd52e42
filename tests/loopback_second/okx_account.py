"""OKX account: configuration, balance, positions, leverage, fees, bills.

Sources: "Trading Account" of OKX's API v5 as quoted in ccxt 4.5.90 (fetch_accounts, fetch_leverage,
parse_trading_fee, fetch_ledger) and the adapters of nautilus_trader: rates are negative for a commission, newer
answers have `feeGroup` (groupId, maker, taker) and may lack takerU/makerU. Leverage is kept per instrument, margin
mode and, isolated and hedged, side. set-position-mode with positions or orders is 59000.
"""

from typing import Any

from tests.loopback_second.amounts import text
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.list_faults import ListFaults
from tests.loopback_second.matching import Matching
from tests.loopback_second.okx_codes import OkxError, empty
from tests.loopback_second.okx_rows import balance_row, bill_row, position_row
from tests.loopback_second.records import Key, Position

Row = dict[str, Any]


class OkxAccount:
    def __init__(self, matching: Matching, ledger: Ledger, list_faults: ListFaults) -> None:
        self.matching = matching
        self.ledger = ledger
        self.list_faults = list_faults
        self.permissions = "read_only,trade"
        self.account_level = "2"
        self.fee_style = "both"
        """`old`: taker/takerU; `new`: feeGroup only; `both`."""

    def config(self, params: Row) -> list[Row]:
        return [
            {
                "acctLv": self.account_level,
                "acctStpMode": "cancel_maker",
                "autoLoan": False,
                "ctIsoMode": "automatic",
                "enableSpotBorrow": False,
                "greeksType": "PA",
                "feeType": "0",
                "ip": "127.0.0.1",
                "type": "0",
                "kycLv": "3",
                "label": "second",
                "level": "Lv1",
                "levelTmp": "",
                "liquidationGear": "-1",
                "mainUid": "44705892343619584",
                "mgnIsoMode": "automatic",
                "opAuth": "1",
                "perm": self.permissions,
                "posMode": "long_short_mode" if self.matching.rules.hedged else "net_mode",
                "roleType": "0",
                "spotBorrowAutoRepay": False,
                "spotOffsetType": "",
                "spotRoleType": "0",
                "spotTraderInsts": [],
                "traderInsts": [],
                "uid": "44705892343619584",
                "settleCcy": "USDT",
                "settleCcyList": ["USD", "USDC", "USDG"],
            }
        ]

    def balance(self, params: Row) -> list[Row]:
        return [balance_row(self.ledger, self.matching.clock.ms())]

    def row(self, position: Position) -> Row:
        return position_row(position, self.ledger, self.matching.clock.ms())

    def positions(self, params: Row) -> list[Row]:
        wanted = params.get("instId", "").split(",") if params.get("instId") else []
        rows = [one for one in self.list_faults.positions() if not wanted or one.key.instrument in wanted]
        return [self.row(one) for one in rows]

    def _leverage_keys(self, instrument: str, mode: str) -> list[Key]:
        sides = ("long", "short") if self.matching.rules.hedged else ("net",)
        return [Key(instrument, mode, side) for side in sides]

    def leverage(self, params: Row) -> list[Row]:
        if not params.get("instId"):
            raise empty("instId")
        mode = params.get("mgnMode", "")
        if mode not in ("cross", "isolated"):
            raise empty("mgnMode")
        rows = []
        for instrument in params["instId"].split(","):
            if instrument not in self.matching.market.instruments:
                raise OkxError("51001", "Instrument ID does not exist")
            for key in self._leverage_keys(instrument, mode):
                row = {"ccy": "", "instId": instrument, "mgnMode": mode, "posSide": key.side}
                rows.append(row | {"lever": str(self.ledger.leverage(key))})
        return rows

    def set_leverage(self, params: Row) -> list[Row]:
        instrument, mode, leverage = params["instId"], params["mgnMode"], int(params["lever"])
        if not 1 <= leverage <= self.matching.market.instruments[instrument].max_leverage:
            raise OkxError("59102", "Leverage exceeds the maximum limit. Please lower the leverage.")
        side = params.get("posSide", "") if mode == "isolated" else ""
        self.change_leverage(instrument, mode, leverage, side)
        row = {"instId": instrument, "lever": str(leverage), "mgnMode": mode, "posSide": side or "net"}
        return [row]

    def change_leverage(self, instrument: str, mode: str, leverage: int, side: str = "") -> None:
        for key in self._leverage_keys(instrument, mode):
            if side in ("", key.side):
                self.ledger.set_leverage(key, leverage)

    def set_position_mode(self, params: Row) -> list[Row]:
        hedged = params.get("posMode") == "long_short_mode"
        if hedged != self.matching.rules.hedged and (self.matching.open_orders() or self.ledger.open_positions()):
            raise OkxError(
                "59000", "Setting failed. Cancel any open orders, close positions, and stop trading bots first."
            )
        self.matching.rules.hedged = hedged
        return [{"posMode": params["posMode"]}]

    def fees(self, params: Row) -> list[Row]:
        taker, maker = text(-self.matching.rules.taker), text(-self.matching.rules.maker)
        row: Row = {
            "category": "1",
            "delivery": "",
            "exercise": "",
            "fiat": [],
            "instType": params.get("instType", "SWAP"),
            "level": "Lv1",
            "ruleType": "normal",
            "ts": str(self.matching.clock.ms()),
        }
        old = {
            "taker": "-0.001",
            "maker": "-0.0008",
            "takerU": taker,
            "makerU": maker,
            "takerUSDC": "",
            "makerUSDC": "",
        }
        if self.fee_style in ("old", "both"):
            row |= old
        if self.fee_style in ("new", "both"):
            row["feeGroup"] = [{"groupId": "1", "maker": maker, "taker": taker}]
        return [row]

    def bills(self, params: Row) -> list[Row]:
        rows = [
            row
            for bill in self.list_faults.shown("bill", self.ledger.bill)
            for row in [bill_row(bill)]
            if params.get("type", row["type"]) == row["type"]
            and params.get("subType", row["subType"]) == row["subType"]
            and params.get("instId", row["instId"]) == row["instId"]
            and int(params.get("begin", "0")) <= bill.at_ms <= int(params.get("end", "9" * 15))
            and int(params.get("before", "-1")) < bill.id < int(params.get("after", "9" * 15))
        ]
        return list(reversed(rows))[: int(params.get("limit", "100"))]
