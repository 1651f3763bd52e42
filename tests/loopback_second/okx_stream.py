"""OKX WebSockets: /ws/v5/public, /private, /business; login, subscriptions, the account's channels.

Sources: venue notes 1.3; ccxt 4.5.90 (pro/okx.py: login, channels and which socket they are on, error texts
60xxx/64xxx); recorded frames (wire/OKX.ws). The text `ping` is answered `pong`; a socket without traffic for 30 s is
closed (4004). Private channels need a login (60011); orders-algo lives on the business socket (64001 elsewhere);
positions and account send a snapshot first. A book's snapshot comes with the first subscription on a socket only
(seen in venue notes 1.3 as unsubscribe and subscribe giving one anew).
Silent: the order in which orders and positions speak of the same trade (here: orders, then positions, then account).
"""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

from aiohttp import web

from tests.loopback_second.amounts import padded, text
from tests.loopback_second.clock import Clock
from tests.loopback_second.market import Market, Print
from tests.loopback_second.okx_account import OkxAccount
from tests.loopback_second.okx_orders import OkxOrders
from tests.loopback_second.okx_public import OkxPublic, ladder
from tests.loopback_second.okx_rows import balance_row, order_push
from tests.loopback_second.outlet import Line, Outlet
from tests.loopback_second.records import Event, Order
from tests.loopback_second.web_site import texts

SILENCE_S = 30.0
LOGIN_WINDOW_S = 30
PRIVATE = {"orders": "private", "positions": "private", "account": "private", "orders-algo": "business"}
PUBLIC = frozenset(
    [
        "trades",
        "books",
        "books5",
        "bbo-tbt",
        "tickers",
        "mark-price",
        "index-tickers",
        "funding-rate",
        "liquidation-orders",
        "open-interest",
    ]
)
Keys = tuple[str, str, str]


def topic_of(arg: dict[str, Any]) -> str:
    """`channel:instId`; the account's channels speak of all instruments at once."""
    instrument = "" if arg.get("channel") in PRIVATE else arg.get("instId", "")
    return f"{arg.get('channel')}:{instrument}"


