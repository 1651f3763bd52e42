"""What the optional sources are asked for, and what the liquidation map assumes. Ages are in the feeds section."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cockpit.config.base import Asset, Name, NotNegative, Percent, Positive, Section

SHARE_TOLERANCE = 0.001
SolanaAddress = Annotated[str, Field(pattern=r"^[1-9A-HJ-NP-Za-km-z]{32,44}$", description="base58")]
AccountSet = Annotated[list[SolanaAddress], Field(min_length=1, max_length=128)]


class SolanaSection(Section):
    """The local fee markets that are watched. Each set of writable hot accounts (a pool's vaults and state) is asked
    for by itself, and the newest `slots` slots of all of them are pooled; none configured = the feed is off.

    A node whose newest fee slot lies more than `max_slot_lag` behind its head, or does not move, is stale.
    """

    hot_accounts: list[AccountSet] = []
    slots: Annotated[int, Field(ge=1, le=150)] = 50
    max_slot_lag: Annotated[int, Field(ge=0)] = 20
    timeout_s: Positive = 5.0


class CoinglassSection(Section):
    """Which exchange's accounts are counted, in bars of which length; longer bars than 5 minutes are too old to use."""

    exchange: Name = "Binance"
    interval: Literal["1m", "3m", "5m"] = "5m"
    quote: Asset = "USDT"
    timeout_s: Positive = 5.0


class BirdeyeSection(Section):
    """The on-chain price beside the perp's: `apart_bps` is the distance that warns."""

    asset: Asset = "SOL"
    token: SolanaAddress = "So11111111111111111111111111111111111111112"
    apart_bps: Positive = 30.0
    timeout_s: Positive = 5.0


class LeverageShare(Section):
    """An assumption: this share of all new positions is opened with this leverage."""

    leverage: Annotated[float, Field(gt=1, le=200)]
    share: Annotated[float, Field(gt=0, le=1)]


class LiquidationMapSection(Section):
    """How liquidation clusters are drawn. Observed: forced orders, by notional, halving every `half_life_s`.

    Estimated: where positions opened with the assumed leverages would be liquidated, from changes of open interest;
    `maintenance_pct` is the margin kept. Prices are binned by `bin_bps` and blurred by `smoothing_pct` of the price to
    find clusters; of each kind the `max_clusters` largest within `within_pct` of the price are shown. With
    `fit_leverages` the shares are fitted to the forced orders heard, once `fit_min_bars` bars of 5 minutes had some;
    `fit_prior_weight` is how firmly they are held to the assumed ones.
    """

    half_life_s: Positive = 21_600.0
    bin_bps: Annotated[float, Field(gt=0, le=100)] = 5.0
    max_clusters: Annotated[int, Field(ge=1, le=50)] = 8
    within_pct: Annotated[float, Field(gt=0, le=50)] = 5.0
    leverages: Annotated[list[LeverageShare], Field(min_length=1, max_length=10)] = [
        LeverageShare(leverage=100, share=0.10),
        LeverageShare(leverage=50, share=0.25),
        LeverageShare(leverage=25, share=0.30),
        LeverageShare(leverage=10, share=0.25),
        LeverageShare(leverage=5, share=0.10),
    ]
    maintenance_pct: Percent = 0.5
    smoothing_pct: NotNegative = 0.1
    fit_leverages: bool = False
    fit_min_bars: Annotated[int, Field(ge=1)] = 12
    fit_prior_weight: Positive = 0.1

    @model_validator(mode="after")
    def shares_add_up(self) -> Self:
        """Every new position has some leverage."""
        total = sum(entry.share for entry in self.leverages)
        if abs(total - 1.0) > SHARE_TOLERANCE:
            raise ValueError(f"expected the leverages' share to add up to 1, was {total:g}")
        return self
