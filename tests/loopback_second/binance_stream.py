"""Binance USD-M WebSockets: `/public/ws/N` and `/market/ws/N` with SUBSCRIBE, `/private/ws?listenKey=` for the account.

Sources: venue notes 1.2 (roots since 2026-03, which stream is on which root, at most 10 messages a second from a
client, a ping every 3 minutes), recorded frames (wire/BINANCE_FUTURES.ws), liquidation frames (fixtures). Events of
one kind are strictly ordered ("User Data Streams"). After a trigger fires the order's own updates come before
ALGO_UPDATE TRIGGERED and FINISHED (nautilus_trader issue 3664). `listenKeyExpired` is said to the stream that loses
its key.
Silent: what a wrong root does with a stream of the other (here: it is acknowledged and nothing comes, venue notes
0.1).
"""

import json
from typing import Any

from aiohttp import web

from tests.loopback_second.amounts import padded, text
from tests.loopback_second.binance_account import BinanceAccount
from tests.loopback_second.binance_rows import account_event, algo_event, lite_event, order_event
from tests.loopback_second.clock import Clock
from tests.loopback_second.market import Market, Print
from tests.loopback_second.matching import FORCED
from tests.loopback_second.outlet import Line, Outlet
from tests.loopback_second.records import Event
from tests.loopback_second.web_site import texts

PUBLIC_STREAMS = ("depth", "bookTicker", "trade")
MESSAGES_PER_S = 10
EXECUTIONS = {"NEW": "NEW", "CANCELED": "CANCELED", "EXPIRED": "EXPIRED"}


def user_topic(listen_key: str) -> str:
    return f"user:{listen_key}"


