"""Commands and looks: one call each, over HTTP on the Unix socket or TCP."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from cockpit.client.address import Address
from cockpit.client.answers import decoded, reason_of
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http_call import AnswerTooLong, Ask, NoAnswer, OwnConnection
from cockpit.client.link import HOLDS_S, REAL_HOLDS_S
from cockpit.domain.command_line import Call
from cockpit.domain.kinds import Mode
from cockpit.domain.line_tokens import Known, OpenTrade
from cockpit.domain.signal_sources import SourceScore
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView
from cockpit.domain.verdict import Target

# Until when a command holds, by the engine's clock: the machine of a screen may have the time wrong.


class EngineClock:
    """The wall clock that the engine last told, moved on by our own monotonic one; ours until it told any."""

    def __init__(
        self, wall_s: Callable[[], float] = time.time, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self._set_at: tuple[float, float] | None = None

    def set(self, wall_ns: int) -> None:
        """The engine told its time just now; 0 where it does not tell."""
        if wall_ns:
            self._set_at = (wall_ns / 1e9, self._monotonic_s())

    @property
    def now_s(self) -> float:
        """Unix seconds at the engine."""
        if self._set_at is None:
            return self._wall_s()
        wall_s, at_s = self._set_at
        return wall_s + self._monotonic_s() - at_s


TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024

T = TypeVar("T")


WITHOUT_ID = ("/api/arm", "/api/disarm", "/api/halt", "/api/resume", "/api/flatten")
"""Doing these twice is doing them once."""


def known_of(snapshot: Snapshot, manual: dict[str, Any], risk_usd: float | None = None) -> Known:
    """What words are read against, of what an engine shows; `manual` as `GET /api/manual` has it."""
    templates = {
        name: tuple(Target(rung["distance_bps"], rung["share_pct"]) for rung in template["targets"])
        for name, template in manual["templates"].items()
    }
    trades = [view.trade for view in snapshot.open_trades]
    return Known(
        prices={asset.asset: asset.price for asset in snapshot.assets},
        trades=tuple(OpenTrade(trade.trade_id, trade.asset, trade.entry_order_id) for trade in trades),
        venues=tuple(manual["venues"]),
        setups=tuple(manual["setups"]),
        templates=templates,
        alarms=tuple(alarm.alarm_id for alarm in snapshot.alarms),
        risk_usd=risk_usd,
    )


class Done(msgspec.Struct, frozen=True):
    """What a command's answer must hold: what the engine did, in its words."""

    sentence: str


class _Scores(msgspec.Struct, frozen=True):
    scores: tuple[SourceScore, ...] | None


