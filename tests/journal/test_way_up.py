"""The way up: paper for a day and test for a week, on the live feed, with the report's criteria met."""

from typing import Any

import pytest
from journal_samples import START_NS, at, closed, verdict
from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.account import Account
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.journal.evidence import Evidence, Place, Span
from cockpit.journal.sessions import FeedKind
from cockpit.journal.way_up import way_up

HOUR_NS = 3600 * NS_PER_S
DAY_S = 24 * 3600
THIRTY = (0.08, 0.08, -0.05) * 10
"""20 of 30 won, +0.50 USD net in all (each trade pays 0.02 of fees)."""


def shown(
    mode: Mode,
    hours: float,
    *,
    feed: FeedKind = FeedKind.LIVE,
    gains: tuple[float, ...] = THIRTY,
    **changes: Any,
) -> Evidence:
    """So many hours in a mode, and a trade for each gain, two a day."""
    place = Place(feed, 1)
    first = {Mode.PAPER: 0, Mode.TEST: 100, Mode.LIVE: 200}[mode]
    trades = [
        closed(first + n, gain, mode=mode, decided_ns=_decided(n), closed_ns=_decided(n) + 30 * NS_PER_S, **changes)
        for n, gain in enumerate(gains, start=1)
    ]
    return Evidence(
        trades=tuple((place, trade) for trade in trades),
        sent=tuple(
            (place, verdict(first + n, ts_ns=trade.decided_ns, trade_id=trade.trade_id))
            for n, trade in enumerate(trades, start=1)
        ),
        spans=(Span(feed, mode, START_NS, START_NS + round(hours * HOUR_NS)),),
    )


def _decided(number: int) -> int:
    return at(DAY_S * (number // 2) + 3600 * (number % 2))


def both(one: Evidence, other: Evidence) -> Evidence:
    return replace(one, trades=one.trades + other.trades, sent=one.sent + other.sent, spans=one.spans + other.spans)


def lacking(evidence: Evidence, config: CockpitConfig, mode: Mode) -> list[str]:
    step = next(step for step in way_up(evidence, config) if step.mode is mode)
    assert step.is_open == (not step.lacking)
    return [criterion.name for criterion in step.lacking]


def test_a_day_on_paper_with_everything_met_opens_test_and_not_live(shipped_config: CockpitConfig) -> None:
    evidence = shown(Mode.PAPER, 24)
    assert lacking(evidence, shipped_config, Mode.TEST) == []
    assert "test hours on the live feed" in lacking(evidence, shipped_config, Mode.LIVE)


def test_a_week_in_test_after_it_opens_live(shipped_config: CockpitConfig) -> None:
    evidence = both(shown(Mode.PAPER, 24), shown(Mode.TEST, 7 * 24))
    assert lacking(evidence, shipped_config, Mode.LIVE) == []


def test_a_week_in_test_without_the_paper_day_does_not(shipped_config: CockpitConfig) -> None:
    assert "paper hours on the live feed" in lacking(shown(Mode.TEST, 7 * 24), shipped_config, Mode.LIVE)


@pytest.mark.parametrize("feed", [FeedKind.SIMULATED, FeedKind.RECORDED])
def test_hours_off_the_live_feed_never_count(shipped_config: CockpitConfig, feed: FeedKind) -> None:
    found = lacking(shown(Mode.PAPER, 1_000, feed=feed), shipped_config, Mode.TEST)
    assert found[:2] == ["paper hours on the live feed", "paper trades closed"]


@pytest.mark.parametrize(
    ("evidence", "missing"),
    [
        (shown(Mode.PAPER, 23.99), ["paper hours on the live feed"]),
        (shown(Mode.PAPER, 24, gains=()), ["trades closed", "net P&L", "win rate", "mean decision to fill"]),
        (shown(Mode.PAPER, 24, gains=THIRTY[:29]), ["trades closed"]),
        (shown(Mode.PAPER, 24, gains=(0.05, 0.05, -0.05) * 10), ["net P&L"]),
        (shown(Mode.PAPER, 24, gains=(0.12, 0.12, -0.05, 0.12, -0.05) * 6), ["win rate"]),
        (shown(Mode.PAPER, 24, decision_to_fill_ms=1_000.0), ["mean decision to fill"]),
        (shown(Mode.PAPER, 24, gains=(*THIRTY, 50.0, -33.2)), ["drawdown"]),
        (shown(Mode.PAPER, 24, notional_usd=500.0), ["limit violations"]),
        (
            replace(
                shown(Mode.PAPER, 24),
                accounts=((Place(FeedKind.LIVE, 1), Mode.PAPER, Account(1, START_NS, max_drawdown_usd=33.2)),),
            ),
            ["drawdown"],
        ),
    ],
)
def test_each_criterion_locks_it_by_itself(
    shipped_config: CockpitConfig, evidence: Evidence, missing: list[str]
) -> None:
    found = lacking(evidence, shipped_config, Mode.TEST)
    assert len(found) == len(missing)
    assert all(name.endswith(end) for name, end in zip(found, missing, strict=True)), found


@pytest.mark.parametrize("gains", [(0.05,), (0.05,) * 7 + (-0.20,) * 3])
def test_a_win_rate_over_few_trades_or_lost_money_opens_nothing(
    shipped_config: CockpitConfig, gains: tuple[float, ...]
) -> None:
    assert "paper trades closed" in lacking(shown(Mode.PAPER, 24, gains=gains), shipped_config, Mode.TEST)


def test_twenty_trades_are_enough_in_test(shipped_config: CockpitConfig) -> None:
    paper = shown(Mode.PAPER, 24)
    week = both(paper, shown(Mode.TEST, 7 * 24, gains=(*THIRTY[:18], 0.08, 0.08)))
    assert lacking(week, shipped_config, Mode.LIVE) == []
    week = both(paper, shown(Mode.TEST, 7 * 24, gains=(*THIRTY[:18], 0.08)))
    assert lacking(week, shipped_config, Mode.LIVE) == ["test trades closed"]


def test_the_expectancy_stands_beside_the_criteria_with_its_interval(shipped_config: CockpitConfig) -> None:
    to_test, to_live = way_up(shown(Mode.PAPER, 24), shipped_config)
    usd = to_test.expectancy_usd
    # 20 x +0.06 and 10 x -0.07: the mean is 0.5 / 30, their sample deviation 0.062330, t(29) 2.045.
    assert usd.mean == pytest.approx(0.5 / 30)
    assert usd.low95 == pytest.approx(0.5 / 30 - 2.045 * 0.0623301 / 30**0.5, abs=1e-6)
    assert usd.high95 == pytest.approx(0.5 / 30 + 2.045 * 0.0623301 / 30**0.5, abs=1e-6)
    assert to_test.expectancy_text == "+0.17 R (95 %: -0.07 to +0.40); +0.0167 USD (95 %: -0.0066 to +0.0399)"
    assert to_live.expectancy_text == "no trade yet", "the trades of test mode stand before live"


def test_what_is_lacking_says_both_numbers(shipped_config: CockpitConfig) -> None:
    (criterion, *_) = way_up(shown(Mode.PAPER, 3.5), shipped_config)[0].lacking
    assert (criterion.need, criterion.have) == ("24", "3.5")
