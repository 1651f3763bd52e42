"""Commands and looks: one call each, over HTTP on the Unix socket or TCP."""

from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from cockpit.deck.address import Address
from cockpit.deck.errors import EngineRefused, EngineUnreachable
from cockpit.domain.kinds import Mode
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView

TIMEOUT_S = 10.0


class Deck:
    """An async client of one engine; use it as a context manager.

    Every call raises `EngineRefused` when the engine says no, and `EngineUnreachable` when nobody answers: a command
    that ended so may have been carried out, and is never sent again by itself.
    """

    def __init__(self, address: Address, by: str = "deck", timeout_s: float = TIMEOUT_S) -> None:
        self.address = address
        self._by = by
        socket = str(address.socket) if address.socket is not None else None
        self._http = httpx.AsyncClient(
            base_url=address.http,
            headers=address.headers,
            timeout=timeout_s,
            transport=httpx.AsyncHTTPTransport(uds=socket) if socket else httpx.AsyncHTTPTransport(),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()

    # Commands.

    async def arm(self) -> str:
        """Let setups trade; returns what the engine did."""
        return await self._command("/api/arm")

    async def disarm(self) -> str:
        """Open nothing more."""
        return await self._command("/api/disarm")

    async def halt(self, reason: str) -> str:
        """No entries until resumed."""
        return await self._command("/api/halt", reason=reason)

    async def resume(self, reason: str) -> str:
        """Clear a halt after review."""
        return await self._command("/api/resume", reason=reason)

    async def flatten(self, reason: str) -> str:
        """Close everything, then halt."""
        return await self._command("/api/flatten", reason=reason)

    async def set_mode(self, mode: Mode, override_reason: str = "") -> str:
        """Choose paper, test or live."""
        return await self._command("/api/mode", mode=mode.value, override_reason=override_reason)

    async def stop(self, *, flatten: bool = False, leave_stops: bool = False) -> str:
        """End the engine process."""
        return await self._command("/api/stop", flatten=flatten, leave_stops=leave_stops)

    async def execute(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send an outside signal; the body as the contract has it."""
        return await self._object("POST", "/api/trade/execute", body)

    async def update(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """Push an event of the outside dashboard."""
        return await self._object("POST", "/api/dashboard/update", {"event": event, "data": data})

    # Looks.

    async def health(self) -> dict[str, Any]:
        """`GET /api/health`."""
        return await self._object("GET", "/api/health")

    async def performance(self) -> dict[str, Any]:
        """`GET /api/strategy/performance`."""
        return await self._object("GET", "/api/strategy/performance")

    async def verdicts(self, limit: int = 50) -> dict[str, Any]:
        """The gate log's newest page."""
        return await self._object("GET", f"/api/verdicts?limit={limit}")

    async def trades(self, limit: int = 50) -> dict[str, Any]:
        """The newest trades."""
        return await self._object("GET", f"/api/trades?limit={limit}")

    async def snapshot(self) -> Snapshot:
        """Everything, at one instant."""
        return msgspec.json.decode(await self._call("GET", "/api/snapshot"), type=Snapshot)

    async def process(self) -> ProcessView:
        """How the engine process does."""
        return msgspec.json.decode(await self._call("GET", "/api/process"), type=ProcessView)

    async def _command(self, path: str, **body: Any) -> str:
        answer = await self._object("POST", path, {**body, "by": self._by})
        return str(answer["sentence"])

    async def _object(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        found = msgspec.json.decode(await self._call(method, path, body))
        if not isinstance(found, dict):
            raise EngineUnreachable(f"expected an object from {path}, was {type(found).__name__}")
        return found

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        try:
            response = await self._http.request(method, path, json=body)
        except (httpx.HTTPError, OSError) as error:
            what = str(error) or type(error).__name__
            raise EngineUnreachable(f"expected an engine at {self.address}, was none: {what}") from error
        if response.status_code >= httpx.codes.BAD_REQUEST:
            raise _refusal(response)
        return response.content


def _refusal(response: httpx.Response) -> EngineRefused:
    """The reason in the answer, wherever the answer has it."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text[:200]
    sentence = detail.get("reason", str(detail)) if isinstance(detail, dict) else str(detail)
    return EngineRefused(sentence, response.status_code, detail)
