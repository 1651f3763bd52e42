"""What Coinbase's REST says about funding and open interest; of positioning it says nothing.

Open interest is told for now alone: its change over a day is known once it was asked for a day.
"""

from collections import deque
from typing import Any

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_DAY, NS_PER_S, ns_to_seconds
from cockpit.exchanges.base.answers import number
from cockpit.exchanges.base.funding_interval import over_8h_bps
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.public_readings import DAY_AGO_WITHIN_S, RestReadings
from cockpit.exchanges.base.trouble import FeedTrouble

KEPT = 20_000
"""Values an asset: a day at one in five seconds."""
HOUR_S = 3_600.0


class CoinbaseReadings(RestReadings):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = "coinbase accounts"
    interest_label = "coinbase"

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._interest: dict[str, deque[tuple[int, float]]] = {}

    async def positioning(self, asset: str) -> Positioning:
        """Never."""
        raise FeedTrouble(f"coinbase: expected positioning of {asset}, the venue tells none")

    async def funding(self, asset: str) -> FundingRate:
        """The running rate over 8 h. It accrues every interval (an hour) and is settled twice a day."""
        details, what = await self._details(asset, "funding"), self._what("funding", asset)
        interval_s = _interval_s(details, what)
        now_ns = self._exchange.now_ns()
        interval_ns = round(interval_s * NS_PER_S)
        next_ns = (now_ns // interval_ns + 1) * interval_ns
        interval_h = self._intervals.checked(asset, interval_s / HOUR_S, next_ns, now_ns)
        return FundingRate(
            ts_ns=now_ns,
            asset=asset,
            venue=self._exchange.name,
            rate_bps_8h=over_8h_bps(number(details, "funding_rate", what), interval_h),
            interval_h=interval_h,
            next_ns=next_ns,
        )

    async def open_interest(self, asset: str) -> OpenInterest:
        """Its change over a day by what was asked a day ago, and what it is worth at the index."""
        details, what = await self._details(asset, "open interest"), self._what("open interest", asset)
        contracts, index_usd = number(details, "open_interest", what), number(details, "index_price", what)
        coins, now_ns = contracts * self._exchange.unit(asset), self._exchange.now_ns()
        before = self._day_ago_of(asset, coins, now_ns, what)
        return self._open_interest(asset, now_ns, coins, before, coins * index_usd)

    def _day_ago_of(self, asset: str, coins: float, now_ns: int, what: str) -> float:
        values = self._interest.setdefault(asset, deque(maxlen=KEPT))
        values.append((now_ns, coins))
        at_ns = now_ns - NS_PER_DAY
        while len(values) > 1 and values[1][0] <= at_ns:
            values.popleft()
        began_ns, before = values[0]
        if ns_to_seconds(abs(began_ns - at_ns)) > DAY_AGO_WITHIN_S:
            asked_h = ns_to_seconds(now_ns - began_ns) / HOUR_S
            raise FeedTrouble(f"{what}: expected a value of a day ago, was asked for {asked_h:.1f} h, it tells no past")
        return before

    async def _details(self, asset: str, reading: str) -> Any:
        product_id = await self._market_id(asset)
        body = await self._exchange.ask("v3PublicGetBrokerageMarketProductsProductId", product_id=product_id)
        details = body.get("future_product_details") if isinstance(body, dict) else None
        if not isinstance(details, dict):
            raise FeedTrouble(f"{self._what(reading, asset)}: expected details of a future, was none")
        return {**details, "index_price": details.get("index_price") or body.get("price")}


def _interval_s(details: Any, what: str) -> float:
    """`3600s`."""
    text = str(details.get("funding_interval") or "")
    try:
        interval_s = float(text.removesuffix("s"))
    except ValueError:
        interval_s = 0.0
    if not text.endswith("s") or not interval_s > 0.0:
        raise FeedTrouble(f"{what}: expected an interval in seconds, was {text[:20]!r}")
    return interval_s
