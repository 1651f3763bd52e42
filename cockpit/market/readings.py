"""The latest of each reading, and how the gate and the setups see it: value, age, state, where it came from."""

import math
from typing import Generic, TypeVar

import msgspec

from cockpit.config.limits import ReadingAges
from cockpit.domain.events import (
    FundingRate,
    JitoTip,
    LiquidationMap,
    OnChainPrice,
    OpenInterest,
    Positioning,
    PriorityFee,
)
from cockpit.domain.kinds import FeedState, Origin
from cockpit.market.freshness import age_s, late_after_s, state_at, worse

COMPARED_DECIMALS = 9
"""Differences and ratios of quoted numbers carry no more decimals than this; what is beyond is the float's error."""

R = TypeVar("R", Positioning, FundingRate, OpenInterest, PriorityFee, JitoTip, OnChainPrice, LiquidationMap)


class ReadingView(msgspec.Struct, frozen=True):
    """A reading at one instant. `value` is None when nobody knows it, and `detail` says why.

    `age_s` is None before the first datum. With an external reading in it, `origin` says so, and age and state are
    the worse of the two: an external reading never refreshes the feed's own.
    """

    value: float | None
    age_s: float | None
    state: FeedState
    origin: Origin | None
    detail: str = ""
    source: str = ""
    bar_s: float = 0.0
    """The length of the bars it comes in; 0 where it comes in none."""

    @property
    def usable(self) -> bool:
        """Whether a check may rest on it: there is a value, and it is not past its stand-down age."""
        return self.value is not None and self.state in (FeedState.FRESH, FeedState.LATE)

    @property
    def tradable(self) -> float | None:
        """The value where a trade may rest on it, just as it was read; None where missing, too old or no number."""
        if self.value is None or not self.usable or not math.isfinite(self.value):
            return None
        return self.value

    def shown(self, text: str) -> str:
        """An observed value as a check shows it: marked where it is held (it never ages) or came from outside."""
        return f"{text} ({self.origin})" if self.origin in (Origin.HELD, Origin.EXTERNAL) else text

    def lateness(self, ages: ReadingAges) -> str:
        """How late it is, in words; empty while it is not past its warning age (or past all use)."""
        if self.state is not FeedState.LATE or self.age_s is None:
            return ""
        return f"read {self.age_s:.0f} s ago, late after {late_after_s(ages, self.bar_s):g} s"


class Latest(Generic[R]):
    """The newest reading of our own feeds, and beside it the newest external one, which never replaces it.

    A config seed yields to the first live reading; a held one yields to nothing.
    """

    __slots__ = ("external", "own")

    def __init__(self) -> None:
        self.own: R | None = None
        self.external: R | None = None

    def take(self, reading: R) -> bool:
        """Remember it if it is news; False when it is older than what is known, or ours is held."""
        if reading.origin is Origin.EXTERNAL:
            known, self.external = self.external, _newer(self.external, reading)
            return self.external is not known
        known, self.own = self.own, _newer(self.own, reading)
        return self.own is not known


def _newer(known: R | None, reading: R) -> R:
    if known is None or known.origin is Origin.CONFIG:
        return reading
    if known.origin is Origin.HELD or reading.ts_ns < known.ts_ns:
        return known
    return reading


def unexpired(reading: R | None, ages: ReadingAges, now_ns: int) -> R | None:
    """An external reading counts until the reading's stand-down age, then it is gone."""
    if reading is None or age_s(reading.ts_ns, now_ns) > ages.stand_down_after_s:
        return None
    return reading


def tightened(own: ReadingView, external: ReadingView, what: str) -> ReadingView:
    """The external value in place of our own, no fresher and no better than our own."""
    before = f"own {own.value:g}" if own.value is not None else "own unknown"
    ages = [age for age in (own.age_s, external.age_s) if age is not None]
    return ReadingView(
        value=external.value,
        age_s=max(ages) if own.age_s is not None else None,
        state=worse(own.state, external.state),
        origin=Origin.EXTERNAL,
        detail=f"external {what} {external.value:g} counts ({before})" + (f"; {own.detail}" if own.detail else ""),
        source=external.source,
        bar_s=own.bar_s,
    )


def view_of(
    value: float | None, ts_ns: int, origin: Origin, ages: ReadingAges, now_ns: int, bar_s: float = 0.0
) -> ReadingView:
    """A reading that was seen, judged by its age."""
    age = age_s(ts_ns, now_ns, origin)
    return ReadingView(value, age, state_at(age, ages, bar_s), origin, bar_s=bar_s)
