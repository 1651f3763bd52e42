"""A second venue behind the first one's interface: the suites and chaos run on either, unchanged.

What is asked goes to the second one's engine; the words for faults (`venue.faults.add(dropped_after(), roles=...)`) and
for the account's stream (`venue.user_stream`) are the first one's classes, before the second's REST and sockets.
"""

import asyncio
import itertools
import json
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback.matching_terms import Execution, Reason, Refused
from tests.loopback.okx_bodies import OTHER_MODE
from tests.loopback.trading_faults import Fault, FaultAnswer, Faults, Loss, Rule, stale
from tests.loopback.trading_stream import UserStream
from tests.loopback.trading_venue import Call as SeenCall
from tests.loopback_second import records
from tests.loopback_second.bridge_answers import FORBIDDEN, parsed, response_of, truncated
from tests.loopback_second.bridge_core import CoreView, WatchView
from tests.loopback_second.bridge_views import AlgoView, OrderView
from tests.loopback_second.clock import Clock, wall_ms
from tests.loopback_second.faults import Answer, Call
from tests.loopback_second.hands import Hands
from tests.loopback_second.outlet import Line
from tests.loopback_second.records import Event, Key, Position
from tests.loopback_second.web_site import Site


def loop_clock(now_ms: Callable[[], int]) -> Clock:
    """The running loop's time, which in the fault tests jumps."""
    try:
        return Clock(now_ms, asyncio.get_running_loop().time)
    except RuntimeError:
        return Clock(now_ms)


@dataclass(frozen=True)
class BridgedCall(SeenCall):
    """With the second venue's own form of it."""

    mine: Call | None = None


class SocketView:
    """A line of the second venue as the user stream sees sockets."""

    def __init__(self, line: Line, path: str) -> None:
        self._line = line
        self.path = path

    @property
    def topics(self) -> set[str]:
        return self._line.topics

    @property
    def ws(self) -> web.WebSocketResponse:
        return self._line.socket

    @property
    def transport(self) -> Any:
        return self._line.transport

    async def send(self, text: str) -> None:
        self._line.send(text)


