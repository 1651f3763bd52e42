"""The second Binance USD-M venue on loopback: keys and timestamps checked, weights counted, everything wired together.

Sources: "General Info" (developers.binance.com, USD-M): HMAC-SHA256 over query string and body as sent, `timestamp`
and `recvWindow` (default 5000), refused as -1021 when older than the window or more than a second ahead, -1022 bad
signature, -2014/-2015 bad key; used weight in X-MBX-USED-WEIGHT-1M, order counts in X-MBX-ORDER-COUNT-10S/-1M; 429
with Retry-After above 2400 weight a minute, 418 for those who go on; order limits 300/10 s and 1200/min
(exchangeInfo) answer -1015. Weights: ccxt 4.5.90's table and the connector's docstrings (New Order and New Algo
Order: 0 of weight, 1 of each order count).
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback_second.bare import BareMeter
from tests.loopback_second.binance_account import BinanceAccount
from tests.loopback_second.binance_codes import BinanceError, banned, missing, too_many
from tests.loopback_second.binance_orders import BinanceOrders
from tests.loopback_second.binance_public import BinancePublic
from tests.loopback_second.binance_stream import BinanceStreams
from tests.loopback_second.clock import Clock
from tests.loopback_second.faults import Answer, Call, answer_of
from tests.loopback_second.instruments import PRICES, Instrument, binance_instruments
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.limits import Windows
from tests.loopback_second.list_faults import ListFaults
from tests.loopback_second.market import Market
from tests.loopback_second.matching import Matching, Rules
from tests.loopback_second.records import Event
from tests.loopback_second.triggers import Liquidation, Triggers
from tests.loopback_second.web_site import Site

API_KEY, SECRET = "second-binance-key", "second-binance-secret"
WEIGHT_PER_MINUTE = 2_400
GOING_ON = 30
"""Requests after a 429 that turn it into a ban; the documents say only that it happens."""
Handler = Callable[[dict[str, str]], Any]


class BinanceVenue(Site):
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
        self.market = Market(self.clock, instruments or binance_instruments(), prices or PRICES)
        self.ledger = Ledger(self.clock, self.market, wallet)
        self.matching = Matching(
            self.clock, self.market, self.ledger, Rules(net_side="BOTH", hedged=hedged, reserves=True)
        )
        self.triggers = Triggers(self.matching, first_id=1_000_000_033_000_000)
        self._liquidations = 0
        self.liquidation = Liquidation(self.matching, self._liquidation_id, lambda: "adl_autoclose")
        self.list_faults = ListFaults(self.clock, self.ledger)
        self.public = BinancePublic(self.clock, self.market)
        self.orders = BinanceOrders(self.matching, self.triggers, self.list_faults)
        self.account = BinanceAccount(self.orders, self.ledger, self.list_faults)
        self.streams = BinanceStreams(self.clock, self.market, self.account)
        self.bare = BareMeter(self.clock, self.ledger, self.matching, self.triggers)
        self.api_key, self.secret = API_KEY, SECRET
        self.keys_work = True
        self.counts_weight = True
        self.weight_limit = WEIGHT_PER_MINUTE
        self.weights = Windows(self.clock, 60.0)
        self.order_counts = Windows(self.clock, 10.0)
        self.order_minutes = Windows(self.clock, 60.0)
        self._over = 0
        self._banned_until_s = 0.0
        self._routes = self._table()

    def _liquidation_id(self) -> str:
        self._liquidations += 1
        return f"autoclose-{self.clock.ms()}{self._liquidations}"

    def work(self) -> list[Any]:
        return [self._marks()]

    async def _marks(self) -> None:
        """A mark a second, as the stream has it."""
        while True:
            await asyncio.sleep(1.0)
            for instrument in self.market.instruments if self.streams.public.lines else ():
                self.streams.push_mark(instrument)

    def pay_funding(self, instrument: str, rate: Decimal | str) -> None:
        for key, _ in self.ledger.pay_funding(instrument, Decimal(rate)):
            self.matching.emit(Event("balance", "FUNDING_FEE", keys=(key,)))

    # What hands need

    stop_kind, target_kind = "STOP_MARKET", "TAKE_PROFIT_MARKET"

    def mode_of(self, instrument: str) -> str:
        return self.orders.modes[instrument]

    def change_leverage(self, instrument: str, mode: str, leverage: int) -> None:
        self.account.change_leverage(instrument, leverage)
        self.streams.push_config(instrument, leverage)

    def change_margin_mode(self, instrument: str, mode: str) -> None:
        self.account.change_margin_type(instrument, mode)

    def hand_name(self) -> str:
        return f"web_{self.matching.next_id()}"

    async def serve_socket(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        await self.streams.serve(request, socket)

    # REST

    def _table(self) -> dict[str, tuple[Handler, float, bool]]:
        """Handler, weight, whether it is signed. The order endpoints count orders, not weight."""
        public, orders, account = self.public, self.orders, self.account
        v1 = "/fapi/v1/"
        return {
            f"GET {v1}ping": (public.ping, 1, False),
            f"GET {v1}time": (public.time, 1, False),
            f"GET {v1}exchangeInfo": (public.exchange_info, 1, False),
            f"GET {v1}depth": (public.depth, 20, False),
            f"GET {v1}ticker/bookTicker": (public.book_ticker, 2, False),
            f"GET {v1}ticker/price": (public.price_ticker, 1, False),
            f"GET {v1}premiumIndex": (public.premium_index, 1, False),
            f"GET {v1}fundingInfo": (public.funding_info, 0, False),
            f"GET {v1}openInterest": (public.interest, 1, False),
            f"GET {v1}klines": (public.klines, 5, False),
            "GET /futures/data/openInterestHist": (public.interest_history, 0, False),
            "GET /futures/data/globalLongShortAccountRatio": (public.ratio, 0, False),
            "GET /futures/data/topLongShortAccountRatio": (public.ratio, 0, False),
            "GET /futures/data/topLongShortPositionRatio": (public.ratio, 0, False),
            f"POST {v1}order": (orders.place, 0, True),
            f"GET {v1}order": (orders.query, 1, True),
            f"DELETE {v1}order": (orders.cancel, 1, True),
            f"DELETE {v1}allOpenOrders": (orders.cancel_all, 1, True),
            f"GET {v1}openOrders": (orders.open_orders, 1, True),
            f"GET {v1}allOrders": (orders.all_orders, 5, True),
            f"POST {v1}countdownCancelAll": (orders.countdown, 10, True),
            f"POST {v1}algoOrder": (orders.place_algo, 0, True),
            f"GET {v1}algoOrder": (orders.query_algo, 1, True),
            f"DELETE {v1}algoOrder": (orders.cancel_algo, 1, True),
            f"DELETE {v1}algoOpenOrders": (orders.cancel_all_algos, 1, True),
            f"GET {v1}openAlgoOrders": (orders.open_algos, 1, True),
            f"GET {v1}allAlgoOrders": (orders.all_algos, 5, True),
            "GET /fapi/v2/positionRisk": (lambda params: account.positions(params, 2), 5, True),
            "GET /fapi/v3/positionRisk": (account.positions, 5, True),
            "GET /fapi/v2/account": (account.account, 5, True),
            "GET /fapi/v3/account": (account.account, 5, True),
            "GET /fapi/v2/balance": (account.balance, 5, True),
            "GET /fapi/v3/balance": (account.balance, 5, True),
            f"GET {v1}userTrades": (account.trades, 5, True),
            f"GET {v1}income": (account.income, 30, True),
            f"GET {v1}positionSide/dual": (account.position_mode, 30, True),
            f"POST {v1}positionSide/dual": (account.set_position_mode, 1, True),
            f"POST {v1}marginType": (account.set_margin_type, 1, True),
            f"POST {v1}leverage": (account.set_leverage, 1, True),
            f"GET {v1}multiAssetsMargin": (account.multi_assets_mode, 30, True),
            f"GET {v1}symbolConfig": (account.symbol_config, 5, True),
            f"GET {v1}accountConfig": (account.account_config, 5, True),
            f"GET {v1}commissionRate": (account.commission, 20, True),
            f"GET {v1}leverageBracket": (account.brackets, 1, True),
            "GET /sapi/v1/account/apiRestrictions": (account.api_restrictions, 1, True),
            f"POST {v1}listenKey": (account.open_listen_key, 1, False),
            f"PUT {v1}listenKey": (account.keep_listen_key, 1, False),
            f"DELETE {v1}listenKey": (account.close_listen_key, 1, False),
        }

    def answer(self, call: Call) -> Answer:
        blocked = self._blocked(call)
        if blocked is not None:
            return blocked
        headers = self._headers(call)
        found = self._routes.get(call.name)
        if found is None:
            return Answer(404, b"<html><body><h2>404 Not found</h2></body></html>", content_type="text/html")
        handler, _, is_signed = found
        try:
            if is_signed or call.path.endswith("listenKey"):
                self._check_key(call)
            if is_signed:
                self._check_signature(call)
            body = handler(call.params)
        except BinanceError as error:
            answer = error.answer()
            return Answer(answer.status, answer.body, headers)
        return answer_of(200, body, headers)

    def _weight(self, call: Call) -> float:
        weight = self._routes.get(call.name, (None, 1, False))[1]
        if call.path.endswith("depth"):
            limit = int(call.params.get("limit", "500"))
            return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20
        if call.path.endswith(("openOrders", "openAlgoOrders")) and "symbol" not in call.params:
            return 40
        if call.path.endswith("premiumIndex") and "symbol" not in call.params:
            return 10
        return weight

    def _blocked(self, call: Call) -> Answer | None:
        if not self.counts_weight:
            return None
        now_s = self.clock.mono_s()
        if now_s < self._banned_until_s:
            left = int(self._banned_until_s - now_s) + 1
            return banned(self.clock.ms() + left * 1_000, left)
        weight = self._weight(call)
        if weight and not self.weights.add("weight", self.weight_limit, weight):
            self._over += 1
            if self._over > GOING_ON:
                self._over, self._banned_until_s = 0, now_s + 120.0
            return too_many(int(60 - now_s % 60) + 1)
        if call.method == "POST" and call.path.endswith(("/order", "/algoOrder")):
            is_within = self.order_counts.add("orders", 300)
            if not self.order_minutes.add("orders", 1_200) or not is_within:
                return answer_of(
                    429, {"code": -1015, "msg": "Too many new orders; current limit is 300 orders per 10 SECOND."}
                )
        return None

    def _headers(self, call: Call) -> dict[str, str]:
        used = self.weights._windows.get("weight")
        headers = {"X-MBX-USED-WEIGHT-1M": str(int(used.used)) if used else "0"}
        if call.method == "POST" and call.path.endswith(("/order", "/algoOrder")):
            for name, windows in (("10S", self.order_counts), ("1M", self.order_minutes)):
                window = windows._windows.get("orders")
                headers[f"X-MBX-ORDER-COUNT-{name}"] = str(int(window.used)) if window else "0"
        return headers

    def _check_key(self, call: Call) -> None:
        key = call.headers.get("x-mbx-apikey", "")
        if not key:
            raise BinanceError(-2014, "API-key format invalid.", 401)
        if key != self.api_key or not self.keys_work:
            raise BinanceError(-2015, "Invalid API-key, IP, or permissions for action", 401)

    def _check_signature(self, call: Call) -> None:
        signed = call.query + call.body
        payload, _, signature = signed.rpartition("&signature=")
        if not signature:
            raise missing("signature")
        expected = hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise BinanceError(-1022, "Signature for this request is not valid.")
        if not call.params.get("timestamp", "").isdigit():
            raise missing("timestamp")
        stamp, window = int(call.params["timestamp"]), int(call.params.get("recvWindow", "5000"))
        if window > 60_000:
            raise BinanceError(-1131, "recvWindow must be less than 60000")
        now_ms = self.clock.ms()
        if stamp > now_ms + 1_000:
            raise BinanceError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now_ms - stamp > window:
            raise BinanceError(-1021, "Timestamp for this request is outside of the recvWindow.")


def parsed(answer: Answer) -> Any:
    return json.loads(answer.body)
