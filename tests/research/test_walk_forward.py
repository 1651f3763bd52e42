"""Folds never look forward, and what reached into a test was not known when the choice was made."""

import json

from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.research.sweep_plan import Plan, WalkForward
from cockpit.research.trial import Trial
from cockpit.research.walk_forward import folds, walk

DAYS = st.integers(1, 6)
GAP = st.integers(0, 3)


@given(st.integers(2, 60), DAYS, DAYS, GAP, GAP)
def test_folds_are_apart(days: int, train: int, test: int, purge: int, embargo: int) -> None:
    how = WalkForward(train_days=train, test_days=test, purge_days=purge, embargo_days=embargo)
    tested: set[int] = set()
    for fold in folds(range(100, 100 + days), how):
        assert max(fold.train) + purge < min(fold.test)
        assert len(fold.test) == test and not tested & set(fold.test)
        after_tests = {day + gap for day in tested for gap in range(1, embargo + 1)} - tested
        assert not after_tests & set(fold.train)
        assert set(fold.train) | set(fold.test) <= set(range(100, 100 + days))
        tested |= set(fold.test)


def trial(number: int, trades: list[tuple[float, float, float]]) -> Trial:
    """Trades as (day decided, day closed, R)."""
    return Trial(
        number=number,
        setting=json.dumps({"key": number}),
        trades=len(trades),
        trade_ns=[int(at * NS_PER_DAY) for at, _, _ in trades],
        closed_ns=[int(end * NS_PER_DAY) for _, end, _ in trades],
        trade_r=[r for _, _, r in trades],
        trade_setup=["a"] * len(trades),
    )


PLAN = Plan.model_validate({"keys": {"key": [0, 1]}, "fewest_trades": 1})


def test_the_choice_is_made_on_the_days_before_and_paid_on_those_after() -> None:
    good_before = trial(0, [(10.1, 10.2, 2.0), (11.1, 11.2, -1.0)])
    good_after = trial(1, [(10.1, 10.2, 1.0), (11.1, 11.2, 3.0)])
    (chosen,) = walk(PLAN, WalkForward(train_days=1, test_days=1), range(10, 12), [good_before, good_after])
    assert (chosen.number, chosen.train_value, chosen.test_r) == (0, 2.0, [-1.0])


def test_a_trade_that_reaches_into_the_test_is_not_chosen_by() -> None:
    reaches = trial(0, [(10.1, 10.2, 0.5), (10.9, 11.3, 9.0)])
    plain = trial(1, [(10.1, 10.2, 1.0), (11.4, 11.4 + 1 / NS_PER_S, 0.25)])
    (chosen,) = walk(PLAN, WalkForward(train_days=1, test_days=1), range(10, 12), [reaches, plain])
    assert (chosen.number, chosen.train_trades, chosen.test_r) == (1, 1, [0.25])