class BinanceStreams:
    def __init__(self, clock: Clock, market: Market, account: BinanceAccount) -> None:
        self.clock = clock
        self.market = market
        self.account = account
        self.public = Outlet()
        self.private = Outlet()
        self._pushed: dict[str, int] = {}
        self._ladder: dict[str, tuple[set[str], set[str]]] = {}
        market.on_price.append(self._price_moved)
        market.on_print.append(self._printed)
        account.matching.on_event.append(self._happened)

    # Sockets

    async def serve(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        root = request.path.strip("/").split("/")[0]
        if root == "private":
            await self._serve_private(request, socket)
        else:
            await self._kept(self.public, Line(socket), socket, root, request.path)

    async def _serve_private(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        key = request.query.get("listenKey") or request.path.rsplit("/", 1)[-1]
        if key != self.account.listen_key or not key:
            await socket.close(code=1008)
            return
        line = Line(socket)
        line.topics = {user_topic(key)}
        await self._kept(self.private, line, socket, "", request.path)

    async def _kept(self, outlet: Outlet, line: Line, socket: web.WebSocketResponse, root: str, path: str) -> None:
        outlet.join(line, path)
        second, count = 0, 0
        try:
            async for message in texts(socket):
                now = int(self.clock.mono_s())
                second, count = now, count + 1 if now == second else 1
                if count > MESSAGES_PER_S:
                    await line.close(1008)
                    return
                self._asked(line, root, json.loads(message))
                outlet.on_received(message)
        finally:
            outlet.leave(line)

    def _asked(self, line: Line, root: str, message: dict[str, Any]) -> None:
        method, names = message.get("method"), message.get("params") or []
        if method == "SUBSCRIBE":
            line.topics |= {name for name in names if self._is_of(name, root)}
        elif method == "UNSUBSCRIBE":
            line.topics -= set(names)
        elif method == "LIST_SUBSCRIPTIONS":
            line.send(json.dumps({"result": sorted(line.topics), "id": message.get("id")}))
            return
        else:
            error = {"code": 2, "msg": f"Invalid request: unknown variant `{method}`"}
            line.send(json.dumps({"error": error, "id": message.get("id")}))
            return
        line.send(json.dumps({"result": None, "id": message.get("id")}))

    @staticmethod
    def _is_of(name: str, root: str) -> bool:
        kind = name.split("@")[1] if "@" in name else name
        is_public = kind.startswith(PUBLIC_STREAMS)
        return is_public == (root == "public")

    # Public events

    def _notify(self, topic: str, body: dict[str, Any]) -> None:
        self.public.push(topic, json.dumps(body, separators=(",", ":")))

    def _price_moved(self, instrument: str) -> None:
        book = self.market.books[instrument]
        name, now_ms = instrument.lower(), self.clock.ms()
        ticker = {
            "e": "bookTicker",
            "u": book.sequence,
            "s": instrument,
            "b": text(book.bid),
            "B": text(book.depth),
            "a": text(book.ask),
            "A": text(book.depth),
            "T": now_ms,
            "E": now_ms,
        }
        self._notify(f"{name}@bookTicker", ticker)
        delta = self._delta(instrument)
        for rate in ("", "@100ms", "@250ms", "@500ms", "@0ms"):
            self._notify(f"{name}@depth{rate}", delta)
        self.push_mark(instrument)

    def _delta(self, instrument: str) -> dict[str, Any]:
        """Levels gone are told with quantity 0; `pu` is the `u` before."""
        book = self.market.books[instrument]
        tick, lot = book.instrument.tick, book.instrument.lot
        bids = {padded(price, tick): padded(qty, lot) for price, qty in book.bids()}
        asks = {padded(price, tick): padded(qty, lot) for price, qty in book.asks()}
        old_bids, old_asks = self._ladder.get(instrument, (set(), set()))
        self._ladder[instrument] = (set(bids), set(asks))
        before = self._pushed.get(instrument, book.sequence - 1)
        self._pushed[instrument] = book.sequence
        now_ms = self.clock.ms()
        return {
            "e": "depthUpdate",
            "E": now_ms,
            "T": now_ms,
            "s": instrument,
            "U": before + 1,
            "u": book.sequence,
            "pu": before,
            "b": [[price, "0"] for price in sorted(old_bids - set(bids))] + [list(one) for one in bids.items()],
            "a": [[price, "0"] for price in sorted(old_asks - set(asks))] + [list(one) for one in asks.items()],
        }

    def push_mark(self, instrument: str) -> None:
        book = self.market.books[instrument]
        now_ms = self.clock.ms()
        step = book.instrument.interval_h * 3_600_000
        body = {
            "e": "markPriceUpdate",
            "E": now_ms,
            "s": instrument,
            "p": f"{book.mark:.8f}",
            "ap": f"{book.mark:.8f}",
            "P": f"{book.mark:.8f}",
            "i": f"{book.index:.8f}",
            "r": f"{book.funding:.8f}",
            "T": (now_ms // step + 1) * step,
        }
        for rate in ("", "@1s"):
            self._notify(f"{instrument.lower()}@markPrice{rate}", body)

    def _printed(self, trade: Print) -> None:
        name, is_maker = trade.instrument.lower(), trade.taker_side == "SELL"
        shared = {"E": trade.at_ms, "s": trade.instrument, "p": text(trade.price), "q": text(trade.qty)}
        shared |= {"T": trade.at_ms, "m": is_maker}
        aggregate = {"e": "aggTrade", "a": trade.id, "nq": text(trade.qty), "f": trade.id, "l": trade.id}
        self._notify(f"{name}@aggTrade", aggregate | shared)
        self._notify(f"{name}@trade", {"e": "trade", "t": trade.id, "X": "MARKET"} | shared)

    def push_forced(self, instrument: str, side: str, qty: str, price: str) -> None:
        """Somebody else's liquidation; `side` is the order's (SELL closes a long)."""
        now_ms = self.clock.ms()
        order = {"s": instrument, "S": side, "o": "LIMIT", "f": "IOC", "q": qty, "p": price, "ap": price}
        order |= {"X": "FILLED", "l": qty, "z": qty, "T": now_ms}
        body = {"e": "forceOrder", "E": now_ms, "o": order}
        self._notify(f"{instrument.lower()}@forceOrder", body)
        self._notify("!forceOrder@arr", body)

    # The account's events

    def emit(self, body: dict[str, Any]) -> None:
        if self.account.listen_key:
            self.private.push(user_topic(self.account.listen_key), json.dumps(body, separators=(",", ":")))

    def _happened(self, event: Event) -> None:
        now_ms = self.clock.ms()
        if event.what == "order" and event.order is not None:
            if event.order.source in FORCED and event.detail == "NEW":
                return
            self.emit(order_event(event.order, EXECUTIONS[event.detail], None, now_ms))
        elif event.what == "trade" and event.order is not None and event.fill is not None:
            is_forced = event.order.source in FORCED
            self.emit(order_event(event.order, "CALCULATED" if is_forced else "TRADE", event.fill, now_ms))
            self.emit(lite_event(event.fill, now_ms))
        elif event.what == "balance":
            self.emit(account_event(event.detail, event.keys, self.account.ledger, now_ms))
        elif event.what == "trigger" and event.trigger is not None:
            self.emit(algo_event(event.trigger, now_ms))

    def push_config(self, symbol: str, leverage: int) -> None:
        now_ms = self.clock.ms()
        self.emit({"e": "ACCOUNT_CONFIG_UPDATE", "E": now_ms, "T": now_ms, "ac": {"s": symbol, "l": leverage}})

    def expire_listen_key(self) -> None:
        """The stream that has it is told, and hears nothing from then on."""
        key = self.account.listen_key
        self.emit({"e": "listenKeyExpired", "E": self.clock.ms(), "listenKey": key})
        self.account.listen_key = ""
