"""Each limit, broken by one trade and kept by its neighbour, is found where it was broken and nowhere else."""

from collections.abc import Sequence

import pytest
from journal_samples import START_NS, at, closed, opened, trade, verdict
from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode, Outcome, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_DAY
from cockpit.journal.evidence import Evidence, Place
from cockpit.journal.rebuild import BookedFill
from cockpit.journal.sessions import FeedKind
from cockpit.journal.violations import find_violations

SIMULATED = Place(FeedKind.SIMULATED, 1)


def made(trades: Sequence[TradeRecord], place: Place = SIMULATED, reviews: Sequence[int] = ()) -> Evidence:
    """Trades that were all approved at their own size."""
    return Evidence(
        trades=tuple((place, one) for one in trades),
        sent=tuple(
            (
                place,
                replace(
                    verdict(1, ts_ns=one.decided_ns, trade_id=one.trade_id),
                    verdict_id=one.verdict_id,
                    notional_usd=one.notional_usd,
                ),
            )
            for one in trades
        ),
        reviews=tuple((place, ts_ns) for ts_ns in reviews),
    )


def broken(evidence: Evidence, config: CockpitConfig) -> list[str]:
    return [violation.sentence for violation in find_violations(evidence, config)]


def test_trades_within_every_limit_break_none(shipped_config: CockpitConfig) -> None:
    assert broken(made([closed(n, 0.03) for n in range(1, 7)]), shipped_config) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"notional_usd": 415.01}, "t000001 notional 415.01 over 415.00 USD"),
        ({"stop_bps": 500.1}, "t000001 stop 500.1 bps over 500"),
        ({"entry_qty": 0.0003}, "t000001 filled 0.0003 of 0.00029 asked"),
    ],
)
def test_a_trade_too_large_is_found(shipped_config: CockpitConfig, change: dict[str, float], said: str) -> None:
    assert broken(made([closed(1, 0.03, **change), closed(2, 0.03)]), shipped_config) == [said]


def test_a_trade_at_the_limit_is_none(shipped_config: CockpitConfig) -> None:
    assert broken(made([closed(1, 0.03, notional_usd=415.0, stop_bps=500.0)]), shipped_config) == []


def test_a_trade_without_an_approved_verdict_is_found(shipped_config: CockpitConfig) -> None:
    evidence = made([closed(1, 0.03)])
    alone = replace(evidence, sent=())
    assert broken(alone, shipped_config) == ["t000001 was sent without an approved verdict (its verdict: v000001)"]
    ((place, asked),) = evidence.sent
    denied = replace(evidence, sent=((place, replace(asked, approved=False)),))
    assert len(broken(denied, shipped_config)) == 1


def test_an_approval_against_its_own_check_is_found(shipped_config: CockpitConfig) -> None:
    evidence = made([closed(1, 0.03)])
    ((place, asked),) = evidence.sent
    against = replace(asked, checks=(replace(asked.checks[0], outcome=Outcome.NO_DATA),))
    assert broken(replace(evidence, sent=((place, against),)), shipped_config) == [
        "t000001 was approved although notional said no_data"
    ]


def test_more_than_was_approved_is_found(shipped_config: CockpitConfig) -> None:
    evidence = made([closed(1, 0.03)])
    ((place, asked),) = evidence.sent
    less = replace(evidence, sent=((place, replace(asked, notional_usd=20.0)),))
    assert broken(less, shipped_config) == ["t000001 notional 29.00 over the approved 20.00 USD"]


def test_the_fourth_open_trade_is_found(shipped_config: CockpitConfig) -> None:
    held = [opened(n) for n in range(1, 4)]
    assert broken(made([*held, opened(4)]), shipped_config) == ["t000004 was open trade 4 of 3"]
    freed = replace(held[0], phase=TradePhase.CLOSED, closed_ns=at(60 * 4))
    assert broken(made([freed, *held[1:], opened(4)]), shipped_config) == []


def test_the_seventh_trade_of_a_day_is_found(shipped_config: CockpitConfig) -> None:
    six = [closed(n, 0.03) for n in range(1, 7)]
    assert broken(made([*six, closed(7, 0.03)]), shipped_config) == ["t000007 was trade 7 of 6 that UTC day"]
    tomorrow = closed(7, 0.03, decided_ns=at(420) + NS_PER_DAY, closed_ns=at(450) + NS_PER_DAY)
    assert broken(made([*six, tomorrow]), shipped_config) == []
    never = trade(6, phase=TradePhase.ABANDONED, closed_ns=at(361))
    assert broken(made([*six[:5], never, closed(7, 0.03)]), shipped_config) == []


