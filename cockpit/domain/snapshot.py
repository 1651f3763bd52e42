"""One look at everything, for screens and the API. Missing is None, and a `detail` beside it says why."""

import msgspec

from cockpit.domain.account import Account, Halt, StandDown
from cockpit.domain.bands import BandProposal
from cockpit.domain.events import LiquidationCluster
from cockpit.domain.kinds import EngineState, FeedState, Mode, Origin, Reading, SetupPhase, Side
from cockpit.domain.personal_alarms import AlarmLevel
from cockpit.domain.signal_sources import SourceView
from cockpit.domain.trades import TradeRecord


class FeedView(msgspec.Struct, frozen=True):
    """One feed's age and state; `name` is unique (`funding.BTC.okx`), `age_s` None before its first datum."""

    name: str
    reading: Reading
    scope: str
    state: FeedState
    age_s: float | None
    origin: Origin | None
    warn_after_s: float
    stand_down_after_s: float
    detail: str = ""


class FundingView(msgspec.Struct, frozen=True):
    """Funding of one venue, 8 h, bps."""

    venue: str
    rate_bps_8h: float
    interval_h: float
    next_ns: int | None
    age_s: float
    origin: Origin


class AssetView(msgspec.Struct, frozen=True):
    """An asset's market as it stands."""

    asset: str
    price: float | None
    bid: float | None
    ask: float | None
    spread_bps: float | None
    mark: float | None
    basis_bps: float | None
    long_pct: float | None
    short_pct: float | None
    no_short_at_pct: float
    positioning_age_s: float | None
    positioning_origin: Origin | None
    funding: tuple[FundingView, ...]
    funding_spread_bps: float | None
    open_interest_change_24h_pct: float | None
    bands_lower: tuple[tuple[float, float], ...]
    bands_upper: tuple[tuple[float, float], ...]
    clusters: tuple[LiquidationCluster, ...] = ()
    """Liquidations by price, observed and estimated; beside the operator's bands, never in their place."""
    estimated_explained_pct: float | None = None
    """The share of open interest the estimated clusters rest on; None without an estimate."""
    onchain_price: float | None = None
    onchain_apart_bps: float | None = None
    """How far the on-chain price lies over (+) or under (-) the perp's."""
    positioning_source: str = ""
    """Whose accounts are counted, how, and in bars of which length."""
    proposed_bands: BandProposal | None = None
    """What the clusters suggest instead of the bands; an operator may accept it."""
    bands_accepted_ns: int | None = None
    """When the bands were accepted; None while they are the config's."""


class HealthDrop(msgspec.Struct, frozen=True):
    """One asset on Aave, and by how many percent it alone must move (below 0 = fall) for each (health factor, move)."""

    symbol: str
    collateral_usd: float
    debt_usd: float
    moves: tuple[tuple[float, float | None], ...]


class HealthView(msgspec.Struct, frozen=True):
    """The watched wallet's Aave position."""

    watched: bool
    value: float | None
    no_debt: bool
    age_s: float | None
    collateral_usd: float | None
    debt_usd: float | None
    warn_under: float
    entries_stop_under: float
    flatten_under: float
    detail: str
    origin: Origin | None
    drops: tuple[HealthDrop, ...] = ()


class SetupView(msgspec.Struct, frozen=True):
    """A setup's state, what it waits for, and what the gate would say to it right now."""

    name: str
    asset: str
    side: Side
    phase: SetupPhase
    waiting_for: str
    gate_would_approve: bool
    gate_reason: str
    size_factor: float
    backtest: str = ""
    """What the kept backtest says of it in words; empty where none was kept."""
    beyond_backtest: str = ""
    """How its results leave that backtest's interval, in words; empty where they do not, or too few trades tell."""


class OpenTradeView(msgspec.Struct, frozen=True):
    """An open trade with what it is worth now."""

    trade: TradeRecord
    price: float | None
    open_pnl_usd: float | None
    total_r: float | None
    unknown: str = ""
    """Why nobody knows whether its position is there: the venue does not list it, and nothing explains that."""
    stop_terms: str = ""
    """How its stop leaves, where that is not at market."""
    entry_limit_price: float | None = None
    """Where its entry rests; None for one at market, and once it is over."""
    entry_until_ns: int | None = None
    """When a resting entry is taken back."""


class ForeignPositionView(msgspec.Struct, frozen=True):
    """A position on our account that is not ours: signed base coins. It counts against no limit.

    `loss_at_stop_usd` is what it would lose from the price now to its stop; None where none rests (the loss has no
    bound then) or no price is known. `policy` is the config's choice.
    """

    venue: str
    asset: str
    margin_mode: str
    position_side: str
    qty: float
    entry_price: float
    price: float | None
    notional_usd: float | None
    open_pnl_usd: float | None
    stop_price: float | None
    loss_at_stop_usd: float | None
    policy: str


class Snapshot(msgspec.Struct, frozen=True):
    """Everything a screen shows, at one instant."""

    ts_ns: int
    mode: Mode
    state: EngineState
    state_reason: str
    armed: bool
    halt: Halt | None
    stand_downs: tuple[StandDown, ...]
    account: Account
    open_pnl_usd: float | None
    equity_usd: float | None
    drawdown_usd: float | None
    drawdown_limit_usd: float
    daily_loss_limit_usd: float
    max_trades_per_day: int
    max_open_trades: int
    max_notional_usd: float
    exposure_usd: float
    assets: tuple[AssetView, ...]
    health: HealthView
    setups: tuple[SetupView, ...]
    open_trades: tuple[OpenTradeView, ...]
    feeds: tuple[FeedView, ...]
    verdicts_approved: int
    verdicts_denied: int
    flatten_steps: tuple[str, ...] = ()
    foreign_positions: tuple[ForeignPositionView, ...] = ()
    alarms: tuple[AlarmLevel, ...] = ()
    """The operator's own that have not rung yet."""
    sources: tuple[SourceView, ...] = ()
