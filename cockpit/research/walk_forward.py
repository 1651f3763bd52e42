"""Choosing on some days and testing on later ones: the only results that no choice has looked at."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from cockpit.domain.units import NS_PER_DAY
from cockpit.research.statistics import sharpe
from cockpit.research.sweep_plan import Plan, WalkForward
from cockpit.research.trial import Trial


class Fold(NamedTuple):
    """The days to choose on, and the days to test on."""

    train: tuple[int, ...]
    test: tuple[int, ...]


class Chosen(msgspec.Struct, frozen=True):
    """What was chosen on a fold's days, and its results on the days after."""

    number: int
    setting: str
    first_test_day: int
    train_trades: int
    train_value: float
    test_r: list[float]


def folds(days: range, how: WalkForward) -> Iterator[Fold]:
    """Tests follow one another without overlap; each is chosen for on the days before it, less the purged ones right
    before, and less those right after an earlier test.
    """
    embargoed: set[int] = set()
    first = days.start + how.train_days + how.purge_days
    while first + how.test_days <= days.stop:
        test = tuple(range(first, first + how.test_days))
        last_train = first - how.purge_days
        train = tuple(day for day in range(last_train - how.train_days, last_train) if day not in embargoed)
        if train:
            yield Fold(train, test)
        embargoed |= set(range(test[-1] + 1, test[-1] + 1 + how.embargo_days))
        first += how.test_days


def walk(plan: Plan, how: WalkForward, days: range, trials: Sequence[Trial]) -> list[Chosen]:
    """The best trial of each fold's train days, and what it did on the test days. A trade that reached into the test
    was not known when the choice was made: it counts for neither.
    """
    found = []
    for fold in folds(days, how):
        test_ns = fold.test[0] * NS_PER_DAY
        values = [(_value(plan, trial, fold.train, test_ns), -trial.number, trial) for trial in trials]
        (value, train_trades), _, best = max(values, key=lambda one: (one[0][0], one[1]))
        if value == float("-inf"):
            continue
        end_ns = (fold.test[-1] + 1) * NS_PER_DAY
        found.append(
            Chosen(
                number=best.number,
                setting=best.setting,
                first_test_day=fold.test[0],
                train_trades=train_trades,
                train_value=value,
                test_r=best.r_between(test_ns, end_ns, 2**63 - 1),
            )
        )
    return found


def _value(plan: Plan, trial: Trial, train: Sequence[int], before_ns: int) -> tuple[float, int]:
    """What the plan looks for, over these days alone, in R."""
    r = [one for day in train for one in trial.r_between(day * NS_PER_DAY, (day + 1) * NS_PER_DAY, before_ns)]
    if trial.refused or len(r) < max(1, plan.fewest_trades):
        return float("-inf"), len(r)
    if plan.objective == "sharpe_r":
        return sharpe(r), len(r)
    return (sum(r) / len(r) if plan.objective == "mean_r" else sum(r)), len(r)
