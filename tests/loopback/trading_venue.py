"""What trading on a loopback venue has in common, whichever venue's words it speaks.

A test starts one with `async with BinanceTradingVenue() as venue` (or `OkxTradingVenue`), sets a price, trades through
the real client library (`trading_clients.connected`), and asserts on what the venue saw.
"""

import asyncio
import itertools
from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback import matching_hands
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Execution, Order, Position, Refused
from tests.loopback.matching_watch import Watch
from tests.loopback.trading_faults import Fault, FaultAnswer, Faults, Loss, Rule, stale
from tests.loopback.trading_stream import UserStream
from tests.loopback.venue_server import Socket, VenueServer

KEY, SECRET, PASSWORD = "loopback-key", "loopback-secret", "loopback-password"
PAGES: dict[object, tuple[int, str]] = {
    FaultAnswer.WALL: (403, "Forbidden"),
    FaultAnswer.BAD_GATEWAY: (502, "Bad Gateway"),
}
"""What stands before the venue answers in HTML."""


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    params: Any
    role: str
    arrived_ns: int
    raw: str
    """What the signature is over, as sent."""
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What the venue says to it."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def response(self) -> web.Response:
        return web.json_response(self.body, status=self.status, headers=dict(self.headers))


class VenueError(Exception):
    """A venue's refusal, on its way to becoming an answer."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class TradingVenue(VenueServer):
    """A venue with one account on it.

    Look at: `positions`, `held(asset)`, `open_orders`, `algo_orders`, `executions`, `calls`, `watch`, `core`.
    Do: `set_price`, `move`, `core.fill_next`, `core.fill`, `trade_by_hand`, `liquidate`, `deleverage`, `pay_funding`.
    Break: `faults.add(...)`, `user_stream`, `stale_positions`, `key_revoked`, `core.algos.gone`,
    `core.lists_lag_s`, `clock_skew_ms`.
    """

    core: MatchingCore
    watch: Watch

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.faults = Faults()
        self.key_revoked = False
        self.clock_skew_ms = 0
        self.frozen: dict[str, Position] | None = None
        self.user_stream = UserStream(self.private_sockets)
        self.waiting: list[Call] = []
        self._prints: dict[str, itertools.count[int]] = {}
        self._timers: list[asyncio.TimerHandle] = []
        self._stirring: asyncio.Task[None] | None = None

    def open_account(self, core: MatchingCore) -> None:
        """Give the venue its matching engine; its streams and its watch listen from now on."""
        self.core = core
        self.watch = Watch(core)
        core.listeners.order.append(self.order_changed)
        core.listeners.algo.append(self.algo_changed)
        core.listeners.account.append(self.account_changed)
        core.listeners.order.append(lambda order, execution: self._stir())
        core.listeners.algo.append(lambda algo: self._stir())

    def _stir(self) -> None:
        """Have `until` look again, once the loop gets to it; without a loop nobody waits."""
        if self._runner is not None and (self._stirring is None or self._stirring.done()):
            self._stirring = asyncio.get_running_loop().create_task(self._note(lambda: None))

    async def __aenter__(self) -> Any:
        await super().__aenter__()
        self.user_stream.start()
        return self

    async def __aexit__(self, *args: object) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._stirring is not None:
            await self._stirring
        await self.user_stream.stop()
        await super().__aexit__(*args)

    # -- look at

    @property
    def positions(self) -> dict[str, Decimal]:
        """What is open, signed, by the venue's symbol and in its units; a flat symbol is not there."""
        return {name: position.qty for name, position in self.core.positions.items() if position.qty}

    def held(self, asset: str) -> float:
        """The signed position in base coins."""
        symbol = self.symbol(asset)
        return float(self.core.positions[symbol].qty * self.core.rules[symbol].unit)

    @property
    def open_orders(self) -> list[Order]:
        return self.core.open_orders()

    @property
    def algo_orders(self) -> list[Algo]:
        """The conditional orders that wait."""
        return self.core.algos.open()

    @property
    def executions(self) -> list[Execution]:
        return self.core.executions

    def called(self, *roles: str) -> list[Call]:
        """Every call of these roles so far."""
        return [call for call in self.calls if call.role in roles]

    # -- do

    def set_price(self, asset: str, bid: float, ask: float, mark: float | None = None) -> None:
        """The market moves; what it reaches fills and triggers, and the streams say so."""
        self.core.set_price(self.symbol(asset), bid, ask, mark)

    async def move(self, asset: str, bid: float, ask: float, mark: float | None = None) -> None:
        """The market moves, and the public streams say so: a top, a mark, and a print in the middle."""
        self.set_price(asset, bid, ask, mark)
        quote = self.core.quotes[self.symbol(asset)]
        await self.top(self.symbol(asset), bid, 50.0, ask, 50.0)
        await self.mark(self.symbol(asset), float(quote.mark), float(quote.mark))
        number = next(self._prints.setdefault(asset, itertools.count(1)))
        await self.trade(self.symbol(asset), number, float(quote.last), 1.0)

    def trade_by_hand(self, asset: str, side: str, qty: float) -> Order:
        """Somebody else trades on the account; `qty` in base coins."""
        return matching_hands.trade_by_hand(self.core, self.symbol(asset), side, float(self.units(asset, qty)))

    def liquidate(self, asset: str) -> Order:
        """The venue liquidates the position."""
        return matching_hands.liquidate(self.core, self.symbol(asset))

    def deleverage(self, asset: str, fraction: float = 1.0) -> Order:
        """The venue deleverages the position."""
        return matching_hands.deleverage(self.core, self.symbol(asset), fraction)

    def pay_funding(self, asset: str, rate: float) -> Decimal:
        """Funding is settled; longs pay a positive rate."""
        return self.core.pay_funding(self.symbol(asset), rate)

    def units(self, asset: str, qty: float) -> Decimal:
        """Base coins in the venue's units."""
        return Decimal(str(qty)) / self.core.rules[self.symbol(asset)].unit

    def carry_out_late(self) -> None:
        """Now execute what `late()` kept `waiting`."""
        late, self.waiting = self.waiting, []
        for call in late:
            self.executed(call, self.core.positions)

    def stale_positions(self, times: int | None = 1) -> Rule:
        """The next answers about positions are as of now."""
        self.frozen = {name: copy(position) for name, position in self.core.positions.items()}
        return self.faults.add(stale(), roles={"positions"}, times=times)

    # -- what each venue fills in

    @abstractmethod
    def symbol(self, asset: str) -> str:
        """Its name for the asset's perpetual."""

    @abstractmethod
    async def top(self, symbol: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        """Push the best prices."""

    @abstractmethod
    async def mark(self, symbol: str, mark: float, index: float) -> None:
        """Push the mark."""

    @abstractmethod
    async def trade(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> None:
        """Push a print."""

    @abstractmethod
    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        """The request in its parts."""

    @abstractmethod
    def check(self, call: Call) -> None:
        """Key, signature and time. Raises `VenueError`."""

    @abstractmethod
    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        """Do what a signed call asks; None where no such path is known. Raises `VenueError` or `Refused`."""

    @abstractmethod
    def refusal(self, refused: Refused, call: Call) -> Answer:
        """The venue's words for the matching engine's no."""

    @abstractmethod
    def error(self, error: VenueError, call: Call) -> Answer:
        """An error as the venue writes it."""

    @abstractmethod
    def malformed(self, parameter: str) -> VenueError:
        """A parameter was not sent."""

    @abstractmethod
    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        """The venue's words for a fault."""

    @abstractmethod
    def order_changed(self, order: Order, execution: Execution | None) -> None:
        """Tell the user stream."""

    @abstractmethod
    def algo_changed(self, algo: Algo) -> None:
        """Tell the user stream."""

    @abstractmethod
    def account_changed(self, symbol: str | None, reason: str) -> None:
        """Tell the user stream."""

    @abstractmethod
    def private_sockets(self) -> list[Socket]:
        """The sockets of the account's stream."""

    # -- a request's way through

    async def answer(self, request: web.Request, query: dict[str, str], body: str) -> web.StreamResponse:
        call = self.read(request, query, body)
        await self._note(lambda: self.calls.append(call))
        fault = self.faults.meeting(call.role, call.path)
        if fault is not None:
            return await self._go_wrong(request, call, fault)
        if call.role == "public":
            return await self.on_request(request.method, request.path, query, body)
        return self.done(call, self.core.positions).response

    def done(self, call: Call, positions: Mapping[str, Position]) -> Answer:
        """Check it, carry it out, and answer."""
        try:
            self.check(call)
            return self.executed(call, positions)
        except VenueError as error:
            return self.error(error, call)

    def executed(self, call: Call, positions: Mapping[str, Position]) -> Answer:
        try:
            return Answer(self.carry_out(call, positions), headers=self.answer_headers(call))
        except KeyError as missing:
            return self.error(self.malformed(str(missing.args[0])), call)
        except VenueError as error:
            return self.error(error, call)
        except Refused as refused:
            return self.refusal(refused, call)

    def answer_headers(self, call: Call) -> dict[str, str]:
        """Beside the body."""
        return {}

    def later(self, seconds: float, what: Any, *args: Any) -> asyncio.TimerHandle:
        """Run it later, unless the venue has closed by then."""
        timer = asyncio.get_running_loop().call_later(seconds, what, *args)
        self._timers.append(timer)
        return timer

    async def _go_wrong(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
        true = self._true_answer(call, fault)
        if fault.is_late and fault.after_s is not None:
            self.later(fault.after_s, self.executed, call, self.core.positions)
        elif fault.is_late:
            self.waiting.append(call)
        if fault.hangs_s is not None:
            await asyncio.sleep(fault.hangs_s)
        if fault.loss is Loss.CUT:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.loss is Loss.TRUNCATED:
            return await _truncated(request, (true or Answer({})).response)
        if fault.body is not None:
            status, text = fault.body
            return web.Response(status=status, text=text, content_type="application/json")
        if fault.answer_as in PAGES:
            status, title = PAGES[fault.answer_as]
            page = f"<html><body>{status} {title}</body></html>"
            return web.Response(status=status, text=page, content_type="text/html")
        return self._faulty_answer(call, fault, true).response

    def _true_answer(self, call: Call, fault: Fault) -> Answer | None:
        """What the venue would answer had its answer arrived; None where it did nothing."""
        if fault.answer_as is FaultAnswer.STALE:
            return self.done(call, self.frozen or {})
        if fault.answer_as is FaultAnswer.NOTHING:
            return self.nothing(call)
        return self.done(call, self.core.positions) if fault.executes else None

    def _faulty_answer(self, call: Call, fault: Fault, true: Answer | None) -> Answer:
        if true is not None and fault.answer_as in (None, FaultAnswer.STALE, FaultAnswer.NOTHING):
            return true
        answer_as = fault.answer_as or FaultAnswer.UNKNOWN
        answer = self.error(
            self.fault_answer(answer_as, fault) if isinstance(answer_as, FaultAnswer) else self.named(answer_as), call
        )
        if fault.retry_after_s is None:
            return answer
        return Answer(answer.body, answer.status, {**answer.headers, "Retry-After": str(fault.retry_after_s)})

    @abstractmethod
    def nothing(self, call: Call) -> Answer:
        """A well-formed answer with nothing in it."""

    @abstractmethod
    def named(self, code: str) -> VenueError:
        """The error of one of its codes."""


async def _truncated(request: web.Request, whole: web.Response) -> web.StreamResponse:
    body = whole.body if isinstance(whole.body, bytes) else b"{}"
    response = web.StreamResponse(status=whole.status, headers={"Content-Length": str(len(body) + 100)})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