class EngineClient:
    """An async client of one engine; use it as a context manager.

    Every call raises `EngineRefused` when the engine says no, and `EngineUnreachable` when nobody answers: a command
    that ended so may have been carried out, and is never sent again by itself. `timeout_s` bounds a whole call. Without
    `holds` no call names its end: one made within the engine's own process came when its caller's did.
    """

    def __init__(
        self,
        address: Address,
        by: str = "client",
        timeout_s: float = TIMEOUT_S,
        ask: Ask | None = None,
        *,
        holds: bool = True,
    ) -> None:
        self.address = address
        self._holds = holds
        self._by = by
        self._timeout_s = timeout_s
        self._clock = EngineClock()
        self._ask = ask or OwnConnection(address, MAX_ANSWER_BYTES)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing: every call has a connection of its own."""

    # Commands.

    async def arm(self, holds_s: float = HOLDS_S) -> str:
        """Let setups trade; returns what the engine did. Refused by the engine when it comes after `holds_s`."""
        return await self._command("/api/arm", expires_at=self._expires_at(holds_s))

    async def disarm(self) -> str:
        """Open nothing more."""
        return await self._command("/api/disarm")

    async def halt(self, reason: str) -> str:
        """No entries until resumed."""
        return await self._command("/api/halt", reason=reason)

    async def resume(self, reason: str) -> str:
        """Clear a halt after review."""
        return await self._command("/api/resume", reason=reason, expires_at=self._expires_at(HOLDS_S))

    async def flatten(self, reason: str) -> str:
        """Close everything, then halt."""
        return await self._command("/api/flatten", reason=reason)

    async def set_mode(self, mode: Mode, override_reason: str = "") -> str:
        """Choose paper, test or live."""
        expires_at = self._expires_at(REAL_HOLDS_S)
        return await self._command("/api/mode", mode=mode.value, override_reason=override_reason, expires_at=expires_at)

    async def accept_bands(self, asset: str, proposal_id: str) -> str:
        """Put the asset's proposed bands into force, as they were seen under this id."""
        return await self._command("/api/bands/accept", asset=asset, proposal_id=proposal_id)

    async def cut_off_source(self, source: str, reason: str) -> str:
        """Take nothing more of a source of signals."""
        return await self._command("/api/sources/cut-off", source=source, reason=reason)

    async def lift_source(self, source: str, reason: str) -> str:
        """Take the signals of a cut-off source again."""
        return await self._command("/api/sources/lift", source=source, reason=reason)

    async def sources(self) -> dict[str, Any]:
        """`GET /api/sources`."""
        return await self._object("GET", "/api/sources")

    async def source_scores(self) -> tuple[SourceScore, ...] | None:
        """The score of each source of signals; None while the engine cannot read its journal."""
        return (await self._typed("GET", "/api/sources", _Scores)).scores

    async def stop(self, *, flatten: bool = False, leave_stops: bool = False) -> str:
        return await self._command("/api/stop", flatten=flatten, leave_stops=leave_stops)

    async def replay(self, action: str, speed: float | None = None) -> str:
        """Hold, play, step, hurry or slow the recording that the engine runs on; refused on any other market."""
        return await self._command("/api/replay", action=action, speed=speed)

    async def execute(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send an outside signal; the body as the contract has it. Without an `expires_at` it holds for `HOLDS_S`."""
        expires_at = body.get("expires_at") or self._expires_at(HOLDS_S)
        return await self._object("POST", "/api/trade/execute", {**body, "expires_at": expires_at})

    async def do(self, call: Call) -> dict[str, Any]:
        """What words of the command line ask for: done once, however often the line carries it, and in time or never.

        The answer has `sentence`, or is the trade's or the verdict's own.
        """
        body = {key: value for key, value in call.body.items() if value is not None}
        if call.reads_only:
            return await self._object("POST", call.path, body)
        body["by"] = self._by
        if not call.path.startswith(WITHOUT_ID):
            body.setdefault("id", secrets.token_hex(8))
        if call.opens_risk:
            body["expires_at"] = self._expires_at(HOLDS_S)
        return await self._object("POST", call.path, body)

    async def known(self, risk_usd: float | None = None) -> Known:
        """What a line is read against, as the engine has it now."""
        snapshot, manual = await asyncio.gather(self.snapshot(), self.manual())
        return known_of(snapshot, manual, risk_usd)

    async def enter(self, body: dict[str, Any]) -> dict[str, Any]:
        """Propose a trade by hand, as `POST /api/trade/enter` takes it. Without an `expires_at` it holds `HOLDS_S`."""
        expires_at = body.get("expires_at") or self._expires_at(HOLDS_S)
        return await self._object("POST", "/api/trade/enter", {"by": self._by, **body, "expires_at": expires_at})

    async def preview(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the gate would say to a signal's body or an entry by hand; sends nothing."""
        return await self._object("POST", "/api/trade/preview", body)

    async def update(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """Push an event of the outside dashboard."""
        return await self._object("POST", "/api/dashboard/update", {"event": event, "data": data})

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post any body to any call; what came back."""
        return await self._object("POST", path, body)

    # Looks.

    async def read(self, path: str) -> dict[str, Any]:
        """Any call that only looks."""
        return await self._object("GET", path)

    async def health(self) -> dict[str, Any]:
        """`GET /api/health`."""
        return await self._object("GET", "/api/health")

    async def manual(self) -> dict[str, Any]:
        """`GET /api/manual`: sizes at hand and templates for entries by hand."""
        return await self._object("GET", "/api/manual")

    async def performance(self) -> dict[str, Any]:
        """`GET /api/strategy/performance`."""
        return await self._object("GET", "/api/strategy/performance")

    async def verdicts(self, limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """A page of the gate log, the newest first; `offset` newer ones are left out."""
        return await self._object("GET", f"/api/verdicts?limit={limit}&offset={offset}")

    async def trades(self, limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """A page of the trades, the newest first; `offset` newer ones are left out."""
        return await self._object("GET", f"/api/trades?limit={limit}&offset={offset}")

    async def snapshot(self) -> Snapshot:
        """Everything, at one instant."""
        return await self._typed("GET", "/api/snapshot", Snapshot)

    async def process(self) -> ProcessView:
        return await self._typed("GET", "/api/process", ProcessView)

    def _expires_at(self, holds_s: float) -> float | None:
        """Until when it holds: never longer than somebody here waits for the answer."""
        return round(self._clock.now_s + min(holds_s, self._timeout_s), 3) if self._holds else None

    async def _command(self, path: str, **body: Any) -> str:
        return (await self._typed("POST", path, Done, {**body, "by": self._by})).sentence

    async def _object(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return await self._typed(method, path, dict[str, Any], body)

    async def _typed(self, method: str, path: str, kind: type[T], body: dict[str, Any] | None = None) -> T:
        return decoded(await self._call(method, path, body), kind, f"{self.address}{path.partition('?')[0]}")

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> bytes:
        status, content = await self._answer(method, path, body)
        if status == HTTPStatus.OK:
            return content
        sentence, detail = reason_of(content)
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise EngineRefused(sentence or f"HTTP {status}", status, detail)
        raise EngineUnreachable(f"expected an answer from {self.address}, was HTTP {status}: {sentence}".rstrip(": "))

    async def _answer(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        """The status and the body, within the time and the size that an engine's answer may have."""
        content = (
            None
            if body is None
            else json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(method, path, self.address.headers, content)
        except TimeoutError as error:
            what = f"expected an answer from {self.address} within {self._timeout_s:g} s, was none"
            raise EngineUnreachable(what) from error
        except AnswerTooLong as error:
            what = f"expected an answer of at most {MAX_ANSWER_BYTES} bytes from {self.address}, was longer"
            raise EngineUnreachable(what) from error
        except (NoAnswer, OSError) as error:
            what = str(error) or type(error).__name__
            raise EngineUnreachable(f"expected an engine at {self.address}, was none: {what}") from error
