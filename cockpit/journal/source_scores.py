"""The score of each source of signals, by strategy: what was let through, what it earned, what the denied missed."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from cockpit.domain.kinds import TradePhase
from cockpit.domain.signal_sources import PaperTrack, SourceScore
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict
from cockpit.journal.expectancy import expectancy

OWN = ("", "setups", "manual", "adopted")
"""Proposals of the engine's own setups, of a person, and what 0.1.0 wrote, are of no source."""


def scores_of(
    verdicts: Iterable[Verdict], trades: Iterable[TradeRecord], tracks: Iterable[PaperTrack]
) -> tuple[SourceScore, ...]:
    """Every source and strategy that proposed anything, in order of their names."""
    judged: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    traded: dict[tuple[str, str], list[TradeRecord]] = defaultdict(list)
    followed: dict[tuple[str, str], list[PaperTrack]] = defaultdict(list)
    for verdict in verdicts:
        judged[verdict.proposal.source, verdict.proposal.setup].append(verdict)
    for trade in trades:
        traded[trade.source, trade.setup].append(trade)
    for track in tracks:
        followed[track.source, track.strategy].append(track)
    keys = sorted({*judged, *traded, *followed})
    return tuple(_score(*key, judged[key], traded[key], followed[key]) for key in keys if key[0] not in OWN)


def _score(
    source: str, strategy: str, verdicts: list[Verdict], trades: list[TradeRecord], tracks: list[PaperTrack]
) -> SourceScore:
    closed = [trade for trade in trades if trade.phase is TradePhase.CLOSED]
    slippages = [trade.slippage_bps for trade in trades if trade.opened_ns is not None]
    denied = [track.r for track in tracks if track.denied_by and track.r is not None]
    held_back = [track.r for track in tracks if not track.denied_by and track.r is not None]
    return SourceScore(
        source=source,
        strategy=strategy,
        proposals=len(verdicts),
        approved=sum(verdict.approved for verdict in verdicts),
        sent=sum(verdict.sent for verdict in verdicts),
        denied_by=dict(Counter(verdict.reason_check for verdict in verdicts if not verdict.approved).most_common()),
        closed=len(closed),
        win_rate=sum(trade.pnl_usd > 0 for trade in closed) / len(closed) if closed else None,
        pnl_usd=sum(trade.pnl_usd for trade in trades),
        expectancy_r=expectancy([trade.r for trade in closed]),
        slippage_bps=sum(slippages) / len(slippages) if slippages else None,
        denied_r=expectancy(denied),
        denied_followed=len(denied),
        held_back_r=expectancy(held_back),
        held_back_followed=len(held_back),
    )
