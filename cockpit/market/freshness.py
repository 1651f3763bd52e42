"""How old a reading is, what its age means, and what a feed's worker says about itself."""

from cockpit.config.limits import ReadingAges
from cockpit.domain.events import FeedHealth
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.domain.units import NS_PER_S

_BEST_FIRST = (FeedState.FRESH, FeedState.LATE, FeedState.STALE, FeedState.DOWN, FeedState.OFF)


def age_s(ts_ns: int, now_ns: int, origin: Origin = Origin.FEED) -> float:
    """Seconds since the reading's stamp, never below 0 (clocks differ); a held reading does not age."""
    if origin is Origin.HELD:
        return 0.0
    return max(0, now_ns - ts_ns) / NS_PER_S


def state_at(age: float, ages: ReadingAges) -> FeedState:
    """FRESH up to the warning age, LATE up to the stand-down age, STALE past it."""
    if age > ages.stand_down_after_s:
        return FeedState.STALE
    if age > ages.warn_after_s:
        return FeedState.LATE
    return FeedState.FRESH


def worse(one: FeedState, other: FeedState) -> FeedState:
    """The worse of two states."""
    return max(one, other, key=_BEST_FIRST.index)


class FeedWords:
    """What the workers of each feed said last about themselves: down or off, and why."""

    __slots__ = ("_words",)

    def __init__(self) -> None:
        self._words: dict[tuple[Reading, str], FeedHealth] = {}

    def take(self, word: FeedHealth) -> None:
        """Remember that a feed is down or off; any other state takes it back."""
        key = (word.reading, word.source)
        if word.state in (FeedState.DOWN, FeedState.OFF):
            self._words[key] = word
        else:
            self._words.pop(key, None)

    def of(self, reading: Reading, source: str) -> FeedHealth | None:
        """The word of the worker this source's values come from."""
        return self._words.get((reading, source))

    def down(self) -> list[FeedHealth]:
        """Every worker that says it is down, in the order they said so first."""
        return [word for word in self._words.values() if word.state is FeedState.DOWN]

    def any_of(self, reading: Reading) -> FeedHealth | None:
        """The newest word of any worker of this reading."""
        words = [word for (kind, _), word in self._words.items() if kind is reading]
        return max(words, key=lambda word: word.ts_ns, default=None)
