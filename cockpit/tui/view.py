"""What a pane is given to draw from: the store, how to draw, and the little that the operator chose."""

import re
from dataclasses import dataclass

from cockpit.domain.account import Halt
from cockpit.domain.kinds import EngineState, FeedState, Reading
from cockpit.domain.snapshot import AssetView, FeedView, Snapshot
from cockpit.tui.glyphs import RICH, Glyphs
from cockpit.tui.numbers import clock, lasting
from cockpit.tui.store import Store
from cockpit.tui.text import Line, Span

_HALTED_SINCE = re.compile(r"halted since \S+T(\d\d:\d\d:\d\d)\S*Z \(\S+\): (.*)")
_ERRNO = re.compile(r"\[Errno -?\d+\] ?")
STALE_AFTER_S = 1.5
UNKNOWN_LINE: Line = (("waiting for the engine", "dim"),)
FEED_ROLES = {
    FeedState.FRESH: "dim", FeedState.LATE: "warn", FeedState.STALE: "bad", FeedState.DOWN: "bad", FeedState.OFF: "dim",
}  # fmt: skip


HALT_REASON = "the halt key"
HALTED_BY_KEY = f"halted by screen: {HALT_REASON}"
STATE_ROLES = {EngineState.HALTED: "bad", EngineState.STANDING_DOWN: "warn"}


SIMULATED, SIM = "simulated:", "SIM"


@dataclass(frozen=True, slots=True)
class View:
    """One look at the store. `asset` is the asset of the ladder; `lost_s` for how long the engine has been away."""

    store: Store
    asset: str = "BTC"
    glyphs: Glyphs = RICH
    now_s: float = 0.0
    identity: str = ""
    """Which cockpit this is, among several: profile and host."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot."""
        return self.store.snapshot

    @property
    def lost_s(self) -> float | None:
        """None while the link holds."""
        return self.store.link.lost_s(self.now_s)

    @property
    def chosen(self) -> AssetView | None:
        """The ladder's asset."""
        return self.store.asset(self.asset)

    def feeds(self, reading: Reading, asset: str | None = None) -> list[FeedView]:
        """The feeds of a reading, of one asset where it has any."""
        found = self.snapshot.feeds if self.snapshot else ()
        return [feed for feed in found if feed.reading is reading and (asset is None or feed.scope == asset)]

    @property
    def is_simulated(self) -> bool:
        """Whether the market is made up: its figures say so themselves."""
        process = self.store.process
        return process is not None and process.feed.startswith(SIMULATED)

    @property
    def asset_title(self) -> str:
        """The asset in a pane's title."""
        return f"{self.asset} {SIM}" if self.is_simulated else self.asset


def age_span(feeds: list[FeedView], quiet: bool = True) -> Span:
    """The age of the worst of some feeds, once it is not fresh; empty while all is well."""
    worst = max(feeds, key=badness, default=None)
    if worst is None or (quiet and worst.state is FeedState.FRESH):
        return ("", "dim")
    return (feed_text(worst), FEED_ROLES[worst.state])


def feed_text(feed: FeedView) -> str:
    """A feed's state and age in a word or two."""
    if feed.state is FeedState.OFF:
        return "off"
    if feed.age_s is None:
        return "no data yet"
    word = "" if feed.state is FeedState.FRESH else f"{feed.state.value.upper()} "
    return f"{word}{lasting(feed.age_s)}"


def badness(feed: FeedView) -> tuple[int, float]:
    """By state, then by age: the worst is the largest."""
    order = (FeedState.OFF, FeedState.FRESH, FeedState.LATE, FeedState.DOWN, FeedState.STALE)
    return order.index(feed.state), feed.age_s if feed.age_s is not None else float("inf")


def silent_s(view: View) -> float:
    """For how long nothing has come from the engine, or for how long there has been none: one clock for every age."""
    if view.snapshot is None:
        return view.lost_s or 0.0
    return max(0.0, view.now_s - view.store.received_s)


def plain_detail(detail: str) -> str:
    """Why a link is gone, without the system's numbers for it."""
    return _ERRNO.sub("", detail)


def staleness(view: View) -> float | None:
    """For how long nothing new has come from the engine, once that is long enough to matter; None while it is not."""
    if view.snapshot is None:
        return None
    age_s = view.now_s - view.store.received_s
    return age_s if view.lost_s is not None or age_s > STALE_AFTER_S else None


def stale_note(stale_s: float) -> str:
    """What stands on a pane whose figures may no longer be true."""
    return f"STALE {lasting(stale_s)}"


def plain_reason(sentence: str) -> str:
    """A check's sentence; a halt's has only the time of day, and is the reader's own where this screen's key did it."""
    found = _HALTED_SINCE.fullmatch(sentence)
    if found is None:
        return sentence
    at, why = found.groups()
    return f"halted by you at {at}" if why == HALTED_BY_KEY else f"halted at {at}: {why}"


def halted_text(halt: Halt) -> str:
    """By whom and since when; a halt of this screen's key is the reader's own."""
    if halt.sentence == HALTED_BY_KEY:
        return f"by you at {clock(halt.ts_ns)}"
    return halt.sentence


def state_note(view: View) -> Span:
    """Why the engine opens nothing, where it could otherwise be thought to be trading."""
    now = view.snapshot
    if now is None or now.state not in STATE_ROLES:
        return ("", "dim")
    what = halted_text(now.halt) if now.halt is not None else now.state_reason
    return (f"{now.state.value.replace('_', ' ').upper()}: {what}", STATE_ROLES[now.state])
