"""The second OKX venue on loopback: signed requests, limits per endpoint, demo header, everything wired together.

Sources: "REST Authentication" of OKX's API v5: OK-ACCESS-SIGN is base64 HMAC-SHA256 of timestamp + method + path with
query + body, the timestamp is ISO 8601 and may be 30 s off (50102), wrong keys are HTTP 401 (50103-50107,
50111-50113, 50105). Limits per 2 s and per user, user and instrument, or address: the guide's, as listed in
nautilus_trader's okx integration page; cancel-algos counts orders, not requests; beyond is HTTP 429 with 50011. New
orders of an account: 1,000 per 2 s (50061).
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback_second.bare import BareMeter
from tests.loopback_second.clock import Clock
from tests.loopback_second.faults import Answer, Call, answer_of
from tests.loopback_second.instruments import PRICES, Instrument, okx_instruments
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.limits import Windows
from tests.loopback_second.list_faults import ListFaults
from tests.loopback_second.market import Market
from tests.loopback_second.matching import Matching, Rules
from tests.loopback_second.okx_account import OkxAccount
from tests.loopback_second.okx_codes import OkxError, RowError, too_many
from tests.loopback_second.okx_orders import OkxOrders
from tests.loopback_second.okx_public import OkxPublic
from tests.loopback_second.okx_stream import OkxStreams
from tests.loopback_second.records import Event
from tests.loopback_second.triggers import Liquidation, Triggers
from tests.loopback_second.web_site import Site

API_KEY, SECRET, PASSPHRASE = "second-okx-key", "second-okx-secret", "second-okx-passphrase"
TIMESTAMP_WINDOW_S = 30.0
ACCOUNT_ORDERS = 1_000
Handler = Callable[[dict[str, Any]], Any]
ROOT = "/api/v5/"


class OkxVenue(Site):
    def __init__(
        self,
        *,
        instruments: list[Instrument] | None = None,
        prices: dict[str, Decimal] | None = None,
        wallet: Decimal = Decimal(10_000),
        hedged: bool = False,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(clock)
        self.market = Market(self.clock, instruments or okx_instruments(), prices or PRICES)
        self.ledger = Ledger(self.clock, self.market, wallet)
        rules = Rules(
            net_side="net",
            hedged=hedged,
            client_ids_for_ever=True,
            drops_reduce_only_when_flat=True,
            cancels_what_would_take=True,
            trims=True,
            first_order_id=2_497_956_918_703_120_000,
        )
        self.matching = Matching(self.clock, self.market, self.ledger, rules)
        self.triggers = Triggers(self.matching, first_id=2_506_620_792_746_729_000)
        self.triggers.names_order = lambda trigger: ""
        self.liquidation = Liquidation(self.matching, lambda: "", lambda: "")
        self.list_faults = ListFaults(self.clock, self.ledger)
        self.public = OkxPublic(self.clock, self.market)
        self.orders = self.make_orders()
        self.account = OkxAccount(self.matching, self.ledger, self.list_faults)
        self.streams = OkxStreams(self.clock, self.market, self.public, self.orders, self.account)
        self.bare = BareMeter(self.clock, self.ledger, self.matching, self.triggers)
        self.api_key, self.secret, self.passphrase = API_KEY, SECRET, PASSPHRASE
        self.streams.keys = (self.api_key, self.secret, self.passphrase)
        self.keys_work = True
        self.counts_requests = True
        self.is_demo: bool | None = None
        self.windows = Windows(self.clock, 2.0)
        self._routes = self._table()

    def make_orders(self) -> OkxOrders:
        return OkxOrders(self.matching, self.triggers, self.list_faults)

    # What hands need

    stop_kind, target_kind = "conditional", "conditional"

    def mode_of(self, instrument: str) -> str:
        return "isolated"

    def change_leverage(self, instrument: str, mode: str, leverage: int) -> None:
        self.account.change_leverage(instrument, mode, leverage)

    def change_margin_mode(self, instrument: str, mode: str) -> None:
        """Each order says its own margin mode here: there is nothing to change."""

    def hand_name(self) -> str:
        return ""

    def pay_funding(self, instrument: str, rate: Decimal | str) -> None:
        for key, _ in self.ledger.pay_funding(instrument, Decimal(rate)):
            self.matching.emit(Event("balance", "FUNDING_FEE", keys=(key,)))

    def work(self) -> list[Any]:
        return [self._marks(), self._positions()]

    async def _marks(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for instrument in self.market.instruments if self.streams.public.lines else ():
                self.streams.push_mark(instrument)

    async def _positions(self) -> None:
        while True:
            await asyncio.sleep(5.0)
            self.streams.push_positions()

    async def serve_socket(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.streams.keys_work = self.keys_work
        await self.streams.serve(request, socket)

    # REST

    def _table(self) -> dict[str, tuple[Handler, float, str]]:
        """Handler, requests per 2 s, and whose: ip, user, instrument (user and instrument)."""
        public, orders, account = self.public, self.orders, self.account
        many = self._rows
        return {
            "GET public/time": (public.time, 10, "ip"),
            "GET public/instruments": (public.instruments, 20, "ip"),
            "GET public/mark-price": (public.mark_price, 10, "ip"),
            "GET public/funding-rate": (public.funding_rate, 10, "ip"),
            "GET public/open-interest": (public.interest, 20, "ip"),
            "GET market/books": (public.books, 40, "ip"),
            "GET market/ticker": (public.ticker, 20, "ip"),
            "GET market/candles": (public.candles, 40, "ip"),
            "GET rubik/stat/contracts/long-short-account-ratio-contract": (public.ratio, 5, "ip"),
            "GET rubik/stat/contracts/open-interest-history": (public.interest_history, 10, "ip"),
            "POST trade/order": (many(orders.place), 60, "instrument"),
            "POST trade/batch-orders": (many(orders.place), 300, "instrument"),
            "POST trade/cancel-order": (many(orders.cancel), 60, "instrument"),
            "POST trade/cancel-batch-orders": (many(orders.cancel), 300, "instrument"),
            "GET trade/order": (orders.query, 60, "instrument"),
            "GET trade/orders-pending": (orders.pending, 60, "user"),
            "GET trade/orders-history": (orders.history, 40, "user"),
            "GET trade/fills": (orders.fills, 60, "user"),
            "GET trade/fills-history": (orders.fills, 10, "user"),
            "POST trade/close-position": (orders.close_position, 20, "instrument"),
            "POST trade/cancel-all-after": (orders.cancel_all_after, 2, "user"),
            "POST trade/order-algo": (many(orders.place_algo), 20, "instrument"),
            "POST trade/cancel-algos": (many(orders.cancel_algo), 20, "instrument"),
            "POST trade/cancel-advance-algos": (many(orders.cancel_algo), 20, "instrument"),
            "GET trade/order-algo": (orders.query_algo, 20, "user"),
            "GET trade/orders-algo-pending": (orders.pending_algos, 20, "user"),
            "GET account/config": (account.config, 5, "user"),
            "GET account/balance": (account.balance, 10, "user"),
            "GET account/positions": (account.positions, 10, "user"),
            "GET account/leverage-info": (account.leverage, 20, "user"),
            "POST account/set-leverage": (account.set_leverage, 20, "user"),
            "POST account/set-position-mode": (account.set_position_mode, 5, "user"),
            "GET account/trade-fee": (account.fees, 5, "user"),
            "GET account/bills": (account.bills, 10, "user"),
            "GET account/bills-archive": (account.bills, 10, "user"),
        }

    @staticmethod
    def _rows(work: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
        """Each row of a body is carried out by itself and answers with its own sCode."""

        def carried_out(body: dict[str, Any]) -> Any:
            answers, failed = [], 0
            rows = body.get("_rows", [body])
            for row in rows:
                try:
                    answers.append({**work(row), "sCode": "0", "sMsg": ""})
                except RowError as error:
                    failed += 1
                    named = {"clOrdId": row.get("clOrdId", ""), "ordId": "", "tag": row.get("tag", "")}
                    answers.append(named | {"sCode": error.code, "sMsg": error.msg, "ts": "0"})
            code = "0" if not failed else "1" if failed == len(rows) else "2"
            msg = {"0": "", "1": "All operations failed", "2": "Bulk operation partially succeeded."}[code]
            return {"code": code, "data": answers, "msg": msg}

        return carried_out

    def answer(self, call: Call) -> Answer:
        name = f"{call.method} {call.path.removeprefix(ROOT)}"
        found = self._routes.get(name)
        if found is None:
            return answer_of(404, {"code": "404", "data": [], "msg": "Not Found"})
        handler, limit, whose = found
        try:
            body = self._body(call)
            if not name.startswith(("GET public", "GET market", "GET rubik")):
                self._check(call)
            if self.counts_requests and not self._within(name, limit, whose, body):
                return too_many()
            answer = handler(body)
        except OkxError as error:
            return error.answer()
        except RowError as error:
            return answer_of(200, {"code": error.code, "data": [], "msg": error.msg})
        if isinstance(answer, dict):
            return answer_of(200, answer)
        return answer_of(200, {"code": "0", "data": answer, "msg": ""})

    @staticmethod
    def _body(call: Call) -> dict[str, Any]:
        if call.method == "GET":
            return dict(call.params)
        parsed = json.loads(call.body or "{}")
        return {"_rows": parsed} if isinstance(parsed, list) else parsed

    def _within(self, name: str, limit: float, whose: str, body: dict[str, Any]) -> bool:
        rows = body.get("_rows", [body])
        cost = len(rows) if name.endswith(("cancel-algos", "batch-orders")) else 1
        scope = rows[0].get("instId", "") if whose == "instrument" and rows else ""
        is_within = self.windows.add(f"{name} {scope}", limit, cost)
        places = name in ("POST trade/order", "POST trade/batch-orders")
        if places and not self.windows.add("account orders", ACCOUNT_ORDERS, cost):
            raise OkxError("50061", "Order rate limit reached. ", 429)
        return is_within

    def _check(self, call: Call) -> None:
        headers = call.headers
        for code, name in (("50103", "key"), ("50104", "passphrase"), ("50106", "sign"), ("50107", "timestamp")):
            if not headers.get(f"ok-access-{name}"):
                raise OkxError(code, f'Request header "OK_ACCESS_{name.upper()}" can not be empty', 401)
        if headers["ok-access-key"] != self.api_key or not self.keys_work:
            raise OkxError("50111", "Invalid OK-ACCESS-KEY", 401)
        if self.is_demo is not None and self.is_demo != (headers.get("x-simulated-trading") == "1"):
            raise OkxError("50101", "APIKey does not match current environment.", 401)
        if headers["ok-access-passphrase"] != self.passphrase:
            raise OkxError("50105", 'Request header "OK_ACCESS_PASSPHRASE" incorrect', 401)
        stamp = headers["ok-access-timestamp"]
        try:
            at_s = datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(UTC).timestamp()
        except ValueError as error:
            raise OkxError("50112", "Invalid OK-ACCESS-TIMESTAMP", 401) from error
        if abs(self.clock.ms() / 1_000 - at_s) > TIMESTAMP_WINDOW_S:
            raise OkxError("50102", "Timestamp request expired", 401)
        query = f"?{call.query}" if call.query else ""
        signed = stamp + call.method + call.path + query + call.body
        digest = hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).digest()
        if base64.b64encode(digest).decode() != headers["ok-access-sign"]:
            raise OkxError("50113", "Invalid Sign", 401)
