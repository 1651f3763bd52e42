"""The figures of a set of trades, as a whole and split by setup, side and hour."""

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.domain.intervals import Interval
from cockpit.domain.kinds import Mode, RiskOf, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.journal.evidence import Evidence
from cockpit.journal.expectancy import expectancy

SECONDS_PER_HOUR = 3600


class Spread(msgspec.Struct, frozen=True):
    """A measurement's mean and 95th percentile over the trades; None where there was no trade to measure."""

    mean: float | None
    p95: float | None


class SetupLine(msgspec.Struct, frozen=True):
    """One setup's closed trades."""

    setup: str
    trades: int
    wins: int
    win_rate_pct: float
    pnl_usd: float
    fees_usd: float
    r_total: float
    slippage_bps_mean: float | None
    expectancy_usd: float


class SplitLine(msgspec.Struct, frozen=True):
    """The closed trades of one side, or of one UTC hour of their decision."""

    part: str
    trades: int
    wins: int
    win_rate_pct: float
    pnl_usd: float
    r_total: float
    expectancy_usd: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a set of trades. Money and R are what is realised so far, open trades included.

    `r_of_base_units` trades count R of the base unit's risk, as 0.1.0 did, the others of their own. Rates, means,
    expectancy and profit factor (what the winners won over what the losers lost; None without a loser) are over closed
    trades; a win is net P&L over 0. The drawdown is the deepest fall of an account's realised result from its peak, or
    of its equity as the engine saw it, whichever is more. MAE and MFE are how far
    the market went against a trade and in its favour while it was open.
    """

    trades: int
    open_trades: int
    abandoned: int
    wins: int
    losses: int
    win_rate_pct: float | None
    pnl_usd: float
    gross_usd: float
    fees_usd: float
    funding_usd: float
    r_total: float
    r_mean: float | None
    expectancy_r: Interval
    expectancy_usd: Interval
    profit_factor: float | None
    slippage_bps: Spread
    exit_slippage_bps: Spread
    mae_bps: Spread
    mfe_bps: Spread
    decision_to_fill_ms: Spread
    max_drawdown_usd: float
    max_drawdown_pct: float
    r_of_base_units: int = 0


def figures_of(evidence: Evidence, config: CockpitConfig) -> Figures:
    """The figures of every trade of this evidence; the drawdown is a share of this config's hot wallet."""
    every = [trade for _, trade in evidence.trades]
    closed = closed_of(every)
    won = [trade.pnl_usd for trade in closed if trade.pnl_usd > 0]
    lost = [trade.pnl_usd for trade in closed if trade.pnl_usd < 0]
    drawdown_usd = _max_drawdown_usd(evidence)
    in_r = expectancy([trade.r for trade in closed])
    return Figures(
        trades=len(closed),
        open_trades=sum(trade.phase not in (TradePhase.CLOSED, TradePhase.ABANDONED) for trade in every),
        abandoned=sum(trade.phase is TradePhase.ABANDONED for trade in every),
        wins=len(won),
        losses=len(lost),
        win_rate_pct=100.0 * len(won) / len(closed) if closed else None,
        pnl_usd=math.fsum(trade.pnl_usd for trade in every),
        gross_usd=math.fsum(trade.gross_usd for trade in every),
        fees_usd=math.fsum(trade.fees_usd for trade in every),
        funding_usd=math.fsum(trade.funding_usd for trade in every),
        r_total=math.fsum(trade.r for trade in every),
        r_mean=in_r.mean,
        expectancy_r=in_r,
        expectancy_usd=expectancy([trade.pnl_usd for trade in closed]),
        profit_factor=math.fsum(won) / -math.fsum(lost) if lost else None,
        slippage_bps=_spread([trade.slippage_bps for trade in every if trade.opened_ns is not None]),
        exit_slippage_bps=_spread(_known(trade.exit_slippage_bps for trade in every)),
        mae_bps=_spread(_known(trade.mae_bps for trade in closed)),
        mfe_bps=_spread(_known(trade.mfe_bps for trade in closed)),
        decision_to_fill_ms=_spread(_known(trade.decision_to_fill_ms for trade in every)),
        max_drawdown_usd=drawdown_usd,
        max_drawdown_pct=100.0 * drawdown_usd / config.capital.hot_wallet_usd,
        r_of_base_units=sum(trade.risk_of is RiskOf.BASE_UNIT and trade.entry_qty > 0 for trade in every),
    )


