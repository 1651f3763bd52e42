"""Snapshot making: one look at everything, for screens and the API."""

from collections.abc import Mapping

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import ForeignPosition
from cockpit.domain.kinds import Mode, TradePhase
from cockpit.domain.snapshot import (
    AssetView,
    ForeignPositionView,
    FundingView,
    HealthView,
    OpenTradeView,
    SetupView,
    Snapshot,
)
from cockpit.domain.trades import stop_terms
from cockpit.domain.units import NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.engine.trade_life import TradeLife
from cockpit.market.health import drops
from cockpit.market.onchain import distance
from cockpit.market.overview import feed_views

NO_BACKTESTS: Mapping[str, str] = {}
LIQUIDATION = 1.0
"""Aave liquidates under a health factor of 1: that is no rule of ours."""


def snapshot(
    engine: Engine, backtests: Mapping[str, str] = NO_BACKTESTS, beyond: Mapping[str, str] = NO_BACKTESTS
) -> Snapshot:
    """Everything a screen shows, as of the engine's time.

    `backtests` are words about setups by the config's names, `beyond` those about setups that leave what they showed.
    """
    risk, config, market, now_ns = engine.risk, engine.config, engine.market, engine.now_ns
    return Snapshot(
        ts_ns=now_ns,
        mode=risk.accountant.mode,
        state=risk.state,
        state_reason=risk.reason,
        armed=risk.armed,
        halt=risk.accountant.account.halt,
        stand_downs=risk.stand_downs.causes,
        account=risk.accountant.account,
        open_pnl_usd=engine.book.open_usd(),
        equity_usd=risk.equity_usd(),
        drawdown_usd=risk.drawdown_usd(),
        drawdown_limit_usd=risk.drawdown_limit_usd,
        daily_loss_limit_usd=_loss_limit_usd(config, risk.accountant.mode),
        max_trades_per_day=_trades_a_day(config, risk.accountant.mode),
        max_open_trades=config.limits.max_open_trades,
        max_notional_usd=config.limits.max_notional_usd,
        exposure_usd=engine.book.exposure_usd(),
        assets=tuple(_asset(engine, asset) for asset in market.assets),
        health=_health(engine),
        setups=tuple(_setup(engine, name, backtests, beyond) for name in engine.setups),
        open_trades=tuple(_open_trade(engine, trade) for trade in engine.book.trades),
        feeds=feed_views(market, now_ns),
        verdicts_approved=engine.decisions.approved,
        verdicts_denied=engine.decisions.denied,
        flatten_steps=tuple(risk.flatten_steps),
        alarms=engine.alarms.levels,
        foreign_positions=tuple(_foreign(engine, position) for position in engine.foreign.held),
        sources=engine.sources.views(now_ns),
    )


def _trades_a_day(config: CockpitConfig, mode: Mode) -> int:
    """How many entries the day has in that mode: test's own limit is one more, and a session is a day."""
    most = config.limits.max_trades_per_day
    return min(most, config.modes.test.max_trades) if mode is Mode.TEST else most


def _loss_limit_usd(config: CockpitConfig, mode: Mode) -> float:
    """What the day may lose in that mode."""
    most = config.limits.daily_loss_usd
    return min(most, config.modes.test.max_session_loss_usd) if mode is Mode.TEST else most


