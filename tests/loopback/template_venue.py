"""What a new exchange's loopback server is begun from: copy it, name it, fill in what raises NotImplementedError.

Two classes, as for the exchanges there are: the public venue, and the same with an account on it. The matching engine
(`matching_core`, `matching_algos`) is every venue's; only the words are the venue's own. Read its documentation and its
recorded frames beside this, not our own wing: a server made from what we send proves nothing.
"""

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Execution, Order, Position, Reason, Refused, Rules
from tests.loopback.trading_faults import Fault, FaultAnswer
from tests.loopback.trading_venue import Answer, Call, TradingVenue, VenueError
from tests.loopback.venue_server import Socket, VenueServer

REFUSALS: Mapping[Reason, str] = {}
"""The venue's code for each refusal of the matching engine."""
SAYINGS: Mapping[FaultAnswer, tuple[str, int]] = {}
"""The venue's code and HTTP status for each fault."""


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class TemplateVenue(VenueServer):
    """Public REST and the public stream. Prices and rates are plain attributes: set them, the next answer has them."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.bases = ["BTC", "ETH", "SOL", "XRP"]

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """Markets, time, mark, funding, and what else the wing asks without keys."""
        raise NotImplementedError("loopback: public endpoints")

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """Acknowledge a subscription, remember it in `socket.topics`, send the book's snapshot; answer pings."""
        raise NotImplementedError("loopback: subscriptions")

    def trade_frame(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> dict[str, Any]:
        """A print, stamped now; beside it `liquidation_frame`, `top`, `mark` and `depth`, as the scene asks."""
        raise NotImplementedError("loopback: a print")


class TemplateTradingVenue(TemplateVenue, TradingVenue):
    """The same with an account. Check keys and signature as the venue does: one that signs wrongly must fail here."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms)
        self.now_ms = lambda: now_ms() + self.clock_skew_ms
        rules = {self.symbol(base): self.rules(base) for base in self.bases}
        self.open_account(MatchingCore(rules, wallet_usd, self.now_ms))

    def rules(self, base: str) -> Rules:
        """Tick, lot and least quantity of what the venue lists here; `unit` where it counts contracts."""
        most = Decimal(10_000)
        return Rules(base, Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), most, most)

    def symbol(self, asset: str) -> str:
        raise NotImplementedError("loopback: its name of a perpetual")

    async def top(self, symbol: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        raise NotImplementedError("loopback: the best prices")

    async def mark(self, symbol: str, mark: float, index: float) -> None:
        raise NotImplementedError("loopback: the mark")

    async def trade(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> None:
        raise NotImplementedError("loopback: a print to everybody")

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        """The request in its parts, with its role: faults are named by it (`trading_faults`)."""
        raise NotImplementedError("loopback: roles of requests")

    def check(self, call: Call) -> None:
        raise NotImplementedError("loopback: key, clock, signature")

    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        raise NotImplementedError("loopback: signed endpoints")

    def refusal(self, refused: Refused, call: Call) -> Answer:
        return self.error(self.named(REFUSALS[refused.reason]), call)

    def error(self, error: VenueError, call: Call) -> Answer:
        raise NotImplementedError("loopback: how an error is written")

    def named(self, code: str) -> VenueError:
        return VenueError(code, "")

    def malformed(self, parameter: str) -> VenueError:
        raise NotImplementedError("loopback: a parameter is missing")

    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        code, status = SAYINGS[answer_as]
        return VenueError(code, "", status)

    def nothing(self, call: Call) -> Answer:
        raise NotImplementedError("loopback: an empty list")

    def order_changed(self, order: Order, execution: Execution | None) -> None:
        raise NotImplementedError("loopback: the stream speaks of an order")

    def algo_changed(self, algo: Algo) -> None:
        raise NotImplementedError("loopback: the stream speaks of a stop")

    def account_changed(self, symbol: str | None, reason: str) -> None:
        raise NotImplementedError("loopback: the stream speaks of a position")

    def private_sockets(self) -> list[Socket]:
        raise NotImplementedError("loopback: the account's sockets")
