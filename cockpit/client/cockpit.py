"""The engine for a program of one's own: typed answers, proposals that trade once, events that come back."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import msgspec
from websockets.exceptions import InvalidStatus, WebSocketException

from cockpit.client.address import Address, local, remote
from cockpit.client.answers import JUNK, one_line, reason_of
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http import EngineClient
from cockpit.client.sockets import open_websocket

DEFAULT_URL = "http://127.0.0.1:8000"
TRIES = 4
FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 5.0
OPEN_WITHIN_S = 5.0
EVENTS_PATH = "/ws/dashboard"
REFUSED_STATUS = (401, 403)

T = TypeVar("T")


class Health(msgspec.Struct, frozen=True):
    """How the engine does; only `armed` opens trades. Money is USD."""

    status: str
    mode: str
    state: str
    session_pnl: float
    risk_gate_status: str
    aave_health_factor: float | None = None
    open_pnl: float | None = None
    reason: str = ""
    problems: tuple[str, ...] = ()


class Proposed(msgspec.Struct, frozen=True):
    """A proposal that became a trade. `profit` is realised so far in USD, `execution_time` decision to fill in s."""

    trade_id: str
    status: str
    profit: float
    timestamp: str
    execution_time: float | None = None
    validation_warnings: tuple[str, ...] = ()
    risk_adjustments: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True):
    """Something that happened, or `link_up` and `link_down` of the stream itself (`data["detail"]` says why)."""

    event: str
    data: dict[str, Any] = {}
    timestamp: str = ""


class Cockpit:
    """One engine, at a URL or a Unix socket's path; use it with `async with`.

    A call raises `EngineRefused` when the engine says no (its text is the reason, `detail` the whole answer) and
    `EngineUnreachable` when nobody answers. What only looks is asked again a few times; so is a proposal, under one id,
    which trades once. What sheds risk is not repeated by itself.
    """

    def __init__(
        self,
        address: str | Path = DEFAULT_URL,
        token: str = "",
        *,
        by: str = "client",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._address = Address(socket=address, token=token) if isinstance(address, Path) else remote(address, token)
        self._client = EngineClient(self._address, by)
        self._sleep = sleep

    @classmethod
    def of_profile(cls, home: Path) -> Self:
        """The engine of a profile on this machine, over its Unix socket."""
        return cls(Path(str(local(home / "engine.sock"))))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._client.close()

    # Looking.

    async def health(self) -> Health:
        """How the engine does."""
        return self._typed(await self._again(self._client.health), Health)

    async def performance(self) -> dict[str, Any]:
        """What each strategy's trades came to."""
        return await self._again(self._client.performance)

    async def verdicts(self, limit: int = 50) -> list[dict[str, Any]]:
        """The gate's newest verdicts, each with every check."""
        found: list[dict[str, Any]] = (await self._again(lambda: self._client.verdicts(limit)))["verdicts"]
        return found

    async def trades(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest trades."""
        found: list[dict[str, Any]] = (await self._again(lambda: self._client.trades(limit)))["trades"]
        return found

    async def sources(self) -> dict[str, Any]:
        """The registered sources of signals, and their scores."""
        return await self._again(self._client.sources)

    # Trading.

    async def propose(
        self,
        strategy: str,
        pair: str,
        amount: float,
        *,
        side: Literal["auto", "long", "short"] = "auto",
        mode: Literal["paper", "test", "live"] = "paper",
        signal_id: str | None = None,
        **terms: Any,
    ) -> Proposed:
        """Put a trade before the gate; `amount` is notional in USD, `terms` are the call's own: stop_bps, stop_price,
        targets, entry, hold_s, exchanges, reason, confidence, expires_at."""
        named = {"strategy": strategy, "pair": pair, "amount": amount, "side": side, "mode": mode}
        body = {**terms, **named, "id": signal_id or secrets.token_hex(12)}
        return self._typed(await self._again(lambda: self._client.execute(body)), Proposed)

    async def preview(self, strategy: str, pair: str, amount: float, **terms: Any) -> dict[str, Any]:
        """What the gate would say, and what would be traded. Sends nothing."""
        body = {**terms, "strategy": strategy, "pair": pair, "amount": amount}
        return await self._again(lambda: self._client.call("/api/trade/preview", body))

    async def close_trade(self, trade_id: str, share: float = 1.0) -> dict[str, Any]:
        """Close a trade, or a share of what is open of it."""
        return await self._client.call(f"/api/trades/{trade_id}/close", {"share": share})

    async def tighten_stop(self, trade_id: str, tighter_bps: float) -> dict[str, Any]:
        """Move a trade's stop so many bps nearer to the price."""
        return await self._client.call(f"/api/trades/{trade_id}/stop", {"tighter_bps": tighter_bps})

    # Shedding risk.

    async def disarm(self) -> str:
        """Open nothing more; what the engine did, in its words."""
        return await self._client.disarm()

    async def halt(self, reason: str) -> str:
        """No entries until a person resumes."""
        return await self._client.halt(reason)

    async def flatten(self, reason: str) -> str:
        """Close everything, then halt."""
        return await self._client.flatten(reason)

    # Events.

    async def events(self) -> AsyncIterator[Event]:
        """What happens as it happens, for ever: trade_opened, trade_completed, verdict, mode_changed, state_changed,
        kill_switch, market_update. It connects again by itself; `link_down` says that something may be missed until
        `link_up`, after which `trades` tells what stands. Raises `EngineRefused` where the token is not good."""
        delay_s = FIRST_DELAY_S
        while True:
            try:
                async with open_websocket(self._address, EVENTS_PATH, OPEN_WITHIN_S) as connection:
                    yield Event("link_up")
                    delay_s = FIRST_DELAY_S
                    async for message in connection:
                        yield msgspec.json.decode(message, type=Event)
                detail = "the engine closed the stream"
            except InvalidStatus as error:
                if error.response.status_code in REFUSED_STATUS:
                    sentence, answer = reason_of(bytes(error.response.body or b""))
                    raise EngineRefused(sentence, error.response.status_code, answer) from error
                detail = f"HTTP {error.response.status_code}"
            except (OSError, WebSocketException, TimeoutError, *JUNK) as error:
                detail = one_line(str(error)) or type(error).__name__
            yield Event("link_down", {"detail": detail})
            await self._sleep(delay_s)
            delay_s = min(LONGEST_DELAY_S, delay_s * 2)

    async def _again(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask a few times: for what may be asked twice."""
        delay_s = FIRST_DELAY_S
        for _ in range(TRIES - 1):
            try:
                return await ask()
            except EngineUnreachable:
                await self._sleep(delay_s)
                delay_s = min(LONGEST_DELAY_S, delay_s * 2)
        return await ask()

    @staticmethod
    def _typed(found: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(found, kind, strict=False)
        except JUNK as error:
            raise EngineUnreachable(f"expected an engine's answer, was: {one_line(str(error))}") from error
