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
from cockpit.journal.report import way_up
from cockpit.journal.sessions import FeedKind

HOUR_NS = 3600 * NS_PER_S


def shown(
    mode: Mode,
    hours: float,
    *,
    feed: FeedKind = FeedKind.LIVE,
    gains: tuple[float, ...] = (0.05, 0.05, -0.05),
    **changes: Any,
) -> Evidence:
    """So many hours in a mode, and a trade for each gain, days apart."""
    place = Place(feed, 1)
    first = {Mode.PAPER: 0, Mode.TEST: 100, Mode.LIVE: 200}[mode]
    trades = [closed(first + n, gain, mode=mode, **changes) for n, gain in enumerate(gains, start=1)]
    return Evidence(
        trades=tuple((place, trade) for trade in trades),
        sent=tuple(
            (place, verdict(first + n, ts_ns=at(60 * n), trade_id=trade.trade_id))
            for n, trade in enumerate(trades, start=1)
        ),
        spans=(Span(feed, mode, START_NS, START_NS + round(hours * HOUR_NS)),),
    )


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
        (shown(Mode.PAPER, 24, gains=()), ["trades closed", "win rate", "mean decision to fill"]),
        (shown(Mode.PAPER, 24, gains=(0.05, 0.05, 0.05, -0.05, -0.05)), ["win rate"]),
        (shown(Mode.PAPER, 24, decision_to_fill_ms=1_000.0), ["mean decision to fill"]),
        (shown(Mode.PAPER, 24, gains=(0.05, 0.05, -33.2)), ["drawdown"]),
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


def test_what_is_lacking_says_both_numbers(shipped_config: CockpitConfig) -> None:
    (criterion, *_) = way_up(shown(Mode.PAPER, 3.5), shipped_config)[0].lacking
    assert (criterion.need, criterion.have) == ("24", "3.5")
