"""OKX on 127.0.0.1, in the shapes of the real one (checked against captures of it)."""

import itertools
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.loopback.bars import bars_between
from tests.loopback.venue_server import Socket, VenueServer

CONTRACTS = {"BTC": ("0.01", "0.1"), "ETH": ("0.1", "0.01"), "SOL": ("1", "0.01"), "XRP": ("100", "0.0001")}
"""Base coins in a contract, and tick, by base coin."""
MINUTES_5_MS = 300_000
HOURS_8_MS = 28_800_000


def instrument(base: str) -> dict[str, str]:
    """A perpetual as the instruments endpoint lists it."""
    unit, tick = CONTRACTS[base]
    empty = dict.fromkeys(("alias", "baseCcy", "quoteCcy", "expTime", "optType", "stk"), "")
    return {
        **empty,
        "category": "1",
        "ctMult": "1",
        "ctType": "linear",
        "ctVal": unit,
        "ctValCcy": base,
        "instFamily": f"{base}-USDT",
        "instId": f"{base}-USDT-SWAP",
        "instType": "SWAP",
        "lever": "100",
        "listTime": "1611916828000",
        "lotSz": "0.01",
        "minSz": "0.01",
        "maxLmtSz": "100000000",
        "maxMktSz": "35000",
        "settleCcy": "USDT",
        "state": "live",
        "tickSz": tick,
        "uly": f"{base}-USDT",
    }


def topic(channel: str, inst: str) -> str:
    """How a subscription is remembered."""
    return f"{channel}:{inst}"


