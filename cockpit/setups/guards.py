"""A setup's own guards as tactical checks: what was observed, against which limit, in a sentence."""

import msgspec

from cockpit.config.limits import ReadingAges
from cockpit.domain.kinds import Layer, Outcome
from cockpit.domain.verdict import Check
from cockpit.market.readings import ReadingView


def finding(name: str, outcome: Outcome, observed: str, limit: str, sentence: str) -> Check:
    """A guard's finding that neither shrinks the trade nor moves its stop."""
    return Check(Layer.TACTICAL, name, outcome, observed, limit, sentence)


def wider_stop(
    name: str, observed: str, limit: str, sentence: str, *, stop_bps: float, wide_stop_bps: float, size_factor: float
) -> Check:
    """A guard that widens the stop; the size shrinks by `size_factor`, and always so far that the loss cannot grow."""
    stop = max(stop_bps, wide_stop_bps)
    factor = min(size_factor, stop_bps / stop)
    words = f"{sentence}: stop {stop_bps:g} to {stop:g} bps, size x {factor:.3g}"
    return Check(Layer.TACTICAL, name, Outcome.REDUCE, observed, limit, words, factor, stop)


def no_data(name: str, what: str, limit: str, view: ReadingView) -> Check:
    """The guard's reading is missing or too old: it denies, and says why."""
    return finding(name, Outcome.NO_DATA, "no data", limit, f"no data on {what}: {unusable_because(view)}")


def aged(check: Check, view: ReadingView, ages: ReadingAges) -> Check:
    """The guard's finding with its reading's lateness: past the warning age a pass becomes a warning."""
    late = view.lateness(ages)
    if not late or check.outcome is not Outcome.PASS:
        return check
    return msgspec.structs.replace(check, outcome=Outcome.WARN, sentence=f"{check.sentence}; {late}")


def unusable_because(view: ReadingView) -> str:
    """Why a reading cannot be used: its age and state, and what the market says about it."""
    age = "never read" if view.age_s is None else f"last read {view.age_s:.0f} s ago, {view.state.value}"
    return f"{age} ({view.detail})" if view.detail else age
