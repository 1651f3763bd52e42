"""How old a reading is, what its age means, and what a feed's worker says about itself."""

from cockpit.config.limits import ReadingAges
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.domain.units import NS_PER_S
from cockpit.market.reading_table import ROW_OF, GivenBy

_BEST_FIRST = (FeedState.FRESH, FeedState.LATE, FeedState.STALE, FeedState.DOWN, FeedState.OFF)


def ages_of(config: CockpitConfig, reading: Reading) -> ReadingAges:
    """The warning and stand-down age of a reading."""
    ages: ReadingAges = getattr(config.feeds, reading.value)
    return ages


def age_s(ts_ns: int, now_ns: int, origin: Origin = Origin.FEED) -> float:
    """Seconds since the reading's stamp, never below 0 (clocks differ); a held reading does not age."""
    if origin is Origin.HELD:
        return 0.0
    return max(0, now_ns - ts_ns) / NS_PER_S


def late_after_s(ages: ReadingAges, bar_s: float = 0.0) -> float:
    """The age past which a reading is late: its warning age, counted for one that comes in bars from when the next
    bar's value could have been there. What stands down is its real age all the same.
    """
    return min(ages.warn_after_s + bar_s, ages.stand_down_after_s)


def state_at(age: float, ages: ReadingAges, bar_s: float = 0.0) -> FeedState:
    """FRESH until it is late, LATE up to the stand-down age, STALE past it."""
    if age > ages.stand_down_after_s:
        return FeedState.STALE
    if age > late_after_s(ages, bar_s):
        return FeedState.LATE
    return FeedState.FRESH


def worse(one: FeedState, other: FeedState) -> FeedState:
    """The worse of two states."""
    return max(one, other, key=_BEST_FIRST.index)


def health_text(report: FeedHealth | None) -> str:
    """What a worker says about its feed, in words."""
    if report is None:
        return ""
    return f"{report.source} {report.state}" + (f": {report.detail}" if report.detail else "")


class FeedHealthLog:
    """What the workers of each feed said last about themselves: down or off, and why."""

    __slots__ = ("_reports",)

    def __init__(self) -> None:
        self._reports: dict[tuple[Reading, str], FeedHealth] = {}

    def take(self, report: FeedHealth) -> None:
        """Remember that a feed is down or off; any other state takes it back."""
        key = (report.reading, report.source)
        if report.state in (FeedState.DOWN, FeedState.OFF):
            self._reports[key] = report
        else:
            self._reports.pop(key, None)

    def of(self, reading: Reading, source: str) -> FeedHealth | None:
        """The report of the worker this source's values come from."""
        if ROW_OF[reading].given_by is GivenBy.ONE_WORKER:
            return self.any_of(reading)
        return self._reports.get((reading, source))

    def down(self) -> list[FeedHealth]:
        """Every worker that says it is down, in the order they said so first."""
        return [report for report in self._reports.values() if report.state is FeedState.DOWN]

    def any_of(self, reading: Reading) -> FeedHealth | None:
        """The newest report of any worker of this reading, one that is down before one that is off."""
        reports = [report for (kind, _), report in self._reports.items() if kind is reading]
        return max(reports, key=lambda report: (report.state is FeedState.DOWN, report.ts_ns), default=None)

    def about(self, reading: Reading, source: str, origin: Origin | None) -> FeedHealth | None:
        """What explains that a reading is old or missing; `origin` is that of its last value, None without one.

        Its own worker's report, or that of another worker which could give it too. Nobody else speaks for a venue's
        stream or funding, and that another source is off explains nothing once this one has spoken.
        """
        own = self.of(reading, source)
        if own is not None or ROW_OF[reading].given_by is GivenBy.ITS_VENUE:
            return own
        other = self.any_of(reading)
        has_spoken = origin not in (None, Origin.CONFIG)
        return None if other is not None and has_spoken and other.state is FeedState.OFF else other
