"""One run of an engine as the journal knows it, and what is queued for the journal on its behalf."""

from enum import StrEnum

import msgspec

from cockpit.domain.actions import AnyAction
from cockpit.domain.kinds import Mode


class FeedKind(StrEnum):
    """Where a session's market comes from. Only hours on LIVE count for the way up."""

    SIMULATED = "simulated"
    RECORDED = "recorded"
    LIVE = "live"


class SessionInfo(msgspec.Struct, frozen=True, tag_field="kind", tag="session"):
    """A run of the engine. `session_id` must grow from run to run: the wall clock's ns at its start.

    `started_ns` is the engine's own start (event time). `config_digest` is the sha256 of the config as run, `source`
    names the simulation's seed, the recording or the venues, `limits` holds what its trades are judged by.
    """

    session_id: int
    started_ns: int
    feed: FeedKind
    mode: Mode
    config_digest: str
    version: str
    source: str = ""
    limits: str = ""


class Alive(msgspec.Struct, frozen=True, tag_field="kind", tag="alive"):
    """The engine was running in this mode, with its feeds, at this instant; `is_anew` after they had been away."""

    ts_ns: int
    mode: Mode
    is_anew: bool = False


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One thing to write: its place (`session_id`, `seq`) makes writing it twice the same as once.

    `lineage` is the session that the account, trades and orders began in; restarts that restore stay in it.
    """

    session_id: int
    lineage: int
    seq: int
    body: AnyAction | SessionInfo | Alive


Unit = list[Entry]
"""What one step of the engine decided: written whole or not at all."""
