"""The equity curve and the spread of R hold every closed trade, once, in order."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import at, closed, opened
from reported import evidence_with

from cockpit.domain.actions import TradeChanged
from cockpit.domain.kinds import Mode
from cockpit.journal.evidence import evidence_of
from cockpit.journal.report_history import MOST_BINS, history_of
from cockpit.journal.sessions import FeedKind

RESULTS = st.lists(st.floats(-1e6, 1e6), max_size=60)


def test_equity_adds_up_in_the_order_of_closing_not_of_deciding() -> None:
    late = closed(1, 0.10, closed_ns=at(1_000))
    early = closed(2, -0.05)
    actions = [TradeChanged(at(1_000), trade, "closed") for trade in (late, early, opened(3))]
    history = history_of(evidence_of(actions, FeedKind.LIVE, Mode.PAPER, 0, 1))
    assert [point.closed_ns for point in history.equity] == [early.closed_ns, late.closed_ns]
    assert [point.equity_usd for point in history.equity] == pytest.approx([-0.07, 0.01])
    assert [one.trade.trade_id for one in history.rest] == ["t000003"]


@pytest.mark.parametrize(
    ("results", "bins"),
    [
        ([], []),
        ([0.0], [(0.0, 0.1, 1)]),
        ([-0.1, -0.05, 0.1], [(-0.1, 0.0, 2), (0.0, 0.1, 0), (0.1, 0.2, 1)]),
        ([-1.2, 2.9], [(-1.5, -1.0, 1), *[(n / 2, n / 2 + 0.5, 0) for n in range(-2, 5)], (2.5, 3.0, 1)]),
    ],
)
def test_bins_are_of_one_readable_width_with_an_edge_at_0(
    results: list[float], bins: list[tuple[float, float, int]]
) -> None:
    found = history_of(evidence_with(results)).r_bins
    assert [(round(one.from_r, 6), round(one.to_r, 6), one.trades) for one in found] == bins


@given(RESULTS)
def test_every_trade_is_in_one_bin_and_the_bins_are_few(results: list[float]) -> None:
    history = history_of(evidence_with(results))
    bins = history.r_bins
    assert len(bins) <= MOST_BINS
    assert sum(one.trades for one in bins) == len(results)
    for before, after in pairwise(bins):
        assert math.isclose(before.to_r, after.from_r, abs_tol=1e-9)
    for one in history.closed:
        slack = 1e-6 * max(1.0, abs(one.trade.r), bins[0].to_r - bins[0].from_r)
        assert any(bin_.from_r - slack <= one.trade.r <= bin_.to_r + slack for bin_ in bins if bin_.trades)


def test_the_accounts_that_were_added_up_are_told() -> None:
    paper, test = evidence_with([1.0]), evidence_with([1.0], mode=Mode.TEST)
    both = evidence_of([], FeedKind.LIVE, Mode.PAPER, 0, 1)
    mixed = type(both)(trades=paper.trades + test.trades)
    assert history_of(paper).accounts == ((Mode.PAPER, FeedKind.SIMULATED),)
    assert len(history_of(mixed).accounts) == 2
