"""What the screen knows: the newest snapshot, the log so far, and how the link does. No widget, no clock of its own."""

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import NamedTuple

from cockpit.client.link import LinkChange
from cockpit.domain.actions import AnyAction, CommandAnswered, Decided, ModeChanged, Notice, StateChanged, TradeChanged
from cockpit.domain.kinds import ExitReason, Mode, TradePhase
from cockpit.domain.signal_sources import SourceScore
from cockpit.domain.snapshot import AssetView, Snapshot
from cockpit.domain.stream import Briefing, DetailFrame, Frame, Hello, LogFrame, ProcessView
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict
from cockpit.tui.detail import KeptDetail
from cockpit.tui.numbers import gain, r_units, role_of

KEPT_VERDICTS = 500
"""With every check of each: some 10 kB a verdict. Older ones are in the journal."""
KEPT_TRADES = 500
KEPT_NEWS = 500
KEPT_HEALTH = 120
HEALTH_EVERY_NS = 5_000_000_000
FLATTEN = "flatten"
HALT, FILL, STOP, CLOSE = "halt", "fill", "stop", "close"
SIGNALS = (HALT, FILL, STOP, CLOSE)
"""What a screen may ring or flash for."""
ALARM = "alarm"
"""An alarm of one's own: whoever set it wants to be called, whatever else was chosen."""
STOPPED = (ExitReason.STOP, ExitReason.BREAKEVEN_STOP, ExitReason.NO_STOP)
ROLE_OF_SEVERITY = {"info": "text", "warning": "warn", "critical": "bad"}


class News(NamedTuple):
    """One line of the engine's log that is no verdict."""

    ts_ns: int
    role: str
    text: str


@dataclass(slots=True)
class Link:
    """The connection to the engine. `since_s` is when it came or went, by the screen's own clock."""

    connected: bool = False
    ever: bool = False
    since_s: float = 0.0
    detail: str = ""

    def lost_s(self, now_s: float) -> float | None:
        """For how long there has been no engine, None while there is one."""
        return None if self.connected else max(0.0, now_s - self.since_s)


