"""Enough RPCs must say the same of the same block; too few may raise an alarm and never call it healthy."""

import pytest

from cockpit.feeds.aave.account import AccountData
from cockpit.feeds.aave.quorum import Answer, judge, needed_of, pinned_height

GOOD = AccountData(3_000_000_000_000, 996_000_000_000, 0, 8300, 8050, 2_500_000_000_000_000_000)
LOW = AccountData(2_520_000_000_000, 996_000_000_000, 0, 8300, 8050, 2_100_000_000_000_000_000)
FREE = AccountData(3_000_000_000_000, 0, 0, 8300, 8050, 2**256 - 1)
ALARM_UNDER = 2.2


def answer(source: str, data: AccountData = GOOD, block_hash: str = "0xaa") -> Answer:
    return Answer(source, 100, block_hash, 1_760_000_000, data)


CASES = [
    ("alone, one configured", 1, 1, [answer("a")], "a"),
    ("alone of two, healthy", 2, 2, [answer("a")], ""),
    ("alone of two, no debt", 2, 2, [answer("a", FREE)], ""),
    ("alone of two, low", 2, 2, [answer("a", LOW)], "a"),
    ("two agree", 2, 2, [answer("a"), answer("b")], "ab"),
    ("two disagree", 2, 2, [answer("a"), answer("b", LOW)], ""),
    ("two low ones disagree on the block", 2, 2, [answer("a", LOW), answer("b", LOW, "0xbb")], ""),
    ("two against one", 2, 3, [answer("a", LOW), answer("b"), answer("c")], "bc"),
    ("three ways", 2, 3, [answer("a"), answer("b", LOW), answer("c", FREE)], ""),
    ("two against two", 2, 4, [answer("a"), answer("b"), answer("c", LOW), answer("d", LOW)], ""),
    ("two agree, three needed", 3, 3, [answer("a"), answer("b")], ""),
    ("two agree on low, three needed", 3, 3, [answer("a", LOW), answer("b", LOW)], "ab"),
    ("nobody", 2, 2, [], ""),
]


@pytest.mark.parametrize(
    ("needed", "configured", "answers", "counting"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_counts(needed: int, configured: int, answers: list[Answer], counting: str) -> None:
    judged = judge(answers, needed, configured, ALARM_UNDER)
    assert [judgement.answer for judgement in judged] == answers
    assert "".join(judgement.answer.source for judgement in judged if judgement.counts) == counting
    assert all(judgement.detail for judgement in judged if not judgement.counts)


def test_exactly_at_the_alarm_is_no_alarm() -> None:
    at = GOOD._replace(health_factor_wad=2_200_000_000_000_000_000)
    assert not judge([answer("a", at)], 2, 2, ALARM_UNDER)[0].counts


@pytest.mark.parametrize(
    ("heads", "needed", "behind", "height"),
    [
        ([100], 1, 1, 99),
        ([100], 2, 1, 99),
        ([100, 98], 2, 1, 97),
        ([100, 98], 1, 0, 100),
        ([10**9, 100, 99], 2, 1, 99),
        ([5, 100, 99], 2, 1, 98),
        ([0], 1, 1, 0),
    ],
)
def test_one_liar_of_three_moves_the_pinned_block_by_little(
    heads: list[int], needed: int, behind: int, height: int
) -> None:
    assert pinned_height(heads, needed, behind) == height


def test_no_heads_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected at least one head"):
        pinned_height([], 1, 1)


@pytest.mark.parametrize(("configured", "quorum", "needed"), [(1, 2, 1), (2, 2, 2), (3, 2, 2), (5, 3, 3)])
def test_the_quorum_is_all_where_fewer_are_configured(configured: int, quorum: int, needed: int) -> None:
    assert needed_of(configured, quorum) == needed