class OkxVenue(VenueServer):
    """Its books, ratios and rates are plain attributes: set them, and the next answer says so."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.bases = list(CONTRACTS)
        self.instruments: list[dict[str, str]] | None = None
        self.rates: dict[str, str] = {}
        self.interval_ms: dict[str, int] = {}
        self.ratio: dict[str, float] = {}
        self.interest: dict[str, list[float]] = {}
        self.pongs = 0
        self._sequence: dict[str, int] = {}
        self._sequences = itertools.count(10_000)

    # -- REST

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """The public endpoints that the feeds ask. OKX answers 200 to almost everything: its code says the rest."""
        answer = self._answers().get(path)
        if answer is None:
            return web.json_response({"code": "404", "data": [], "msg": "Not Found"}, status=404)
        inst = query.get("instId")
        if inst is not None and inst.split("-")[0] not in self.bases:
            message = "Instrument ID does not exist"
            return web.json_response({"code": "51001", "data": [], "msg": message})
        return web.json_response({"code": "0", "msg": "", "data": answer(query)})

    def _answers(self) -> dict[str, Callable[[dict[str, str]], Any]]:
        return {
            "/api/v5/public/instruments": lambda _: self.instruments or [instrument(base) for base in self.bases],
            "/api/v5/public/time": lambda _: [{"ts": str(self.now_ms())}],
            "/api/v5/market/candles": self._candles,
            "/api/v5/public/mark-price": lambda query: [{"instId": query["instId"], "markPx": "100.0"}],
            "/api/v5/public/funding-rate": lambda query: [self._funding(query["instId"])],
            "/api/v5/public/open-interest": lambda query: [self._open_interest(query["instId"])],
            "/api/v5/rubik/stat/contracts/open-interest-history": self._open_interest_history,
            "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract": self._ratio,
        }

    def _candles(self, query: dict[str, str]) -> list[list[str]]:
        """Newest first: contracts, coins and USDT traded in each. `before` and `after` are exclusive."""
        first_ms, last_ms = int(query["before"]) + 1, int(query["after"]) - 1
        bars = bars_between(first_ms, last_ms, self.now_ms(), min(300, int(query["limit"])))
        return [[str(bar.start_ms), *bar[1:5], "250", bar.volume, "250.0", "1"] for bar in reversed(bars)]

    def _funding(self, inst: str) -> dict[str, str]:
        interval_ms = self.interval_ms.get(inst, HOURS_8_MS)
        next_ms = (self.now_ms() // interval_ms + 1) * interval_ms
        return {
            "formulaType": "withRate",
            "fundingRate": self.rates.get(inst, "0.0001"),
            "fundingTime": str(next_ms),
            "impactValue": "20000",
            "instId": inst,
            "instType": "SWAP",
            "interestRate": "0.0001",
            "method": "current_period",
            "nextFundingRate": "",
            "nextFundingTime": str(next_ms + interval_ms),
            "premium": "0.0001",
            "settFundingRate": "0.0001",
            "settState": "settled",
            "ts": str(self.now_ms()),
        }

    def _newest(self, inst: str) -> float:
        return self.interest.get(inst, [1_000_000.0])[-1]

    def _open_interest(self, inst: str) -> dict[str, str]:
        base = self._newest(inst) * float(CONTRACTS[inst.split("-")[0]][0])
        return {
            "instId": inst,
            "instType": "SWAP",
            "oi": f"{self._newest(inst)}",
            "oiCcy": f"{base}",
            "oiUsd": f"{base * 100.0}",
            "ts": str(self.now_ms()),
        }

    def _open_interest_history(self, query: dict[str, str]) -> list[list[str]]:
        """Newest first, as [ts, contracts, base, usd]."""
        inst = query["instId"]
        unit = float(CONTRACTS[inst.split("-")[0]][0])
        values = self.interest.get(inst, [1_000_000.0] * 300)
        newest_ms = self.now_ms() // MINUTES_5_MS * MINUTES_5_MS
        rows = [
            [str(newest_ms - MINUTES_5_MS * at), f"{value}", f"{value * unit}", f"{value * unit * 100.0}"]
            for at, value in enumerate(reversed(values))
        ]
        earliest_ms, latest_ms = int(query.get("begin", "0")), int(query.get("end", str(newest_ms + 1)))
        inside = [row for row in rows if earliest_ms <= int(row[0]) <= latest_ms]
        return inside[: min(100, int(query.get("limit", "100")))]

    def _ratio(self, query: dict[str, str]) -> list[list[str]]:
        """Newest first, bars that ended, stamped at their start; only the ratio of long to short accounts is given."""
        newest_ms = (self.now_ms() // MINUTES_5_MS - 1) * MINUTES_5_MS
        ratio = self.ratio.get(query["instId"], 1.0)
        return [[str(newest_ms - MINUTES_5_MS * at), f"{ratio}"] for at in range(int(query.get("limit", "1")))]

    # -- stream

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """Text pings, and subscriptions, each acknowledged by itself; a book's snapshot follows its first one."""
        if frame == "ping":
            self.pongs += 1
            if not self.stalled:
                await socket.send("pong")
            return
        for arg in frame["args"]:
            name = topic(arg["channel"], arg.get("instId") or arg["instType"])
            new = name not in socket.topics
            if frame["op"] == "subscribe":
                socket.topics.add(name)
            else:
                socket.topics.discard(name)
            if self.stalled:
                continue
            await socket.send(_text({"event": frame["op"], "arg": arg, "connId": "a4d3ae55"}))
            if arg["channel"] == "books" and frame["op"] == "subscribe" and new:
                await socket.send(_text(self.snapshot(arg["instId"])))

    def snapshot(self, inst: str) -> dict[str, Any]:
        """The book as a subscription's first message has it."""
        sequence = self._sequence.setdefault(inst, next(self._sequences))
        asks = [["100.1", "400", "0", "4"], ["101", "600", "0", "6"]]
        bids = [["100", "500", "0", "5"], ["99", "700", "0", "7"]]
        return self._book(inst, "snapshot", bids, asks, -1, sequence)

    def _book(
        self, inst: str, action: str, bids: list[list[str]], asks: list[list[str]], before: int, after: int
    ) -> Any:
        body = {
            "asks": asks,
            "bids": bids,
            "ts": str(self.now_ms()),
            "checksum": 0,
            "seqId": after,
            "prevSeqId": before,
        }
        return {"arg": {"channel": "books", "instId": inst}, "action": action, "data": [body]}

    async def depth(self, inst: str, bids: list[list[str]], asks: list[list[str]], skip: int = 0) -> None:
        """One change to the book, following on the last; with `skip` the message before it never arrived."""
        before = self._sequence[inst] + skip
        self._sequence[inst] = before + 1
        levels = [[[*level, "0", "1"] for level in side] for side in (bids, asks)]
        frame = self._book(inst, "update", levels[0], levels[1], before, before + 1)
        await self.push(topic("books", inst), frame)

    async def trade(self, inst: str, trade_id: int, price: float, contracts: float, buyer: bool = True) -> None:
        """One trade, stamped now."""
        await self.push(topic("trades", inst), self.trade_frame(inst, trade_id, price, contracts, buyer))

    def trade_frame(
        self, inst: str, trade_id: int, price: float, contracts: float, buyer: bool = True, count: int = 1
    ) -> dict[str, Any]:
        """A taker's order that met `count` makers; `trade_id` is that of the last."""
        row = {
            "instId": inst,
            "tradeId": str(trade_id),
            "px": f"{price}",
            "sz": f"{contracts}",
            "side": "buy" if buyer else "sell",
            "ts": str(self.now_ms()),
            "count": str(count),
        }
        return {"arg": {"channel": "trades", "instId": inst}, "data": [row]}

    async def top(self, inst: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        """One bbo-tbt."""
        row = {
            "asks": [[f"{ask}", f"{ask_qty}", "0", "17"]],
            "bids": [[f"{bid}", f"{bid_qty}", "0", "2"]],
            "ts": str(self.now_ms()),
            "seqId": next(self._sequences),
        }
        await self.push(topic("bbo-tbt", inst), {"arg": {"channel": "bbo-tbt", "instId": inst}, "data": [row]})

    async def mark(self, inst: str, mark: float, index: float) -> None:
        """The index first, then the mark, each on its own channel."""
        name = inst.removesuffix("-SWAP")
        ts = str(self.now_ms())
        row = {"instId": name, "idxPx": f"{index}", "open24h": f"{index}", "ts": ts}
        await self.push(
            topic("index-tickers", name), {"arg": {"channel": "index-tickers", "instId": name}, "data": [row]}
        )
        row = {"instType": "SWAP", "instId": inst, "markPx": f"{mark}", "ts": ts}
        await self.push(topic("mark-price", inst), {"arg": {"channel": "mark-price", "instId": inst}, "data": [row]})

    def liquidation_frame(self, inst: str, price: float, contracts: float, long: bool) -> dict[str, Any]:
        """A forced order; `posSide` names the position."""
        detail = {
            "bkLoss": "0",
            "bkPx": f"{price}",
            "ccy": "",
            "posSide": "long" if long else "short",
            "side": "sell" if long else "buy",
            "sz": f"{contracts}",
            "ts": str(self.now_ms()),
        }
        family = inst.removesuffix("-SWAP")
        row = {"details": [detail], "instFamily": family, "instId": inst, "instType": "SWAP", "uly": family}
        return {"arg": {"channel": "liquidation-orders", "instType": "SWAP"}, "data": [row]}


def _text(frame: Any) -> str:
    return json.dumps(frame, separators=(",", ":"))