def test_a_trade_after_the_days_loss_is_found(shipped_config: CockpitConfig) -> None:
    lost = closed(1, -99.98, risk_usd=1_000.0)
    sentences = broken(made([lost, closed(2, 0.03)], reviews=[at(100)]), shipped_config)
    assert sentences == ["t000002 was sent with 100.00 of 100.00 USD lost that day"]


def test_a_trade_after_the_net_profit_stop_is_found(shipped_config: CockpitConfig) -> None:
    won = [closed(1, 0.10), closed(2, 0.05)]
    assert broken(made([*won, closed(3, 0.03)]), shipped_config) == [
        "t000003 was sent at +1.10 R, past the stop at +1 R"
    ]
    assert broken(made([won[0], closed(3, 0.03)]), shipped_config) == []


def test_a_trade_after_two_losses_without_a_review_is_found(shipped_config: CockpitConfig) -> None:
    lost = [closed(1, -0.05), closed(2, -0.05), closed(3, 0.03)]
    said = ["t000003 was sent after 2 losses in a row, 2 need a review"]
    assert broken(made(lost), shipped_config) == said
    assert broken(made(lost, reviews=[at(160)]), shipped_config) == []
    assert broken(made(lost, reviews=[at(100)]), shipped_config) == [], "one before the second loss leaves only one"
    assert broken(made(lost, reviews=[at(200)]), shipped_config) == said, "a review after the trade is too late"


def test_a_trade_in_a_drawdown_is_found(shipped_config: CockpitConfig) -> None:
    fell = [closed(1, 1.02, risk_usd=1_000.0), closed(2, -19.91, risk_usd=1_000.0), closed(3, 0.03)]
    said = ["t000003 was sent in a drawdown of 19.93, limit 19.92 USD"]
    assert broken(made(fell), shipped_config) == said
    assert broken(made(fell, reviews=[at(160)]), shipped_config) == [], "the operator reviewed and resumed"
    assert broken(made(fell, reviews=[at(100)]), shipped_config) == said, "before the fall there was nothing to review"
    less = [fell[0], replace(fell[1], gross_usd=-19.89), fell[2]]
    assert broken(made(less), shipped_config) == []


def test_test_mode_has_its_own_limits(shipped_config: CockpitConfig) -> None:
    in_test = [closed(n, 0.03, mode=Mode.TEST) for n in range(1, 5)]
    assert broken(made(in_test), shipped_config) == ["t000004 was test trade 4 of 3 that session"]
    assert broken(made(in_test[:3]), shipped_config) == []
    lost = closed(1, -19.98, mode=Mode.TEST, risk_usd=1_000.0)
    said = "t000002 was sent with 20.00 of 20.00 USD lost in the test session"
    assert said in broken(made([lost, closed(2, 0.03, mode=Mode.TEST)]), shipped_config)


def test_test_exposure_counts_what_was_still_open(shipped_config: CockpitConfig) -> None:
    held = opened(1, mode=Mode.TEST, notional_usd=60.0, entry_qty=0.0006, asked_qty=0.0006)
    second = opened(2, mode=Mode.TEST, notional_usd=50.0)
    evidence = made([held, second])
    said = ["t000002 made test exposure 110.00 over 100.00 USD"]
    assert broken(evidence, shipped_config) == said
    entry = BookedFill(at(61), held.trade_id, held.entry_order_id, 0.0006, 100_000.0, 0.01)
    target = BookedFill(at(90), held.trade_id, "t000001t3", 0.0002, 100_250.0, 0.01)
    assert broken(replace(evidence, fills=((SIMULATED, entry),)), shipped_config) == said
    assert broken(replace(evidence, fills=((SIMULATED, entry), (SIMULATED, target))), shipped_config) == []


def test_the_live_feeds_trades_share_one_account_and_others_do_not(shipped_config: CockpitConfig) -> None:
    def in_two_lineages(feed: FeedKind) -> Evidence:
        first = made([closed(n, 0.03) for n in range(1, 5)], Place(feed, START_NS))
        second = made([closed(n, 0.03) for n in range(5, 9)], Place(feed, START_NS + 1))
        return replace(first, trades=first.trades + second.trades, sent=first.sent + second.sent)

    assert len(broken(in_two_lineages(FeedKind.LIVE), shipped_config)) == 2
    assert broken(in_two_lineages(FeedKind.SIMULATED), shipped_config) == []


def test_paper_and_test_are_two_accounts(shipped_config: CockpitConfig) -> None:
    mixed = [closed(1, -0.05), closed(2, -0.05), closed(3, 0.03, mode=Mode.TEST)]
    assert broken(made(mixed), shipped_config) == []
