"""Hyperliquid with an account on it: actions signed by an agent, whose address is recovered from what arrived.

    async with HyperliquidTradingVenue(wallet_usd=1_660) as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.faults.add(dropped_after(), roles={"entry"})

The hash of an action is made anew from the JSON that arrived, by other libraries than the client's. `roles` says what
each address is, `approved` whether the agent is. A triggered stop keeps its number. Else: see `TradingVenue`.
"""

import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgpack
from aiohttp import web

from cockpit.exchanges.hyperliquid.cloids import client_id_of
from cockpit.feeds.aave.recursion import recursion_limit_kept
from tests.loopback import hyperliquid_bodies as bodies
from tests.loopback.exchange_hyperliquid import COINS, text
from tests.loopback.hyperliquid_codes import REFUSALS, SAYINGS
from tests.loopback.hyperliquid_feeds import HyperliquidFeeds
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import (
    Algo,
    Order,
    OrderAsked,
    Position,
    Reason,
    Refused,
    Rules,
    Status,
    StopAsked,
)
from tests.loopback.trading_faults import Fault, FaultAnswer
from tests.loopback.trading_venue import Answer, Call, VenueError

with recursion_limit_kept():
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_utils import keccak

ACCOUNT = "0xa11ce0000000000000000000000000000000c0de"
AGENT_KEY = "0x" + "5ec2e7" * 10 + "0a1b"
AGENT: str = Account.from_key(AGENT_KEY).address
MASTER_KEY = "0x" + "0123456789abcdef" * 4
MISSING = "Order was never placed, already canceled, or filled."
FILLS_A_PAGE = 2_000
NONCES_REACH_MS = 86_400_000
READS = {
    "clearinghouseState": "positions",
    "spotClearinghouseState": "account",
    "frontendOpenOrders": "open_orders",
    "userFillsByTime": "history",
    "userFunding": "history",
    "exchangeStatus": "time",
    "meta": "public",
    "metaAndAssetCtxs": "public",
    "allMids": "public",
}


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def rules(coin: str) -> Rules:
    decimals, _ = COINS[coin]
    lot, tick = Decimal(1).scaleb(-decimals), Decimal(1).scaleb(decimals - 6)
    return Rules(coin, tick, lot, lot, Decimal(10_000), Decimal(10_000), min_notional_usd=Decimal(10))


def signer_of(body: Mapping[str, Any], is_testnet: bool) -> str:
    """Whose signature a request carries."""
    data = msgpack.packb(body["action"]) + int(body["nonce"]).to_bytes(8, "big")
    vault = body.get("vaultAddress")
    data += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault.removeprefix("0x"))
    if body.get("expiresAfter") is not None:
        data += b"\x00" + int(body["expiresAfter"]).to_bytes(8, "big")
    agent = [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}]
    domain = {"chainId": 1337, "name": "Exchange", "verifyingContract": "0x" + "0" * 40, "version": "1"}
    message = {"source": "b" if is_testnet else "a", "connectionId": keccak(data)}
    signature = body["signature"]
    rsv = signature["v"], int(signature["r"], 16), int(signature["s"], 16)
    recovered: str = Account.recover_message(encode_typed_data(domain, {"Agent": agent}, message), vrs=rsv)
    return recovered


