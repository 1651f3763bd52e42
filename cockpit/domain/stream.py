"""The cockpit's own stream: what an engine sends to a screen, frame by frame, and what the screen says first."""

import msgspec

from cockpit.domain.actions import AnyAction
from cockpit.domain.market_detail import AssetDetail
from cockpit.domain.snapshot import Snapshot

PROTOCOL = 1


class TaskView(msgspec.Struct, frozen=True):
    """One supervised task: `state` is running, backing_off or ended; `detail` its last error in plain words."""

    name: str
    state: str
    restarts: int
    since_s: float
    detail: str = ""


class StallView(msgspec.Struct, frozen=True):
    """One stall of the event loop: when it was seen, for how long, and what ran."""

    ts_ns: int
    lasted_ms: float
    running: str


class AlertsView(msgspec.Struct, frozen=True):
    """How the alerts to the outside do: services told, alerts asked for, tellings that failed, whether the last did."""

    ok: bool = True
    services: int = 0
    asked: int = 0
    failed: int = 0
    last_error: str = ""


class ProcessView(msgspec.Struct, frozen=True):
    """How the engine process itself does, beside what the engine decides.

    `replay` is playing, held, seeking or ended where a recording is played, empty on any other market.
    """

    pid: int
    version: str
    feed: str
    speed: float
    uptime_s: float
    tasks: tuple[TaskView, ...]
    stalls: tuple[StallView, ...]
    stalls_total: int
    queue_length: int
    faults: int
    last_fault: str
    journal_ok: bool
    journal_pending: int
    journal_error: str
    recording: str
    recording_error: str
    tick_to_verdict_p99_ms: float | None
    url: str = ""
    alerts: AlertsView = AlertsView()
    replay: str = ""
    wall_ns: int = 0
    """The time, as the venues tell it where they do: by it a client says until when a command holds. 0: not told."""
    clocks: tuple[str, ...] = ()
    """What is wrong with the clocks, in sentences."""


class Briefing(msgspec.Struct, frozen=True):
    """What the config says that a screen shows: the session's plan, its checklist, and what each mode may risk.

    `mode_limits` pairs a mode's name with a sentence; `longs_only_above_bps` is the gate's threshold on the spread.
    """

    session: str = ""
    thesis: str = ""
    bias: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    mode_limits: tuple[tuple[str, str], ...] = ()
    arithmetic: tuple[str, ...] = ()
    longs_only_above_bps: float | None = None
    warn_below_bps: float | None = None


class StreamRequest(msgspec.Struct, frozen=True):
    """What a client says first: how many snapshots a second it wants (1-20), and where its log ended.

    `after_seq` with the `epoch` it belongs to resumes a log without a gap; `token` is needed off the Unix socket.
    `detail` asks for the markets in detail beside the snapshots.
    """

    hz: float = 4.0
    after_seq: int = 0
    epoch: str = ""
    token: str = ""
    detail: bool = False


class Hello(msgspec.Struct, frozen=True, tag_field="frame", tag="hello"):
    """The engine's first frame. `epoch` names this engine's run; `first_seq` is the oldest entry it can still replay.

    `gap` is True where entries after the client's last one are gone from memory: they are in the journal.
    """

    protocol: int
    epoch: str
    first_seq: int
    last_seq: int
    gap: bool
    process: ProcessView
    briefing: Briefing = Briefing()


class SnapshotFrame(msgspec.Struct, frozen=True, tag_field="frame", tag="snapshot"):
    """The latest of everything; frames in between are left out, never queued."""

    snapshot: Snapshot
    process: ProcessView


class LogFrame(msgspec.Struct, frozen=True, tag_field="frame", tag="log"):
    """One entry of the log, numbered without a gap: verdicts, trades, states, modes, answers, notices."""

    seq: int
    entry: AnyAction


class DetailFrame(msgspec.Struct, frozen=True, tag_field="frame", tag="detail"):
    """What is new of each market in detail since the last of these frames; the first holds all there is."""

    assets: tuple[AssetDetail, ...]


Frame = Hello | SnapshotFrame | LogFrame | DetailFrame
