"""The market as the operator saw it before the session: bias, bands, and seeds for the first minutes."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from cockpit.config.base import Asset, Name, Percent, Positive, Section, VenueName

SUM_TOLERANCE_PCT = 0.11


class SessionSection(Section):
    """Which session this config was written for."""

    name: Name
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class BiasShare(Section):
    """One scenario of the day and how likely the operator holds it."""

    share_pct: Percent
    scenario: Name


class PositioningSeed(Section):
    """Share of accounts that is long and short; together 100."""

    long_pct: Percent
    short_pct: Percent

    @model_validator(mode="after")
    def shares_add_up(self) -> Self:
        """Long and short are shares of the same accounts."""
        total = self.long_pct + self.short_pct
        if abs(total - 100.0) > SUM_TOLERANCE_PCT:
            raise ValueError(f"expected long_pct + short_pct = 100, was {total:g}")
        return self


class MarketContext(Section):
    """Readings to start from; a live reading replaces each, and each goes stale at its feed's stand-down age."""

    prices_usd: dict[Asset, Positive] = {}
    positioning: dict[Asset, PositioningSeed] = {}
    funding_bps: dict[Asset, dict[VenueName, float]] = {}
    open_interest_change_24h_pct: dict[Asset, float] = {}
    aave_health_factor: Annotated[float, Field(gt=0)] | None = None


Band = Annotated[list[Positive], Field(min_length=2, max_length=2, description="[low, high] in USD")]


class AssetBands(Section):
    """Liquidation bands around the price, nearest first; a single price is a band of no height."""

    lower: list[Band] = []
    upper: list[Band] = []

    @model_validator(mode="after")
    def bands_are_ordered(self) -> Self:
        """Each band has low <= high, each list runs away from the price, and no lower band reaches an upper one."""
        for name, bands in (("lower", self.lower), ("upper", self.upper)):
            for low, high in bands:
                if low > high:
                    raise ValueError(f"expected {name} band [low, high] with low <= high, was [{low:g}, {high:g}]")
        for (near_low, _), (_, far_high) in zip(self.lower, self.lower[1:], strict=False):
            if far_high >= near_low:
                raise ValueError(f"expected lower bands nearest first and apart, was {far_high:g} after {near_low:g}")
        for (_, near_high), (far_low, _) in zip(self.upper, self.upper[1:], strict=False):
            if far_low <= near_high:
                raise ValueError(f"expected upper bands nearest first and apart, was {far_low:g} after {near_high:g}")
        if self.lower and self.upper and self.lower[0][1] >= self.upper[0][0]:
            raise ValueError(
                f"bands crossed: expected the nearest lower band under the nearest upper band, "
                f"was {self.lower[0][1]:g} against {self.upper[0][0]:g}"
            )
        return self