class OkxStreams:
    def __init__(self, clock: Clock, market: Market, public: OkxPublic, orders: OkxOrders, account: OkxAccount) -> None:
        self.clock = clock
        self.market = market
        self.rest = public
        self.orders = orders
        self.account = account
        self.public = Outlet()
        self.private = Outlet()
        self.keys: Keys = ("", "", "")
        self.keys_work = True
        self._ladder: dict[str, tuple[set[str], set[str]]] = {}
        market.on_price.append(self._price_moved)
        market.on_print.append(self._printed)
        orders.matching.on_event.append(self._happened)

    # Sockets

    async def serve(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        kind = request.path.rstrip("/").rsplit("/", 1)[-1]
        if kind not in ("public", "private", "business"):
            await socket.close(code=1008)
            return
        outlet = self.public if kind == "public" else self.private
        line = Line(socket)
        outlet.join(line, request.path)
        watch = asyncio.create_task(self._watch_silence(line))
        line.received_s = self.clock.mono_s()
        try:
            async for message in texts(socket):
                line.received_s = self.clock.mono_s()
                if message == "ping":
                    line.send("pong")
                else:
                    self._asked(line, kind, message)
                outlet.on_received(message)
        finally:
            watch.cancel()
            outlet.leave(line)

    async def _watch_silence(self, line: Line) -> None:
        while True:
            await asyncio.sleep(1.0)
            if self.clock.mono_s() - line.received_s > SILENCE_S:
                await line.close(4004)
                return

    def _asked(self, line: Line, kind: str, message: str) -> None:
        try:
            request = json.loads(message)
        except ValueError:
            self._error(line, "60012", f"Invalid request: {message}")
            return
        op, args = request.get("op"), request.get("args") or []
        if op == "login":
            self._login(line, kind, args)
        elif op in ("subscribe", "unsubscribe"):
            for arg in args:
                self._subscription(line, kind, op, arg)
        else:
            self._error(line, "60012", f"Invalid request: {message}")

    def _error(self, line: Line, code: str, msg: str) -> None:
        line.send(json.dumps({"event": "error", "code": code, "msg": msg, "connId": "a4d3ae55"}))

    def _login(self, line: Line, kind: str, args: list[dict[str, str]]) -> None:
        given = args[0] if args else {}
        key, secret, passphrase = self.keys
        if kind == "public":
            return self._error(line, "60008", "Login is not supported for public channels")
        if given.get("apiKey") != key or not self.keys_work:
            return self._error(line, "60005", "Invalid apiKey")
        if given.get("passphrase") != passphrase:
            return self._error(line, "60024", "Wrong passphrase")
        stamp = given.get("timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) - self.clock.ms() / 1_000) > LOGIN_WINDOW_S:
            return self._error(line, "60006", "Timestamp request expired")
        digest = hmac.new(secret.encode(), f"{stamp}GET/users/self/verify".encode(), hashlib.sha256).digest()
        if base64.b64encode(digest).decode() != given.get("sign"):
            return self._error(line, "60007", "Invalid sign")
        line.logged_in = True
        line.send(json.dumps({"event": "login", "msg": "", "code": "0", "connId": "a4d3ae55"}))
        return None

    def _subscription(self, line: Line, kind: str, op: str, arg: dict[str, Any]) -> None:
        channel, topic = str(arg.get("channel")), topic_of(arg)
        home = PRIVATE.get(channel, "public" if channel in PUBLIC else "")
        if not home:
            return self._error(
                line, "60018", f"Wrong URL or channel:{channel},instId:{arg.get('instId')} doesn't exist."
            )
        if home != kind:
            if home == "business":
                return self._error(line, "64001", "This channel has been migrated to the '/business' URL.")
            return self._error(line, "60018", f"Wrong URL or channel:{channel} doesn't exist.")
        if home != "public" and not line.logged_in:
            return self._error(line, "60011", "Please log in")
        is_new = topic not in line.topics
        line.topics = line.topics | {topic} if op == "subscribe" else line.topics - {topic}
        line.send(json.dumps({"event": op, "arg": arg, "connId": "a4d3ae55"}))
        if op == "subscribe" and is_new:
            self._first(line, channel, arg)
        return None

    def _first(self, line: Line, channel: str, arg: dict[str, Any]) -> None:
        """What a channel says at once."""
        book = self.market.books.get(arg.get("instId", ""))
        body: dict[str, Any] = {"arg": arg}
        if channel in ("books", "books5") and book is not None:
            body |= {"action": "snapshot", "data": [self._book_row(book.instrument.id, -1)]}
            if channel == "books5":
                del body["action"]
        elif channel == "positions":
            body["data"] = [self.account.row(one) for one in self.account.ledger.open_positions()]
        elif channel == "account":
            body["data"] = [balance_row(self.account.ledger, self.clock.ms())]
        elif channel == "mark-price" and book is not None:
            body["data"] = [self.rest.mark_row(book)]
        elif channel == "tickers" and book is not None:
            body["data"] = [self.rest.ticker_row(book)]
        elif channel == "funding-rate" and book is not None:
            body["data"] = [self.rest.funding_row(book)]
        else:
            return
        line.send(json.dumps(body, separators=(",", ":")))

    # Public events

    def _notify(self, channel: str, instrument: str, rows: list[Any], **more: str) -> None:
        body = {"arg": {"channel": channel, "instId": instrument}, **more, "data": rows}
        self.public.push(f"{channel}:{instrument}", json.dumps(body, separators=(",", ":")))

    def _book_row(self, instrument: str, before: int) -> dict[str, Any]:
        book = self.market.books[instrument]
        one = book.instrument
        asks, bids = ladder(book.asks(), one), ladder(book.bids(), one)
        row = {"asks": asks, "bids": bids, "ts": str(self.clock.ms()), "checksum": 0}
        return row | {"prevSeqId": before, "seqId": book.sequence}

    def _price_moved(self, instrument: str) -> None:
        book = self.market.books[instrument]
        one = book.instrument
        bids, asks = ({padded(price, one.tick) for price, _ in side} for side in (book.bids(), book.asks()))
        old_bids, old_asks = self._ladder.get(instrument, (set(), set()))
        self._ladder[instrument] = (bids, asks)
        update = self._book_row(instrument, book.sequence - 1)
        update["bids"] += [[price, "0", "0", "0"] for price in sorted(old_bids - bids)]
        update["asks"] += [[price, "0", "0", "0"] for price in sorted(old_asks - asks)]
        self._notify("books", instrument, [update], action="update")
        top = {"asks": ladder(book.asks(1), one), "bids": ladder(book.bids(1), one), "ts": str(self.clock.ms())}
        self._notify("bbo-tbt", instrument, [top | {"seqId": book.sequence}])
        self._notify("tickers", instrument, [self.rest.ticker_row(book)])
        self.push_mark(instrument)

    def push_mark(self, instrument: str) -> None:
        book = self.market.books[instrument]
        self._notify("mark-price", instrument, [self.rest.mark_row(book)])
        index = self.rest.index_row(book)
        self._notify("index-tickers", index["instId"], [index])

    def _printed(self, trade: Print) -> None:
        row = {"instId": trade.instrument, "tradeId": str(trade.id), "px": text(trade.price), "sz": text(trade.qty)}
        row |= {"side": trade.taker_side.lower(), "ts": str(trade.at_ms), "count": "1"}
        self._notify("trades", trade.instrument, [row])

    def push_forced(self, instrument: str, pos_side: str, qty: str, price: str) -> None:
        """Somebody else's liquidation; the side is the position's."""
        side = "sell" if pos_side == "long" else "buy"
        detail = {"bkLoss": "0", "bkPx": price, "ccy": "", "posSide": pos_side, "side": side, "sz": qty}
        detail["ts"] = str(self.clock.ms())
        family = instrument.removesuffix("-SWAP")
        row = {"details": [detail], "instFamily": family, "instId": instrument, "instType": "SWAP", "uly": family}
        body = {"arg": {"channel": "liquidation-orders", "instType": "SWAP"}, "data": [row]}
        self.public.push("liquidation-orders:", json.dumps(body, separators=(",", ":")))

    # The account's events

    def emit(self, channel: str, row: dict[str, Any]) -> None:
        arg = {"channel": channel, "instType": "ANY", "uid": "44705892343619584"}
        self.private.push(f"{channel}:", json.dumps({"arg": arg, "data": [row]}, separators=(",", ":")))

    def _happened(self, event: Event) -> None:
        if event.what == "order" and event.order is not None:
            self._push_order(event.order, event)
        elif event.what == "trade" and event.order is not None and event.fill is not None:
            self._push_order(event.order, event)
            self.emit("positions", self.account.row(self.account.ledger.position(event.fill.key)))
            self.emit("account", balance_row(self.account.ledger, self.clock.ms()))
        elif event.what == "balance" and event.detail == "FUNDING_FEE":
            self.emit("positions", self.account.row(self.account.ledger.position(event.keys[0])))
            self.emit("account", balance_row(self.account.ledger, self.clock.ms()))
        elif event.what == "trigger" and event.trigger is not None and event.detail not in ("TRIGGERING", "FINISHED"):
            self.emit("orders-algo", self.orders.algo(event.trigger))

    def _push_order(self, order: Order, event: Event) -> None:
        key = self.orders.matching.key_of(order.instrument, order.mode, order.pos_side)
        trigger = self.orders.triggers.triggers.get(order.trigger_id)
        self.emit("orders", order_push(order, event.fill, trigger, self.account.ledger.leverage(key)))

    def push_positions(self) -> None:
        """The push that comes every few seconds, changed or not."""
        for position in self.account.ledger.open_positions():
            self.emit("positions", self.account.row(position))
