"""An asset's price on chain beside its perp's: how far they are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cockpit.domain.kinds import Reading
from cockpit.domain.numbers import apart
from cockpit.domain.units import bps_between
from cockpit.market.freshness import age_s

if TYPE_CHECKING:
    from cockpit.domain.events import OnChainPrice
    from cockpit.market.market import Market

MINUTE_S = 60.0


class OnChainDistance(msgspec.Struct, frozen=True):
    """How far the on-chain price lies over (+) or under (-) the perp's, in bps of the perp's.

    Compared are the minute's average prices where both are known (`is_minute`), else the last ones.
    """

    apart_bps: float
    on_chain: float
    perp: float
    is_minute: bool
    source: str

    def sentence(self, asset: str, limit_bps: float) -> str:
        """Both prices and their distance beside its limit, in words."""
        what = "minute average" if self.is_minute else "last price"
        where = "over" if self.apart_bps >= 0 else "under"
        apart_bps = apart(abs(self.apart_bps), limit_bps, ".1f")
        return (
            f"{asset} on chain {self.on_chain:.6g} ({self.source}, {what}) is {apart_bps} bps {where} "
            f"the perp's {self.perp:.6g}, limit {limit_bps:.1f} bps"
        )


def distance(market: Market, asset: str, now_ns: int) -> OnChainDistance | None:
    """The distance, None where either side is unknown or past its stand-down age."""
    own: OnChainPrice | None = market.readings.own(Reading.ONCHAIN_PRICE, asset)
    traded = market.assets.get(asset)
    if own is None or traded is None:
        return None
    if age_s(own.ts_ns, now_ns, own.origin) > market.config.feeds.onchain_price.stand_down_after_s:
        return None
    if not market.stream(asset, now_ns).usable:
        return None
    vwap = traded.vwap(MINUTE_S)
    if own.minute_vwap is not None and vwap is not None:
        return OnChainDistance(bps_between(own.minute_vwap, vwap), own.minute_vwap, vwap, True, own.source)
    if traded.price is None:
        return None
    return OnChainDistance(bps_between(own.price, traded.price), own.price, traded.price, False, own.source)