def by_setup(evidence: Evidence) -> tuple[SetupLine, ...]:
    return tuple(_setup_line(setup, trades) for setup, trades in _grouped(evidence, lambda trade: trade.setup))


def by_side(evidence: Evidence) -> tuple[SplitLine, ...]:
    """Long and short apart."""
    return tuple(_split_line(part, trades) for part, trades in _grouped(evidence, lambda trade: trade.side.value))


def by_hour(evidence: Evidence) -> tuple[SplitLine, ...]:
    """By the UTC hour in which a trade was decided, as `07`; hours without one are left out."""
    return tuple(_split_line(part, trades) for part, trades in _grouped(evidence, _hour))


def closed_of(trades: Iterable[TradeRecord]) -> list[TradeRecord]:
    return [trade for trade in trades if trade.phase is TradePhase.CLOSED]


def _hour(trade: TradeRecord) -> str:
    return f"{trade.decided_ns // NS_PER_S // SECONDS_PER_HOUR % 24:02d}"


def _grouped(evidence: Evidence, part_of: Callable[[TradeRecord], str]) -> list[tuple[str, list[TradeRecord]]]:
    parts: dict[str, list[TradeRecord]] = {}
    for trade in closed_of(trade for _, trade in evidence.trades):
        parts.setdefault(part_of(trade), []).append(trade)
    return sorted(parts.items())


def _setup_line(setup: str, trades: Sequence[TradeRecord]) -> SetupLine:
    line = _split_line(setup, trades)
    return SetupLine(
        setup=setup,
        trades=line.trades,
        wins=line.wins,
        win_rate_pct=line.win_rate_pct,
        pnl_usd=line.pnl_usd,
        fees_usd=math.fsum(trade.fees_usd for trade in trades),
        r_total=line.r_total,
        slippage_bps_mean=_mean([trade.slippage_bps for trade in trades]),
        expectancy_usd=line.expectancy_usd,
    )


def _split_line(part: str, trades: Sequence[TradeRecord]) -> SplitLine:
    wins = sum(trade.pnl_usd > 0 for trade in trades)
    pnl_usd = math.fsum(trade.pnl_usd for trade in trades)
    return SplitLine(
        part=part,
        trades=len(trades),
        wins=wins,
        win_rate_pct=100.0 * wins / len(trades),
        pnl_usd=pnl_usd,
        r_total=math.fsum(trade.r for trade in trades),
        expectancy_usd=pnl_usd / len(trades),
    )


def _max_drawdown_usd(evidence: Evidence) -> float:
    """Over each account by itself: one mode on one feed (of the live feed) or in one lineage (of any other)."""
    deepest = max((account.max_drawdown_usd for _, _, account in evidence.accounts), default=0.0)
    curves: dict[tuple[object, Mode], list[TradeRecord]] = {}
    for place, trade in evidence.trades:
        curves.setdefault((place.feed if place.is_live else place, trade.mode), []).append(trade)
    for trades in curves.values():
        equity = peak = 0.0
        for trade in sorted(closed_of(trades), key=lambda one: one.closed_ns or 0):
            equity += trade.pnl_usd
            peak = max(peak, equity)
            deepest = max(deepest, peak - equity)
    return deepest


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _spread(values: Sequence[float]) -> Spread:
    """The mean and the 95th percentile (the smallest value that at least 95 % of them do not exceed)."""
    if not values:
        return Spread(None, None)
    return Spread(_mean(values), sorted(values)[math.ceil(0.95 * len(values)) - 1])