class Store:
    """Frames in, facts out. `version` counts changes, so that a screen knows when there is nothing to draw."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.snapshot: Snapshot | None = None
        self.process: ProcessView | None = None
        self.briefing = Briefing()
        self.link = Link(since_s=now_s)
        self.received_s = now_s
        self.verdicts: OrderedDict[str, Verdict] = OrderedDict()
        self.trades: OrderedDict[str, TradeRecord] = OrderedDict()
        self.news: deque[News] = deque(maxlen=KEPT_NEWS)
        self.happened: deque[str] = deque(maxlen=KEPT_NEWS)
        """Halts, fills, stops and closes since somebody looked; none of those from before this screen was there."""
        self.flatten_steps: list[str] = []
        self.health: deque[tuple[int, float]] = deque(maxlen=KEPT_HEALTH)
        self.details: dict[str, KeptDetail] = {}
        self.source_scores: tuple[SourceScore, ...] | None = None
        self.scores_missing = "asking the engine"
        """Why there are none, while there are none."""
        self.log_version = 0
        self.version = 0
        self._epoch = ""

    def take(self, frame: Frame | LinkChange, now_s: float) -> None:
        """One frame of the stream, received at `now_s`."""
        self.version += 1
        if isinstance(frame, LinkChange):
            self._on_link(frame, now_s)
            return
        self.received_s = now_s
        if isinstance(frame, Hello):
            self._on_hello(frame)
        elif isinstance(frame, LogFrame):
            self._on_log(frame.entry)
        elif isinstance(frame, DetailFrame):
            for detail in frame.assets:
                self.detail(detail.asset).take(detail)
        else:
            self.process = frame.process
            self.snapshot = frame.snapshot
            self._note_health(frame.snapshot)

    def asset(self, name: str) -> AssetView | None:
        """An asset's market, if the engine watches it."""
        views = self.snapshot.assets if self.snapshot else ()
        return next((view for view in views if view.asset == name), None)

    def detail(self, name: str) -> KeptDetail:
        """An asset's market in detail, as far as it was told."""
        return self.details.setdefault(name, KeptDetail())

    @property
    def mode(self) -> Mode | None:
        """Whose money, as the engine last said; None before it said anything."""
        return self.snapshot.mode if self.snapshot else None

    @property
    def closed_trades(self) -> list[TradeRecord]:
        """Trades that ended, oldest first."""
        return [trade for trade in self.trades.values() if trade.phase is TradePhase.CLOSED]

    def notify(self, text: str, role: str = "info", ts_ns: int | None = None) -> None:
        """A line of the screen's own, among the engine's."""
        stamp = ts_ns if ts_ns is not None else (self.snapshot.ts_ns if self.snapshot else 0)
        self._emit(News(stamp, role, text))

    def take_scores(self, scores: tuple[SourceScore, ...] | None, missing: str) -> None:
        """The sources' scores as the engine last told them; None where it has none to tell."""
        self.source_scores, self.scores_missing = scores, missing
        self.version += 1

    def _on_link(self, change: LinkChange, now_s: float) -> None:
        if change.connected != self.link.connected or (change.connected and not self.link.ever):
            self.link.connected, self.link.since_s = change.connected, now_s
            self.link.ever = self.link.ever or change.connected
        self.link.detail = change.detail

    def _on_hello(self, hello: Hello) -> None:
        """Another engine than before starts its log from nothing; what was seen of the old one goes."""
        if self._epoch and hello.epoch != self._epoch:
            self.verdicts.clear()
            self.trades.clear()
            self.details.clear()
            self.flatten_steps = []
            self.log_version += 1
        self._epoch = hello.epoch
        self.process = hello.process
        self.briefing = hello.briefing
        if hello.gap:
            self.notify("the log has a gap here: older entries are in the journal", "warn")

    def _on_log(self, entry: AnyAction) -> None:
        self.log_version += 1
        match entry:
            case Decided():
                self.verdicts[entry.verdict.verdict_id] = entry.verdict
                if len(self.verdicts) > KEPT_VERDICTS:
                    self.verdicts.popitem(last=False)
            case TradeChanged():
                self._on_trade(entry)
            case StateChanged():
                if entry.after in ("halted", "flattening"):
                    self._happens(HALT)
                role = "bad" if entry.after in ("halted", "flattening") else "info"
                self._emit(News(entry.ts_ns, role, _arrow(entry.before, entry.after, entry.reason)))
            case ModeChanged():
                self._emit(News(entry.ts_ns, "warn", _arrow(entry.before, entry.after, entry.reason)))
            case CommandAnswered():
                self._emit(News(entry.ts_ns, "text" if entry.ok else "bad", f"{entry.by}: {entry.sentence}"))
            case Notice():
                self._on_notice(entry)
            case _:
                pass

    def _on_trade(self, entry: TradeChanged) -> None:
        trade = entry.trade
        known = self.trades.get(trade.trade_id)
        self.trades[trade.trade_id] = trade
        if trade.entry_qty > (known.entry_qty if known is not None else 0.0):
            self._happens(FILL)
        if trade.phase is TradePhase.CLOSED and (known is None or known.phase is not TradePhase.CLOSED):
            self._happens(STOP if trade.exit_reason in STOPPED else CLOSE)
        if len(self.trades) > KEPT_TRADES:
            self.trades.popitem(last=False)
        if trade.phase is TradePhase.CLOSED:
            role = role_of(trade.pnl_usd)
            how = trade.exit_reason.value.replace("_", " ") if trade.exit_reason else "closed"
            result = f"{gain(trade.pnl_usd)} USD {r_units(trade.r)} by {how}"
            self._emit(News(entry.ts_ns, role, f"{trade.asset} {trade.side} closed: {result}"))
        elif trade.phase is TradePhase.ABANDONED:
            self._emit(News(entry.ts_ns, "warn", f"{trade.asset} {trade.side} never opened: {trade.exit_detail}"))

    def _happens(self, what: str) -> None:
        if self.snapshot is not None:
            self.happened.append(what)

    def _on_notice(self, notice: Notice) -> None:
        if notice.topic == FLATTEN:
            if "FREEZE" in notice.sentence:
                self.flatten_steps = []
            self.flatten_steps.append(notice.sentence)
        if notice.topic == ALARM:
            self._happens(ALARM)
        said = f"ALARM {notice.sentence}" if notice.topic == ALARM else notice.sentence
        self._emit(News(notice.ts_ns, ROLE_OF_SEVERITY.get(notice.severity, "text"), said))

    def _emit(self, news: News) -> None:
        self.log_version += 1
        self.version += 1
        self.news.append(news)

    def _note_health(self, snapshot: Snapshot) -> None:
        value = snapshot.health.value
        if value is None or (self.health and snapshot.ts_ns - self.health[-1][0] < HEALTH_EVERY_NS):
            return
        self.health.append((snapshot.ts_ns, value))


def _arrow(before: str, after: str, reason: str) -> str:
    told = f"{before.replace('_', ' ')} → {after.replace('_', ' ')}"
    return f"{told}: {reason}" if reason else told
