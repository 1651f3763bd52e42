"""Choosing on some days and testing on later ones: the only results that no choice has looked at."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.research.statistics import sharpe
from cockpit.research.sweep_plan import Plan, WalkForward
from cockpit.research.trial import Trial

Span = tuple[int, int]
"""From an instant to before another."""


class Fold(NamedTuple):
    """The stretches to choose on, until when what is chosen by must be over, and the days to test on."""

    train: tuple[Span, ...]
    over_ns: int
    test: Span


class Chosen(msgspec.Struct, frozen=True):
    """What was chosen on a fold's days, and its results on the days after."""

    number: int
    setting: str
    first_test_day: int
    train_trades: int
    train_value: float
    test_r: list[float]


def folds(days: range, how: WalkForward) -> Iterator[Fold]:
    """Tests follow one another without overlap; each is chosen for on the days before it, less what is purged right
    before, and less what comes right after an earlier test.
    """
    purge_ns, embargo_ns = int(how.purge_s * NS_PER_S), int(how.embargo_s * NS_PER_S)
    embargoed: list[Span] = []
    for first in range(days.start + how.train_days, days.stop - how.test_days + 1, how.test_days):
        test_ns, end_ns = first * NS_PER_DAY, (first + how.test_days) * NS_PER_DAY
        over_ns = test_ns - purge_ns
        train = _without((test_ns - how.train_days * NS_PER_DAY, over_ns), embargoed)
        if train:
            yield Fold(train, over_ns, (test_ns, end_ns))
        if embargo_ns:
            embargoed.append((end_ns, end_ns + embargo_ns))


def _without(span: Span, cuts: Sequence[Span]) -> tuple[Span, ...]:
    """What of it is left; the cuts come in their order."""
    found: list[Span] = []
    at_ns, end_ns = span
    for start_ns, stop_ns in cuts:
        if start_ns > at_ns:
            found.append((at_ns, min(start_ns, end_ns)))
        at_ns = max(at_ns, stop_ns)
        if at_ns >= end_ns:
            break
    return tuple(one for one in (*found, (at_ns, end_ns)) if one[0] < one[1])


def walk(plan: Plan, how: WalkForward, days: range, trials: Sequence[Trial]) -> list[Chosen]:
    """The best trial of each fold's train days, and what it did on the test days. A trade that reached into the test,
    or into what is purged before it, was not known when the choice was made: it counts for neither.
    """
    found = []
    for fold in folds(days, how):
        values = [(_value(plan, trial, fold), -trial.number, trial) for trial in trials]
        (value, train_trades), _, best = max(values, key=lambda one: (one[0][0], one[1]))
        if value == float("-inf"):
            continue
        found.append(
            Chosen(
                number=best.number,
                setting=best.setting,
                first_test_day=fold.test[0] // NS_PER_DAY,
                train_trades=train_trades,
                train_value=value,
                test_r=best.r_between(*fold.test, 2**63 - 1),
            )
        )
    return found


def _value(plan: Plan, trial: Trial, fold: Fold) -> tuple[float, int]:
    """What the plan looks for, over these days alone, in R."""
    r = [one for span in fold.train for one in trial.r_between(*span, fold.over_ns)]
    if trial.refused or len(r) < max(1, plan.fewest_trades):
        return float("-inf"), len(r)
    if plan.objective == "sharpe_r":
        return sharpe(r), len(r)
    return (sum(r) / len(r) if plan.objective == "mean_r" else sum(r)), len(r)
