"""The liquidation map's raw material: Binance's open interest and prices in 5-minute bars, without a key."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cockpit.config.sources import LiquidationMapSection
from cockpit.domain.events import LiquidationMap
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.answers import number, refuse_future, rows_of
from cockpit.exchanges.base.forced_log import ForcedLog
from cockpit.exchanges.base.timing import Clock
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.web import JsonSite
from cockpit.market.leverage_map import Estimate, InterestBar, estimate

SOURCE = "liquidation map"
VENUE = "binance"
ASSUMED = "leverages assumed"
BAR = "5m"
BAR_NS = 300 * NS_PER_S
BARS = 500
OPEN_MS, HIGH, LOW, VOLUME, QUOTE_VOLUME = 0, 2, 3, 5, 7
"""Positions in a kline row."""


class InterestMap:
    """Draws every asset's map anew from the last 500 bars (41 h). `quote` completes the symbol.

    With `forced` and where the config asks for it, its leverages are fitted to the forced orders heard; each map says
    in its source whether they are fitted or assumed.
    """

    def __init__(
        self,
        section: LiquidationMapSection,
        assets: Sequence[str],
        site: JsonSite,
        clock: Clock,
        forced: ForcedLog | None = None,
        quote: str = "USDT",
    ) -> None:
        self._section = section
        self._assets = assets
        self._site = site
        self._clock = clock
        self._forced = forced if section.fit_leverages else None
        self._quote = quote

    async def ask(self) -> list[LiquidationMap]:
        """One estimate an asset. Raises `FeedTrouble` where an asset's bars cannot be had."""
        return [await self._of(asset) for asset in self._assets]

    async def _of(self, asset: str) -> LiquidationMap:
        params: dict[str, str | int] = {"symbol": f"{asset}{self._quote}", "limit": BARS}
        interest = await self._site.get("/futures/data/openInterestHist", {**params, "period": BAR})
        prices = await self._site.get("/fapi/v1/klines", {**params, "interval": BAR})
        bars = joined(rows_of(interest, f"open interest of {asset}"), rows_of(prices, f"klines of {asset}"))
        if len(bars) < 2:
            raise FeedTrouble(f"map of {asset}: expected bars with open interest and prices, was {len(bars)}")
        drawn, source = await asyncio.to_thread(self._drawn, asset, bars)
        start_ns, now_ns = bars[-1].start_ns, self._clock()
        refuse_future(start_ns, now_ns, f"map of {asset}")
        end_ns = min(start_ns + BAR_NS, now_ns)
        return LiquidationMap(end_ns, asset, source, drawn.clusters, drawn.explained_pct)

    def _drawn(self, asset: str, bars: list[InterestBar]) -> tuple[Estimate, str]:
        """The map, and on which leverages it rests. Runs in a thread."""
        if self._forced is None or self._forced.since_ns is None:
            return estimate(bars, self._section), f"{VENUE}, {ASSUMED}"
        from cockpit.market.leverage_fit import fitted

        fit = fitted(bars, dict(self._forced.of(asset)), self._forced.since_ns, self._section)
        if fit is None:
            return estimate(bars, self._section), f"{VENUE}, {ASSUMED}: too few forced orders to fit them"
        section = self._section.model_copy(update={"leverages": list(fit.leverages)})
        return estimate(bars, section), f"{VENUE}, leverages fitted to {fit.bars} bars with forced orders"


def joined(interest: Sequence[Any], prices: Sequence[Any]) -> list[InterestBar]:
    """Bars that have both, oldest first. A bar's open interest is the one stamped at its end; a bar without trades has
    no price and is left out. Raises `FeedTrouble` for rows that are none."""
    at = {
        int(number(row, "timestamp", "open interest")) * NS_PER_MS: number(row, "sumOpenInterest", "open interest")
        for row in interest
    }
    bars = []
    for row in prices:
        start_ns = int(number(row, OPEN_MS, "klines")) * NS_PER_MS
        volume = number(row, VOLUME, "klines")
        if start_ns + BAR_NS in at and volume > 0:
            vwap = number(row, QUOTE_VOLUME, "klines") / volume
            low, high = number(row, LOW, "klines"), number(row, HIGH, "klines")
            bars.append(InterestBar(start_ns, at[start_ns + BAR_NS], vwap, low, high))
    return sorted(bars)
