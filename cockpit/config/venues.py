"""Where each asset trades, in which lots, at which fees, and how the paper venue behaves."""

from typing import Annotated

from pydantic import Field

from cockpit.config.base import Asset, NotNegative, Positive, Section, VenueName


class Instrument(Section):
    """A perpetual's grid in base coins: lot (quantity step), smallest order, price tick, least notional (0 = none)."""

    lot: Positive
    min_qty: Positive
    tick_usd: Positive
    min_notional_usd: NotNegative


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
