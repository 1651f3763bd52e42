"""What Bybit's REST says about positioning, funding and open interest."""

from collections.abc import Mapping
from typing import Any

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.answers import number, rows_of, shown, stamp_ns
from cockpit.exchanges.base.public_readings import RestReadings
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.bybit.client import VENUE

PERIOD = "5min"
"""The venue's own word for five minutes; the library passes what it is given."""
ACCOUNTS = f"{VENUE} accounts 5m"


class BybitReadings(RestReadings):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = ACCOUNTS
    interest_label = VENUE

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that holds long and short, true at the end of its bar."""
        what = f"{ACCOUNTS} of {asset}"
        row = (await self._rows("publicGetV5MarketAccountRatio", asset, what, period=PERIOD, limit=1))[0]
        return self._shares(asset, row, "buyRatio", "sellRatio")

    async def funding(self, asset: str) -> FundingRate:
        """The running rate over 8 h, with the interval and the next payment that its ticker says."""
        what = self._what("funding", asset)
        ticker, at_ms = await self._ticker(asset, what)
        next_ns = int(number(ticker, "nextFundingTime", what)) * NS_PER_MS
        rate, interval_h = number(ticker, "fundingRate", what), number(ticker, "fundingIntervalHour", what)
        return self._funding_rate(asset, {"time": at_ms}, "time", rate, interval_h, next_ns)

    async def open_interest(self, asset: str) -> OpenInterest:
        """Base coins now against those a day ago, and what they are worth."""
        what = self._what("open interest", asset)
        ticker, at_ms = await self._ticker(asset, what)
        ts_ns = stamp_ns({"time": at_ms}, "time", what, self._exchange.now_ns())
        begin_ms, end_ms = self._bar_of_day_ago_ms(ts_ns)
        asked = {"intervalTime": PERIOD, "startTime": begin_ms, "endTime": end_ms, "limit": 10}
        rows = await self._rows("publicGetV5MarketOpenInterest", asset, what, **asked)
        before = self._day_ago(rows, "timestamp", ts_ns, what)
        coins, coins_before = number(ticker, "openInterest", what), number(before, "openInterest", what)
        return self._open_interest(asset, ts_ns, coins, coins_before, number(ticker, "openInterestValue", what))

    async def _ticker(self, asset: str, what: str) -> tuple[Any, Any]:
        """Its ticker, and when the venue said so."""
        body = await self._ask("publicGetV5MarketTickers", asset, what)
        return rows_of(body["result"].get("list"), what)[0], body.get("time")

    async def _rows(self, endpoint: str, asset: str, what: str, **asked: object) -> Any:
        body = await self._ask(endpoint, asset, what, **asked)
        return rows_of(body["result"].get("list"), what)

    async def _ask(self, endpoint: str, asset: str, what: str, **asked: object) -> Mapping[str, Any]:
        symbol = await self._market_id(asset)
        body = await self._exchange.ask(endpoint, category="linear", symbol=symbol, **asked)
        if not isinstance(body, Mapping) or not isinstance(body.get("result"), Mapping):
            raise FeedTrouble(f"{what}: expected a result, was {shown(body)}")
        return body
