"""Where each asset trades, in which lots, at which fees, and how the paper venue behaves."""

from typing import Annotated

from pydantic import Field

from cockpit.config.base import Asset, NotNegative, Positive, Section, VenueName


class Instrument(Section):
    """A perpetual's grid in base coins: lot (quantity step), smallest order, price tick, least notional (0 = none).

    With `spot_product` (`BTC-USD`) coins are bought and sold there instead of a perpetual: long only, nothing borrowed.
    """

    lot: Positive
    min_qty: Positive
    tick_usd: Positive
    min_notional_usd: NotNegative
    spot_product: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}-USD$")] | None = None

    @property
    def is_spot(self) -> bool:
        """Whether coins themselves are traded."""
        return self.spot_product is not None


class Venue(Section):
    """A venue's fees and instruments. With `demo` its demo account is traded on instead, with keys made there.

    Where a venue has no stop at market, a stop's limit lies `stop_limit_bps` beyond its trigger: what gaps through that
    is closed at market.

    Where a venue has sessions and maintenance windows, no entry starts in the last `no_entry_before_close_min` minutes
    before one ends or begins. Open trades keep their stops, which do not work while it is closed;
    `exit_before_close_min` closes them at market so many minutes before. At 0 a session's end keeps no entry away.
    """

    demo: bool = False
    taker_fee_bps: NotNegative
    maker_fee_bps: float
    instruments: dict[Asset, Instrument]
    stop_limit_bps: Annotated[float, Field(gt=0, le=1_000)] = 100.0
    no_entry_before_close_min: Annotated[float, Field(ge=0, le=1_440)] = 30.0
    exit_before_close_min: Annotated[float, Field(gt=0, le=1_440)] | None = None

    @property
    def spot_products(self) -> dict[str, str]:
        """By asset."""
        return {asset: one.spot_product for asset, one in self.instruments.items() if one.spot_product is not None}

    def spot_fits(self, name: str, has_spot: bool) -> None:
        """Raises ValueError for spot products where there are none, of another coin, or beside perpetuals."""
        spot = self.spot_products
        for asset, product in spot.items():
            key = f"venues.{name}.instruments.{asset}.spot_product"
            if not has_spot:
                raise ValueError(f"{key}: expected none, was {product}: no spot is traded at {name}")
            if product != f"{asset}-USD":
                raise ValueError(f"{key}: expected {asset}-USD, was {product}")
        perpetuals = [asset for asset in self.instruments if asset not in spot]
        if spot and perpetuals:
            raise ValueError(
                f"venues.{name}.instruments: expected spot products for all or for none, was "
                f"{next(iter(spot.values()))} beside a perpetual of {perpetuals[0]}"
            )

    def exit_fits(self, name: str) -> None:
        """Raises ValueError where a trade could begin after it was to be out."""
        exit_min, entry_min = self.exit_before_close_min, self.no_entry_before_close_min
        if exit_min is not None and exit_min > entry_min:
            raise ValueError(
                f"venues.{name}.exit_before_close_min: expected at most the {entry_min:g} min of "
                f"no_entry_before_close_min, was {exit_min:g}"
            )


class AssetVenues(Section):
    """Where an asset is traded, and whose prints and book its setups watch."""

    trade_on: VenueName
    watch: VenueName


class PaperSection(Section):
    """How the paper venue behaves."""

    latency_ms: Annotated[float, Field(ge=0, le=10_000)]
