"""From a reading to a check: what is missing or too old denies, what is late warns, what is held says so."""

import msgspec

from cockpit.config.limits import ReadingAges
from cockpit.domain.kinds import Layer, Outcome
from cockpit.domain.numbers import apart
from cockpit.domain.verdict import Check
from cockpit.market.readings import ReadingView


def no_data(layer: Layer, name: str, what: str, view: ReadingView, ages: ReadingAges, limit: str) -> Check:
    """The check of a reading nobody may trade on: its age (or that it was never read) against the age it may have."""
    oldest_s = ages.stand_down_after_s
    age = "never read" if view.age_s is None else f"last read {apart(view.age_s, oldest_s, '.0f')} s ago"
    why = f" ({view.detail})" if view.detail else ""
    sentence = f"no data on {what}: {age}, stale after {oldest_s:g} s{why}"
    return Check(layer, name, Outcome.NO_DATA, "no data", limit, sentence)


def aged(check: Check, view: ReadingView, ages: ReadingAges) -> Check:
    """The check with its reading's lateness: past the warning age a pass becomes a warning."""
    late = view.lateness(ages)
    if not late or check.outcome is not Outcome.PASS:
        return check
    return msgspec.structs.replace(check, outcome=Outcome.WARN, sentence=f"{check.sentence}; {late}")
