"""What Kraken Futures' REST says about funding; of positioning and of open interest a day ago it says nothing."""

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.answers import number
from cockpit.exchanges.base.funding_interval import over_8h_bps
from cockpit.exchanges.base.public_readings import RestReadings
from cockpit.exchanges.base.trouble import FeedTrouble

HOUR_NS = 3_600 * NS_PER_S
INTERVAL_H = 1.0


class KrakenReadings(RestReadings):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = "krakenfutures accounts"
    interest_label = "krakenfutures"

    async def positioning(self, asset: str) -> Positioning:
        """Never."""
        raise FeedTrouble(f"krakenfutures: expected positioning of {asset}, the venue tells none")

    async def funding(self, asset: str) -> FundingRate:
        """The rate of this hour, over 8 h: the venue says USD a contract and hour, so that of its mark is the rate."""
        exchange, what = self._exchange, self._what("funding", asset)
        body = await exchange.ask("publicGetTickersSymbol", symbol=await self._market_id(asset))
        ticker = body.get("ticker") if isinstance(body, dict) else None
        if not isinstance(ticker, dict):
            raise FeedTrouble(f"{what}: expected a ticker, was none")
        usd_an_hour, mark = number(ticker, "fundingRate", what), number(ticker, "markPrice", what)
        if mark <= 0.0:
            raise FeedTrouble(f"{what}: expected a mark over 0, was {mark:g}")
        now_ns = exchange.now_ns()
        return FundingRate(
            ts_ns=now_ns,
            asset=asset,
            venue=exchange.name,
            rate_bps_8h=over_8h_bps(usd_an_hour / mark, INTERVAL_H),
            interval_h=INTERVAL_H,
            next_ns=(now_ns // HOUR_NS + 1) * HOUR_NS,
        )

    async def open_interest(self, asset: str) -> OpenInterest:
        """Never: it is told for now alone, and its change over a day is what is asked for."""
        raise FeedTrouble(f"krakenfutures: expected open interest of {asset} a day ago, the venue tells none")
