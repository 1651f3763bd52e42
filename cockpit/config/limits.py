"""Money and the limits around it: capital, global limits, gate thresholds, modes, kill switch, cold storage."""

import json
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cockpit.config.base import Asset, Name, NotNegative, Percent, Positive, Section, StopBps, VenueName

Factor = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
NoneOrMore = Annotated[int, Field(ge=0)]


class CapitalSection(Section):
    """The hot wallet, the only money that trades, and the base unit taken from it."""

    hot_wallet_usd: Positive
    base_unit_pct: Percent
    base_unit_min_pct: Percent
    base_unit_max_pct: Percent

    @model_validator(mode="after")
    def unit_in_range(self) -> Self:
        """The base unit lies inside the range the rules give."""
        if not self.base_unit_min_pct <= self.base_unit_pct <= self.base_unit_max_pct:
            raise ValueError(
                f"expected base_unit_pct from {self.base_unit_min_pct:g} to {self.base_unit_max_pct:g}, "
                f"was {self.base_unit_pct:g}"
            )
        return self

    @property
    def base_unit_usd(self) -> float:
        return self.hot_wallet_usd * self.base_unit_pct / 100.0


class LimitsSection(Section):
    """Global limits; the counts are per UTC day, the drawdown is from the session's equity peak."""

    max_notional_usd: Positive
    max_stop_bps: StopBps
    daily_loss_usd: Positive
    max_open_trades: Count
    max_trades_per_day: NoneOrMore
    losses_until_review: Count
    losses_until_kill: Count
    session_drawdown_pct: Percent
    net_profit_stop_r: Positive

    @model_validator(mode="after")
    def review_before_kill(self) -> Self:
        """The review comes before the kill switch."""
        if self.losses_until_review >= self.losses_until_kill:
            raise ValueError(
                f"expected losses_until_review under losses_until_kill, "
                f"was {self.losses_until_review} and {self.losses_until_kill}"
            )
        return self


class GateSection(Section):
    """The gate's thresholds. The funding spread is the first venue's rate minus the second's, both over 8 h, in bps."""

    short_pct_block_at: dict[Asset, Percent]
    funding_spread_of: Annotated[list[VenueName], Field(min_length=2, max_length=2)] = ["binance", "okx"]
    funding_spread_longs_only_above_bps: float
    funding_spread_warn_below_bps: float
    open_interest_reduce_above_pct: float
    open_interest_size_factor: Factor
    loss_budget_share: Factor
    loss_budget_size_factor: Factor
    health_factor_entries_min: Positive
    health_factor_warn_under: Positive
    health_factor_flatten_under: Positive
    health_factor_confirmations: Count

    @model_validator(mode="after")
    def health_steps_descend(self) -> Self:
        """Warn comes before no entries, no entries before flatten."""
        if not self.health_factor_flatten_under < self.health_factor_entries_min <= self.health_factor_warn_under:
            raise ValueError(
                "expected health_factor_flatten_under < health_factor_entries_min <= health_factor_warn_under, was "
                f"{self.health_factor_flatten_under:g}, {self.health_factor_entries_min:g}, "
                f"{self.health_factor_warn_under:g}"
            )
        return self


class ModeLimits(Section):
    """Extra limits of a mode, on top of the global ones; the counts are per session."""

    max_exposure_usd: Positive
    max_trades: Count
    max_session_loss_usd: Positive


class WayUpSection(Section):
    """What the journal must show before the next mode unlocks, beside a net P&L above 0.

    Only what happened on the live feed counts.
    """

    paper_hours: NotNegative
    test_days: NotNegative
    min_paper_trades: Count = 30
    min_test_trades: Count = 20
    min_win_rate_pct: Percent
    max_drawdown_pct: Percent
    max_mean_decision_to_fill_s: Positive


class ModesSection(Section):
    """The extra limits of test mode, and the way up."""

    test: ModeLimits
    way_up: WayUpSection


class KillSwitchSection(Section):
    """What the kill switch does beyond halting, and whether ending the engine flattens too (else stops stay)."""

    flatten_on_kill: bool = True
    flatten_on_terminate: bool = False


def _only_true(value: object) -> object:
    """A 1 is not true: nothing but `true` itself says that the cold storage is never signed for."""
    if value is not True:
        raise ValueError(f"expected true, the only value allowed, was {json.dumps(value, default=str)}")
    return value


class ColdStorageSection(Section):
    """The Ledger: watched for its health factor, never signed for. `read_only` has one allowed value."""

    label: Name
    balance_usd: NotNegative
    read_only: Annotated[Literal[True], BeforeValidator(_only_true)]


Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]


class AaveMarketSection(Section):
    """An Aave v3 market that is not built in: which chain, where its contracts are, how old its head may be."""

    chain_id: Count
    addresses_provider: Address
    pool: Address
    head_max_age_s: Positive


class AaveSection(Section):
    """Which address is watched. Without one, paper goes on with a warning; test and live only if not `required`.

    `quorum` RPCs (or all, where fewer are configured) must agree on block and account before a health factor counts.
    It is read `blocks_behind_head` blocks under the newest one, where nodes agree already; a head older than the
    chain's own limit (or `head_max_age_s`) is stale. `breakdown_every_s` is how often the split by asset is read.
    """

    address: Address | None = None
    chain: Name = "ethereum"
    required: bool = True
    market: AaveMarketSection | None = None
    quorum: Count = 2
    blocks_behind_head: Annotated[int, Field(ge=0, le=10)] = 1
    head_max_age_s: Positive | None = None
    head_ahead_tolerance_s: Positive = 15.0
    rpc_timeout_s: Positive = 5.0
    breakdown_every_s: Positive = 600.0


class ReadingAges(Section):
    """How often a reading is asked for (absent = pushed), and when its age warns and stands the engine down."""

    every_s: Positive | None = None
    warn_after_s: Positive
    stand_down_after_s: Positive

    @model_validator(mode="after")
    def warns_first(self) -> Self:
        """The warning comes before the stand-down."""
        if self.warn_after_s >= self.stand_down_after_s:
            raise ValueError(
                f"expected warn_after_s under stand_down_after_s, was {self.warn_after_s:g} "
                f"and {self.stand_down_after_s:g}"
            )
        return self


class FeedsSection(Section):
    """The ages of every reading. Nobody stands down for the on-chain price or the liquidation map: they only inform."""

    stream: ReadingAges
    positioning: ReadingAges
    funding: ReadingAges
    open_interest: ReadingAges
    health_factor: ReadingAges
    priority_fee: ReadingAges
    jito_tip: ReadingAges
    onchain_price: ReadingAges = ReadingAges(every_s=60.0, warn_after_s=180.0, stand_down_after_s=600.0)
    liquidation_map: ReadingAges = ReadingAges(every_s=300.0, warn_after_s=900.0, stand_down_after_s=3600.0)
