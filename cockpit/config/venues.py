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
    """

    demo: bool = False
    taker_fee_bps: NotNegative
    maker_fee_bps: float
    instruments: dict[Asset, Instrument]
    stop_limit_bps: Annotated[float, Field(gt=0, le=1_000)] = 100.0


class AssetVenues(Section):
    """Where an asset is traded, and whose prints and book its setups watch."""

    trade_on: VenueName
    watch: VenueName


class PaperSection(Section):
    """How the paper venue behaves."""

    latency_ms: Annotated[float, Field(ge=0, le=10_000)]