def _asset(engine: Engine, name: str) -> AssetView:
    market, now_ns = engine.market, engine.now_ns
    asset = market.assets[name]
    short = market.short_pct(name, now_ns)
    bands = market.bands(name)
    on_chain = distance(market, name, now_ns)
    funding = tuple(
        FundingView(
            rate.venue,
            rate.rate_bps_8h,
            rate.interval_h,
            rate.next_ns,
            max(0.0, (now_ns - rate.ts_ns) / NS_PER_S),
            rate.origin,
        )
        for rate in market.latest_funding(name).values()
    )
    return AssetView(
        asset=name,
        price=asset.price,
        bid=asset.top.bid if asset.top else None,
        ask=asset.top.ask if asset.top else None,
        spread_bps=asset.spread_bps,
        mark=asset.mark.mark if asset.mark else None,
        basis_bps=asset.basis_bps,
        long_pct=market.long_pct(name, now_ns).value,
        short_pct=short.value,
        no_short_at_pct=engine.config.gate.short_pct_block_at[name],
        positioning_age_s=short.age_s,
        positioning_origin=short.origin,
        positioning_source=short.source,
        proposed_bands=engine.bands.proposals.get(name),
        bands_accepted_ns=engine.bands.accepted_ns(name),
        funding=funding,
        funding_spread_bps=market.funding_spread_bps(name, now_ns).value,
        open_interest_change_24h_pct=market.open_interest_change_pct(name, now_ns).value,
        bands_lower=tuple((band[0], band[1]) for band in bands.lower) if bands else (),
        bands_upper=tuple((band[0], band[1]) for band in bands.upper) if bands else (),
        clusters=market.liquidations.clusters(name, asset.price, now_ns),
        estimated_explained_pct=market.liquidations.explained_pct(name, now_ns),
        onchain_price=on_chain.on_chain if on_chain else None,
        onchain_apart_bps=on_chain.apart_bps if on_chain else None,
    )


def _health(engine: Engine) -> HealthView:
    market, gate = engine.market, engine.config.gate
    view = market.health_factor(engine.now_ns)
    latest = market.latest_health()
    targets = (gate.health_factor_entries_min, gate.health_factor_flatten_under, LIQUIDATION)
    return HealthView(
        watched=market.health_watched,
        value=view.value,
        no_debt=market.health_no_debt(engine.now_ns),
        age_s=view.age_s,
        collateral_usd=latest.collateral_usd if latest else None,
        debt_usd=latest.debt_usd if latest else None,
        warn_under=gate.health_factor_warn_under,
        entries_stop_under=gate.health_factor_entries_min,
        flatten_under=gate.health_factor_flatten_under,
        detail=view.detail,
        origin=view.origin,
        drops=drops(latest.exposures, targets) if latest else (),
    )


def _setup(engine: Engine, name: str, backtests: Mapping[str, str], beyond: Mapping[str, str]) -> SetupView:
    setup = engine.setups[name]
    status = setup.status(engine.now_ns)
    verdict = engine.probe(name)
    return SetupView(
        name=name,
        asset=setup.asset,
        side=verdict.proposal.side,
        phase=status.phase,
        waiting_for=status.waiting_for,
        gate_would_approve=verdict.approved,
        gate_reason=verdict.reason,
        size_factor=verdict.size_factor,
        backtest=backtests.get(name, ""),
        beyond_backtest=beyond.get(name, ""),
    )


def _foreign(engine: Engine, position: ForeignPosition) -> ForeignPositionView:
    """Valued by our own feed where that watches the asset, else by the mark that the venue gave with it."""
    asset = engine.market.assets.get(position.asset)
    watched = asset.price if asset is not None else None
    price = position.mark_price if watched is None else watched
    at_stop = None if position.stop_price is None or price is None else (price - position.stop_price) * position.qty
    return ForeignPositionView(
        venue=position.venue,
        asset=position.asset,
        margin_mode=position.margin_mode,
        position_side=position.position_side,
        qty=position.qty,
        entry_price=position.entry_price,
        price=price,
        notional_usd=None if price is None else abs(position.qty) * price,
        open_pnl_usd=None if price is None else (price - position.entry_price) * position.qty,
        stop_price=position.stop_price,
        loss_at_stop_usd=None if at_stop is None else max(0.0, at_stop),
        policy=engine.config.execution.foreign_positions,
    )


def _open_trade(engine: Engine, trade: TradeLife) -> OpenTradeView:
    record = trade.record
    worth = engine.book.worth_usd(record)
    total_r = None if worth is None or record.risk_usd <= 0 else (record.pnl_usd + worth) / record.risk_usd
    unknown = engine.risk.venue_notices.unknown(record.venue, record.asset)
    terms = stop_terms(record, engine.config.stop_limit_bps(record.venue, record.mode))
    entry = engine.book.order(record.entry_order_id) if record.phase is TradePhase.OPENING else None
    limit, until_ns = (None, None) if entry is None else (entry.request.limit_price, entry.request.expires_ns)
    return OpenTradeView(record, engine.book.exit_price(record), worth, total_r, unknown, terms, limit, until_ns)