class Bridge(Site):
    """Mixed in before a second venue."""

    name: str
    matching: Any
    market: Any
    ledger: Any
    triggers: Any
    list_faults: Any
    bare: Any
    streams: Any
    liquidation: Any
    keys_work: bool

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(clock=loop_clock(now_ms), wallet=Decimal(str(wallet_usd)))  # type: ignore[call-arg]
        self.now_ms = self.clock.ms
        self.seen: list[BridgedCall] = []
        self.faults = Faults()  # type: ignore[assignment]
        self.user_stream = UserStream(self.private_sockets)  # type: ignore[arg-type]
        self.core = CoreView(self)
        self.watch = WatchView(self)
        self.received: list[Any] = []
        self.waiting: list[BridgedCall] = []
        self._frozen: list[Position] = []
        self._prints = itertools.count(1)
        self._timers: list[asyncio.TimerHandle] = []
        self.streams.private.push = self._push
        self.streams.private.on_received = self._note
        self.matching.on_event.append(lambda event: self._note())
        self._changed = asyncio.Event()
        self.counts_nothing()

    @abstractmethod
    def counts_nothing(self) -> None:
        """The first venues count no requests unless they are told to."""

    @property
    def calls(self) -> Any:
        return self.seen

    @calls.setter
    def calls(self, wanted: Any) -> None:
        """The second venue keeps its own list; here they are kept with their roles."""

    # Lives

    async def start(self, port: int = 0) -> None:
        await super().start(port or self._port)
        self.user_stream.start()

    async def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        await self.user_stream.stop()
        await super().stop()

    async def go_down(self) -> None:
        self.cut_all()
        await self.stop()

    async def come_back(self) -> None:
        await self.start()

    def _note(self, message: Any = None) -> None:
        if message is not None:
            self.received.append(parsed(message))
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    # Looking

    @property
    def positions(self) -> dict[str, Decimal]:
        return {name: one.qty for name, one in self.core.positions.items() if one.qty}

    def held(self, asset: str) -> float:
        symbol = self.symbol(asset)
        return float(self.core.positions[symbol].qty * self.ledger.contract(symbol))

    @property
    def open_orders(self) -> list[OrderView]:
        return self.core.open_orders()

    @property
    def algo_orders(self) -> list[AlgoView]:
        return self.core.algos.open()

    @property
    def executions(self) -> list[Execution]:
        return self.core.executions

    def called(self, *roles: str) -> list[BridgedCall]:
        return [call for call in self.seen if call.role in roles]

    def private_sockets(self) -> list[SocketView]:
        return [SocketView(line, line.path) for line in self.streams.private.lines]

    # Doing

    @abstractmethod
    def symbol(self, asset: str) -> str: ...

    def units(self, asset: str, qty: float) -> Decimal:
        return Decimal(str(qty)) / self.ledger.contract(self.symbol(asset))

    def set_price(self, asset: str, bid: float, ask: float, mark: float | None = None) -> None:
        self.core.set_price(self.symbol(asset), bid, ask, mark)

    async def move(self, asset: str, bid: float, ask: float, mark: float | None = None) -> None:
        self.set_price(asset, bid, ask, mark)
        symbol = self.symbol(asset)
        self.market.print(symbol, self.market.books[symbol].price, Decimal(1), "BUY")

    def trade_by_hand(self, asset: str, side: str, qty: float) -> OrderView:
        symbol = self.symbol(asset)
        try:
            order = Hands(self).market(symbol, side, self.units(asset, qty), pos_side=self._hand_side(symbol, side))  # type: ignore[arg-type]
        except records.Refused as refused:
            raise Refused(Reason.BELOW_NOTIONAL, str(refused)) from refused
        return OrderView(order)

    def _hand_side(self, symbol: str, side: str) -> str:
        """In hedge mode a hand closes what is open against it, and else opens its own side."""
        if not self.matching.rules.hedged:
            return ""
        way = 1 if side == "buy" else -1
        open_ways = [one.direction for one in self.ledger.open_positions() if one.key.instrument == symbol]
        return self.side_name(-way if -way in open_ways else way)

    def _one(self, asset: str) -> Position:
        held = [one for one in self.ledger.open_positions() if one.key.instrument == self.symbol(asset)]
        if not held:
            raise Refused(Reason.NO_POSITION)
        return held[0]

    def liquidate(self, asset: str) -> OrderView:
        self.liquidation.close(self._one(asset))
        return OrderView(list(self.matching.orders.values())[-1])

    def deleverage(self, asset: str, fraction: float = 1.0) -> OrderView:
        before = len(self.matching.orders)
        self.liquidation.deleverage(self._one(asset), Decimal(str(fraction)))
        if len(self.matching.orders) == before:
            raise Refused(Reason.BELOW_MINIMUM)
        return OrderView(list(self.matching.orders.values())[-1])

    def pay_funding(self, asset: str, rate: float) -> Decimal:  # type: ignore[override]
        before = self.ledger.wallet
        super().pay_funding(self.symbol(asset), Decimal(str(rate)))  # type: ignore[misc]
        return Decimal(self.ledger.wallet - before)

    def order_changed(self, order: OrderView, happened: Execution | None) -> None:
        """The stream speaks of it once more, as it did before."""
        fill = next((one for one in self.ledger.fills if happened is not None and one.id == happened.trade_id), None)
        self.streams._happened(Event("trade" if fill else "order", order.mine.state, order=order.mine, fill=fill))

    # Settings

    def name_of(self, key: Key) -> str:
        """The suites' name of a position: its symbol, or that of the other margin mode's."""
        is_ours = key.mode == self.mode_of(key.instrument) or self.name == "binance"  # type: ignore[attr-defined]
        return key.instrument if is_ours else f"{key.instrument}{OTHER_MODE}"

    def any_side(self) -> str:
        return "LONG" if self.matching.rules.hedged and self.name == "binance" else ""

    def set_hedged(self, wanted: bool) -> None:
        """With positions open too, though the venue would not let anybody do that: each goes to the side it is on."""
        self.matching.rules.hedged = wanted
        for position in self.ledger.open_positions():
            del self.ledger.positions[position.key]
            side = self.side_name(position.direction) if wanted else self.matching.rules.net_side
            position.key = type(position.key)(position.key.instrument, position.key.mode, side)
            self.ledger.positions[position.key] = position

    def side_name(self, direction: int) -> str:
        name = "long" if direction > 0 else "short"
        return name.upper() if self.name == "binance" else name

    @abstractmethod
    def set_all_leverage(self, symbol: str, leverage: int) -> None: ...

    @abstractmethod
    def set_isolated(self, symbol: str, wanted: bool) -> None: ...

    @property
    def key_revoked(self) -> bool:
        return not self.keys_work

    @key_revoked.setter
    def key_revoked(self, wanted: bool) -> None:
        self.keys_work = not wanted
        self.streams.keys_work = not wanted

    @property
    def clock_skew_ms(self) -> int:
        return self.clock.offset_ms

    @clock_skew_ms.setter
    def clock_skew_ms(self, wanted: int) -> None:
        self.clock.offset_ms = wanted

    def stale_positions(self, times: int | None = 1) -> Rule:
        self._frozen = [copy(one) for one in self.ledger.open_positions()]
        rule: Rule = self.faults.add(stale(), roles={"positions"}, times=times)  # type: ignore[attr-defined]
        return rule

    def carry_out_late(self) -> None:
        late, self.waiting = self.waiting, []
        for call in late:
            self.executed(call, None)

    # The account's stream

    def _push(self, topic: str, message: str) -> None:
        self.user_stream.put(topic, json.loads(message))

    # A request's way through

    @abstractmethod
    def role_of(self, method: str, path: str, params: Any) -> str: ...

    @abstractmethod
    def named(self, code: str, call: BridgedCall) -> Answer:
        """The venue's answer with one of its codes."""

    @abstractmethod
    def fault_answer(self, answer_as: FaultAnswer, call: BridgedCall) -> Answer: ...

    @abstractmethod
    def nothing(self, call: BridgedCall) -> Answer: ...

    def executed(self, call: BridgedCall, positions: Mapping[str, Any] | None) -> Any:
        assert call.mine is not None
        return self.answer(call.mine)

    def _seen(self, call: Call) -> BridgedCall:
        params = json.loads(call.body) if call.body.startswith(("{", "[")) else call.params
        role = self.role_of(call.method, call.path, params)
        headers = call.headers
        raw = call.query + call.body
        return BridgedCall(call.method, call.path, params, role, time.monotonic_ns(), raw, headers, call)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        call = self._seen(self._call(request, (await request.read()).decode()))
        self.seen.append(call)
        self._note()
        fault = self.faults.meeting(call.role, call.path)  # type: ignore[attr-defined]
        if fault is None:
            return response_of(self.executed(call, None))
        return await self._go_wrong(request, call, fault)

    async def _go_wrong(self, request: web.Request, call: BridgedCall, fault: Fault) -> web.StreamResponse:
        true = self._true_answer(call, fault)
        if fault.is_late and fault.after_s is not None:
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(fault.after_s, self.executed, call, None))
        elif fault.is_late:
            self.waiting.append(call)
        if fault.hangs_s is not None:
            await asyncio.sleep(fault.hangs_s)
        if fault.loss is Loss.CUT:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.loss is Loss.TRUNCATED:
            return await truncated(request, true or Answer(200, b"{}"))
        if fault.body is not None:
            status, text = fault.body
            return web.Response(status=status, text=text, content_type="application/json")
        if fault.answer_as is FaultAnswer.WALL:
            return response_of(FORBIDDEN)
        return response_of(self._faulty_answer(call, fault, true))

    def _true_answer(self, call: BridgedCall, fault: Fault) -> Any:
        if fault.answer_as is FaultAnswer.STALE:
            return self._with_positions(call, self._frozen)
        if fault.answer_as is FaultAnswer.NOTHING:
            return self.nothing(call)
        return self.executed(call, None) if fault.executes else None

    def _with_positions(self, call: BridgedCall, positions: list[Position]) -> Any:
        self.list_faults.instead = positions
        try:
            return self.executed(call, None)
        finally:
            self.list_faults.instead = None

    def _faulty_answer(self, call: BridgedCall, fault: Fault, true: Any) -> Any:
        if true is not None and fault.answer_as in (None, FaultAnswer.STALE, FaultAnswer.NOTHING):
            return true
        answer_as = fault.answer_as or FaultAnswer.UNKNOWN
        answer = (
            self.fault_answer(answer_as, call) if isinstance(answer_as, FaultAnswer) else self.named(answer_as, call)
        )
        if fault.retry_after_s is None:
            return answer
        headers = {**answer.headers, "Retry-After": str(fault.retry_after_s)}
        return Answer(answer.status, answer.body, headers, answer.content_type)
