"""The watched wallet's health factor as layers 3 and 4 need it: watched or not, in debt or not, known or not."""

from cockpit.domain.kinds import Layer, Mode, Outcome
from cockpit.domain.numbers import apart
from cockpit.domain.verdict import Check
from cockpit.gate.inputs import GateInput
from cockpit.gate.readings import aged, no_data
from cockpit.market.readings import ReadingView


def health_or_finding(asked: GateInput, layer: Layer, name: str, least: float, view: ReadingView) -> float | Check:
    """The health factor to compare with `least`, or the check that stands for it where there is none to compare.

    Without a watched address only an outside reading under `least` is worth comparing: such a one may tighten, and
    never stands in for watching.
    """
    limit, ages = f">= {least:.2f}", asked.config.feeds.health_factor
    if not asked.market.health_watched:
        if view.value is not None and view.value < least:
            return view.value
        return _not_watched(asked, layer, name, limit)
    if asked.market.health_no_debt(asked.now_ns):
        sentence = f"health factor: no debt, nothing to fall under {least:.2f}"
        return aged(Check(layer, name, Outcome.PASS, "no debt", limit, sentence), view, ages)
    value = view.tradable
    return no_data(layer, name, "health factor", view, ages, limit) if value is None else value


def health_text(asked: GateInput, value: float) -> str:
    """A health factor that reads like none of its limits that it is not, whichever check shows it."""
    rules = asked.config.gate
    flatten, entries, warn = (
        rules.health_factor_flatten_under,
        rules.health_factor_entries_min,
        rules.health_factor_warn_under,
    )
    return apart(value, flatten, ".2f", entries, warn)


def _not_watched(asked: GateInput, layer: Layer, name: str, limit: str) -> Check:
    """Paper goes on with a warning, and so does real money where the operator has waived it; else entries block here.

    Layer 4 only warns: layer 3 has said all there is to say.
    """
    if asked.mode is not Mode.PAPER and asked.config.aave.required and layer is Layer.MARKET:
        sentence = f"health factor not watched: {asked.mode} mode needs an Aave address that shows {limit}"
        return Check(layer, name, Outcome.BLOCK, "not watched", limit, sentence)
    return Check(layer, name, Outcome.WARN, "not watched", limit, f"health factor not watched: {limit} is unproven")