class HyperliquidTradingVenue(HyperliquidFeeds):
    """One-way. `stale_nonces`: nonces that came already; `testnet`: signatures name the other chain."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms)
        self.now_ms = lambda: now_ms() + self.clock_skew_ms
        self.testnet: bool | None = None
        self.user = ACCOUNT
        self.roles: dict[str, dict[str, Any]] = {
            AGENT.lower(): {"role": "agent", "data": {"user": ACCOUNT}},
            ACCOUNT: {"role": "user"},
        }
        self.abstraction = "default"
        self.requests_used = 1_000
        self.nonces: set[int] = set()
        self.open_account(MatchingCore({coin: rules(coin) for coin in self.bases}, wallet_usd, self.now_ms))
        self.core.reserves = False
        self.core.isolated = dict.fromkeys(self.core.rules, True)

    def symbol(self, asset: str) -> str:
        return asset

    def mark_of(self, coin: str) -> float:
        quote = self.core.quotes.get(coin)
        return super().mark_of(coin) if quote is None else float(quote.mark)

    # -- a call

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        params = json.loads(body or "{}")
        role = self._role(request.path, params)
        return Call(request.method, request.path, params, role, time.monotonic_ns(), body, dict(request.headers))

    def _role(self, path: str, params: Mapping[str, Any]) -> str:
        if path == "/info":
            kind = str(params.get("type"))
            if kind == "orderStatus":
                return "lookup_stop" if isinstance(self._asked_for(params["oid"]), Algo) else "lookup"
            return READS.get(kind, "setup")
        action = params.get("action", {})
        kind = str(action.get("type"))
        if kind in ("cancel", "cancelByCloid"):
            one = action["cancels"][0]
            return "cancel_stop" if isinstance(self._asked_for(one.get("cloid") or one.get("o")), Algo) else "cancel"
        if kind != "order":
            return "other"
        order = action["orders"][0]
        if "trigger" in order["t"]:
            return "stop"
        if not order["r"]:
            return "entry"
        return "close" if order["t"]["limit"]["tif"] == "Ioc" else "target"

    def check(self, call: Call) -> None:
        """Questions need no key. An action is its signer's, whose address no other road tells."""
        if call.path != "/exchange":
            return
        body = call.params
        signers = [signer_of(body, is_testnet) for is_testnet in (False, True)]
        is_testnet = self.testnet
        known = [
            address
            for address, of_testnet in zip(signers, (False, True), strict=True)
            if is_testnet in (None, of_testnet) and address.lower() in self.roles
        ]
        if self.key_revoked or not known:
            raise self.named(f"User or API Wallet {signers[0].lower()} does not exist.")
        master = self.roles[known[0].lower()].get("data", {}).get("user", known[0]).lower()
        acts_for = str(body.get("vaultAddress") or master).lower()
        if acts_for != self.user.lower():
            raise self.named(f"Vault not registered: {acts_for}")
        if body.get("vaultAddress") and self.roles.get(acts_for, {}).get("role") not in ("vault", "subAccount"):
            raise self.named(f"Vault not registered: {acts_for}")
        if abs(body["nonce"] - self.now_ms()) > NONCES_REACH_MS:
            raise self.named("Invalid nonce: too far away")
        if body["nonce"] in self.nonces:
            raise self.named(f"Invalid nonce: duplicate nonce {body['nonce']}")
        self.nonces.add(body["nonce"])
        if body.get("expiresAfter") is not None and body["expiresAfter"] < self.now_ms():
            raise self.named("Action expired")

    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        params = call.params
        if call.path == "/exchange":
            return self._acted(params["action"])
        if call.path != "/info":
            raise VenueError("", "", 404)
        answers: dict[str, Callable[[], Any]] = {
            "clearinghouseState": lambda: self.state(positions),
            "spotClearinghouseState": lambda: {"balances": [{"coin": "USDC", "token": 0, "total": self._worth()}]},
            "frontendOpenOrders": self._open_orders,
            "orderStatus": lambda: self._order_status(params["oid"]),
            "userFillsByTime": lambda: self._fills(int(params["startTime"])),
            "userFunding": lambda: self._funding(int(params["startTime"])),
            "userFees": lambda: {"userCrossRate": "0.0005", "userAddRate": "0.0002", "activeReferralDiscount": "0.0"},
            "userRateLimit": lambda: {
                "cumVlm": "0.0",
                "nRequestsUsed": self.requests_used,
                "nRequestsCap": 10_000,
                "nRequestsSurplus": 0,
            },
            "userRole": lambda: self._role_of(str(params["user"]).lower()),
            "userAbstraction": lambda: self.abstraction,
            "activeAssetData": lambda: self._asset_data(params["coin"]),
        }
        kind = str(params["type"])
        return answers[kind]() if kind in answers else self.public(kind)

    # -- actions

    def _acted(self, action: Mapping[str, Any]) -> dict[str, Any]:
        if action["type"] == "order":
            return self._answer("order", [self._placed(order) for order in action["orders"]])
        return self._answer("cancel", [self._cancelled(one) for one in action["cancels"]])

    def _answer(self, kind: str, statuses: list[Any]) -> dict[str, Any]:
        return {"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}}

    def _placed(self, order: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._place(order)
        except Refused as refused:
            sentence = REFUSALS.get(refused.reason, refused.reason.name)
            return {"error": f"{sentence} asset={order['a']}"}

    def _place(self, order: Mapping[str, Any]) -> dict[str, Any]:
        coin, side = self.bases[order["a"]], "buy" if order["b"] else "sell"
        qty, price, client_id = Decimal(order["s"]), Decimal(order["p"]), client_id_of(order.get("c"))
        _check_figures(price)
        trigger = order["t"].get("trigger")
        if trigger is not None:
            _check_figures(Decimal(trigger["triggerPx"]))
            asked = StopAsked(
                coin,
                side,
                "stop" if trigger["tpsl"] == "sl" else "take_profit",
                Decimal(trigger["triggerPx"]),
                qty,
                price=None if trigger["isMarket"] else price,
                client_id=client_id,
                reduce_only=order["r"],
                working="mark",
            )
            return {"resting": {"oid": self.core.algos.place(asked).algo_id, "cloid": order.get("c")}}
        takes = order["t"]["limit"]["tif"] == "Ioc"
        best = self.core.quote(coin)
        if takes and (price < best.ask if side == "buy" else price > best.bid):
            return {"error": f"Order could not immediately match against any resting orders. asset={order['a']}"}
        placed = self.core.place(
            OrderAsked(
                coin,
                side,
                "market" if takes else "limit",
                qty,
                client_id=client_id,
                price=None if takes else price,
                tif="IOC" if takes else "GTC",
                reduce_only=order["r"],
            )
        )
        if takes and placed.works:
            self.core.end(placed, Status.CANCELED)
        if placed.filled:
            average = number_text(placed.average)
            return {"filled": {"totalSz": number_text(placed.filled), "avgPx": average, "oid": placed.order_id}}
        return {"resting": {"oid": placed.order_id, "cloid": order.get("c")}}

    def _asked_for(self, name: str | int | None) -> Order | Algo | None:
        """The newest of that number or of that id of ours; a triggered stop is the order it became."""
        if isinstance(name, str):
            name = client_id_of(name)
        for algo in reversed(self.core.algos.all.values()):
            if name in (algo.algo_id, algo.client_id):
                return algo if algo.order_id is None else self.core.orders[algo.order_id]
        for order in reversed(self.core.orders.values()):
            if name in (order.order_id, order.client_id):
                return order
        return None

    def _cancelled(self, one: Mapping[str, Any]) -> Any:
        found = self._asked_for(one.get("cloid") or one.get("o"))
        if found is None or not found.works:
            return {"error": f"{MISSING} asset={one.get('a', one.get('asset'))}"}
        if isinstance(found, Algo):
            self.core.algos.cancel(found)
        else:
            self.core.cancel(found)
        return "success"

    # -- looks

    def _open_orders(self) -> list[dict[str, Any]]:
        plain = [bodies.order_row(order, self.core) for order in self.core.open_orders()]
        return [*plain, *(bodies.stop_row(algo) for algo in self.core.algos.open())]

    def _order_status(self, name: str | int) -> dict[str, Any]:
        found = self._asked_for(name)
        if found is None:
            return {"status": "unknownOid"}
        if isinstance(found, Algo):
            row, status = bodies.stop_row(found), bodies.STATUS[found.status]
        else:
            row, status = bodies.order_row(found, self.core), bodies.order_status(found.status, found)
        return {"status": "order", "order": {"order": row, "status": status, "statusTimestamp": found.updated_ms}}

    def _fills(self, since_ms: int) -> list[dict[str, Any]]:
        """The oldest since then, so many of them."""
        rows = [one for one in self.core.listed_executions if one.ts_ms >= since_ms]
        return [bodies.fill_row(one, self.core, self.user) for one in rows[:FILLS_A_PAGE]]

    def _funding(self, since_ms: int) -> list[dict[str, Any]]:
        return [
            {
                "time": one.ts_ms,
                "hash": "0x" + "0" * 64,
                "delta": {
                    "type": "funding", "coin": one.symbol, "usdc": text(float(one.amount)), "szi": "0.0",
                    "fundingRate": "0.0000125", "nSamples": None,
                },
            }
            for one in self.core.income
            if one.kind == "FUNDING_FEE" and one.ts_ms >= since_ms
        ]  # fmt: skip

    def state(self, positions: Mapping[str, Position]) -> dict[str, Any]:
        rows = [bodies.position_row(coin, self.core) for coin, one in positions.items() if one.qty]
        tied = sum((self.core.margin_usd(coin) for coin, one in positions.items() if one.qty), Decimal(0))
        summary = {
            "accountValue": self._worth(),
            "totalNtlPos": "0.0",
            "totalRawUsd": "0.0",
            "totalMarginUsed": text(float(tied)),
        }
        return {
            "marginSummary": summary,
            "crossMarginSummary": summary,
            "crossMaintenanceMarginUsed": "0.0",
            "withdrawable": text(float(self.core.free_usd)),
            "assetPositions": rows,
            "time": self.now_ms(),
        }

    def _worth(self) -> str:
        return text(float(self.core.wallet_usd + self.core.total_open_pnl_usd))

    def _role_of(self, address: str) -> dict[str, Any]:
        if self.key_revoked and address == AGENT.lower():
            return {"role": "missing"}
        return self.roles.get(address, {"role": "missing"})

    def _asset_data(self, coin: str) -> dict[str, Any]:
        kind = "isolated" if self.core.isolated[coin] else "cross"
        leverage = {"type": kind, "value": self.core.leverage[coin]}
        return {"user": self.user, "coin": coin, "leverage": leverage, "markPx": text(self.mark_of(coin))}

    # -- errors

    def error(self, error: VenueError, call: Call) -> Answer:
        """What is wrong with a whole action is a sentence, with 200; who asks too often is told nothing."""
        if error.status == 429:
            return Answer(None, 429)
        return Answer({"status": "err", "response": error.code}, error.status)

    def refusal(self, refused: Refused, call: Call) -> Answer:
        return Answer(self._answer("order", [{"error": REFUSALS.get(refused.reason, refused.reason.name)}]))

    def named(self, code: str) -> VenueError:
        return VenueError(code, "", 200)

    def malformed(self, parameter: str) -> VenueError:
        return VenueError("Failed to deserialize the JSON body into the target type", "", 422)

    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        sentence, status = SAYINGS[answer_as]
        return VenueError(sentence, "", status)

    def nothing(self, call: Call) -> Answer:
        if call.role == "positions":
            return Answer(self.state({}))
        if call.role == "account":
            return self.done(call, {})
        return Answer({"status": "unknownOid"} if call.role == "lookup" else [])


def number_text(value: Decimal) -> str:
    return text(float(value))


def _check_figures(price: Decimal) -> None:
    """Five significant figures at most, whole numbers aside."""
    digits = price.normalize().as_tuple()
    if price != price.to_integral_value() and len(digits.digits) > 5:
        raise Refused(Reason.BAD_TICK)
