"""What Hyperliquid's REST says about funding and open interest; of positioning it says nothing."""

from typing import Any

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.answers import number
from cockpit.exchanges.base.funding_interval import over_8h_bps
from cockpit.exchanges.base.public_readings import RestReadings
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.hyperliquid.client import VENUE

HOUR_NS = 3_600 * NS_PER_S
INTERVAL_H = 1.0


class HyperliquidReadings(RestReadings):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = f"{VENUE} accounts"
    interest_label = VENUE

    async def positioning(self, asset: str) -> Positioning:
        """Never."""
        raise FeedTrouble(f"{VENUE}: expected positioning of {asset}, the venue tells none")

    async def funding(self, asset: str) -> FundingRate:
        """The rate of this hour as it runs, over 8 h; it is paid every full hour."""
        context = await self._context(asset, self._what("funding", asset))
        rate = number(context, "funding", self._what("funding", asset))
        now_ns = self._exchange.now_ns()
        return FundingRate(
            ts_ns=now_ns,
            asset=asset,
            venue=self._exchange.name,
            rate_bps_8h=over_8h_bps(rate, INTERVAL_H),
            interval_h=INTERVAL_H,
            next_ns=(now_ns // HOUR_NS + 1) * HOUR_NS,
        )

    async def open_interest(self, asset: str) -> OpenInterest:
        """Never: it is told for now alone, and its change over a day is what is asked for."""
        raise FeedTrouble(f"{VENUE}: expected open interest of {asset} a day ago, the venue tells none")

    async def _context(self, asset: str, what: str) -> Any:
        """The coin's row: the venue answers with all of them, in the order in which it lists its coins."""
        coin = await self._market_id(asset)
        body = await self._exchange.ask("publicPostInfo", type="metaAndAssetCtxs")
        try:
            names = [str(row["name"]) for row in body[0]["universe"]]
            return body[1][names.index(coin)]
        except (KeyError, IndexError, TypeError, ValueError):
            raise FeedTrouble(f"{what}: expected a row of {coin}, was none") from None
