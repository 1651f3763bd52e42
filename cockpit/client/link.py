"""What an engine is to a screen: frames coming in, commands going out. An engine is one; a recording may be another."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from cockpit.domain.command_line import Call
from cockpit.domain.kinds import Mode
from cockpit.domain.line_tokens import Known
from cockpit.domain.signal_sources import SourceScore
from cockpit.domain.stream import Frame

HOLDS_S = 5.0
"""For so long a command that opens risk may be under way; one that comes later is refused by the engine."""
REAL_HOLDS_S = 9.0
"""Before a real mode, and arming in one, the engine looks at the accounts first, which takes seconds."""


class LinkChange(msgspec.Struct, frozen=True):
    """The link to the engine came (`connected`) or went; `detail` says why it went."""

    connected: bool
    at_s: float
    detail: str = ""


class EngineLink(Protocol):
    """Commands raise `EngineRefused` when the engine says no, `EngineUnreachable` when nobody answers."""

    def frames(self) -> AsyncIterator[Frame | LinkChange]:
        """Frames for ever, with a `LinkChange` whenever the link comes or goes."""

    async def arm(self, holds_s: float = HOLDS_S) -> str:
        """Let setups trade; returns what the engine did. Not done where it arrives after `holds_s`."""

    async def disarm(self) -> str:
        """Open nothing more."""

    async def halt(self, reason: str) -> str:
        """No entries until resumed."""

    async def resume(self, reason: str) -> str:
        """Clear a halt after review."""

    async def flatten(self, reason: str) -> str:
        """Close everything, then halt."""

    async def set_mode(self, mode: Mode, override_reason: str = "") -> str:
        """Choose paper, test or live."""

    async def accept_bands(self, asset: str, proposal_id: str) -> str:
        """Put the asset's proposed bands into force, as they were seen under this id."""

    async def stop(self, *, flatten: bool = False, leave_stops: bool = False) -> str:
        """End the engine process."""

    async def replay(self, action: str, speed: float | None = None) -> str:
        """Pause, resume, step, next_verdict or speed, where the engine plays a recording."""

    async def do(self, call: Call) -> dict[str, Any]:
        """What words of the command line ask for, done once and in time; a `reads_only` one changes nothing."""

    async def known(self, risk_usd: float | None = None) -> Known:
        """What words are read against, as the engine has it now."""

    async def manual(self) -> dict[str, Any]:
        """Sizes at hand and templates for entries by hand."""

    async def source_scores(self) -> tuple[SourceScore, ...] | None:
        """The score of each source of signals; None while the engine cannot read its journal."""

    async def close(self) -> None:
        """Let go of the connection."""
