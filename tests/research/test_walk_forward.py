"""Folds never look forward, and what reached into a test was not known when the choice was made."""

import json

from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.research.sweep_plan import Plan, WalkForward
from cockpit.research.trial import Trial
from cockpit.research.walk_forward import folds, walk

DAYS = st.integers(1, 6)
GAP_S = st.integers(0, 3 * 86_400)
DAY_S = 86_400


@given(st.integers(2, 60), DAYS, DAYS, st.floats(0.0, 0.99), GAP_S)
def test_folds_are_apart(days: int, train: int, test: int, purged_share: float, embargo_s: int) -> None:
    purge_s = purged_share * train * DAY_S
    how = WalkForward(train_days=train, test_days=test, purge_s=purge_s, embargo_s=embargo_s)
    start_ns, end_ns = 100 * NS_PER_DAY, (100 + days) * NS_PER_DAY
    tested_until_ns = [0]
    for fold in folds(range(100, 100 + days), how):
        test_ns, over_ns = fold.test
        assert over_ns - test_ns == test * NS_PER_DAY and test_ns % NS_PER_DAY == 0 and test_ns >= tested_until_ns[-1]
        assert fold.over_ns == test_ns - int(purge_s * NS_PER_S)
        for first_ns, last_ns in fold.train:
            assert start_ns <= first_ns < last_ns <= fold.over_ns and over_ns <= end_ns
            embargoed = [(at_ns, at_ns + embargo_s * NS_PER_S) for at_ns in tested_until_ns[1:]]
            assert all(last_ns <= at_ns or until_ns <= first_ns for at_ns, until_ns in embargoed if until_ns > at_ns)
        if not embargo_s:
            assert fold.train == ((test_ns - train * NS_PER_DAY, fold.over_ns),)
        tested_until_ns.append(over_ns)


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


PLAN = Plan.model_validate({"vary": {"key": [0, 1]}, "fewest_trades": 1})


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


def test_what_was_still_open_in_the_purged_seconds_is_not_chosen_by() -> None:
    late = trial(0, [(10.1, 10.2, 0.5), (10.5, 11.0 - 60 / DAY_S, 9.0)])
    plain = trial(1, [(10.1, 10.2, 1.0), (11.4, 11.5, 0.25)])
    for purge_s, number in ((0, 0), (59, 0), (61, 1)):
        how = WalkForward(train_days=1, test_days=1, purge_s=purge_s)
        (chosen,) = walk(PLAN, how, range(10, 12), [late, plain])
        assert chosen.number == number
