"""What Binance's REST says about positioning, funding and open interest."""

from collections.abc import Mapping
from typing import Any

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.answers import number, rows_of, stamp_ns
from cockpit.exchanges.base.funding_interval import NORMAL_H
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.public_readings import PERIOD, RestReadings
from cockpit.exchanges.base.trouble import FeedTrouble

INTERVALS_EVERY_NS = 240 * NS_PER_S

ACCOUNTS = f"binance accounts {PERIOD}"
"""Every account with a position counts once, however large."""
INTEREST = "binance"


class BinanceReadings(RestReadings):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = ACCOUNTS
    interest_label = INTEREST

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._listed: dict[str, Mapping[str, Any]] = {}
        self._listed_ns: int | None = None

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that is long and short, true at the end of its bar."""
        symbol = await self._market_id(asset)
        body = await self._exchange.ask("fapiDataGetGlobalLongShortAccountRatio", symbol=symbol, period=PERIOD, limit=1)
        row = rows_of(body, f"{ACCOUNTS} of {asset}")[-1]
        return self._shares(asset, row, "longAccount", "shortAccount")

    async def funding(self, asset: str) -> FundingRate:
        """The running rate over 8 h, with the interval it is charged at and the next payment."""
        symbol = await self._market_id(asset)
        body = await self._exchange.ask("fapiPublicGetPremiumIndex", symbol=symbol)
        what = self._what("funding", asset)
        rate, next_ns = number(body, "lastFundingRate", what), int(number(body, "nextFundingTime", what)) * NS_PER_MS
        return self._funding_rate(asset, body, "time", rate, await self._listed_interval(symbol), next_ns)

    async def open_interest(self, asset: str) -> OpenInterest:
        """Base coins now against those a day ago, and what they are worth."""
        symbol = await self._market_id(asset)
        what = self._what("open interest", asset)
        now = await self._exchange.ask("fapiPublicGetOpenInterest", symbol=symbol)
        ts_ns = stamp_ns(now, "time", what, self._exchange.now_ns())
        begin_ms, end_ms = self._bar_of_day_ago_ms(ts_ns)
        asked = {"symbol": symbol, "period": PERIOD, "startTime": begin_ms, "endTime": end_ms, "limit": 10}
        before = self._day_ago(
            await self._exchange.ask("fapiDataGetOpenInterestHist", **asked), "timestamp", ts_ns, what
        )
        mark = await self._exchange.ask("fapiPublicGetPremiumIndex", symbol=symbol)
        coins, coins_before = number(now, "openInterest", what), number(before, "sumOpenInterest", what)
        return self._open_interest(asset, ts_ns, coins, coins_before, coins * number(mark, "markPrice", what))

    async def _listed_interval(self, symbol: str) -> float:
        """Hours between payments. Only symbols with unusual terms are listed; terms may change within the day."""
        now_ns = self._exchange.timing.clock()
        if self._listed_ns is None or now_ns - self._listed_ns > INTERVALS_EVERY_NS:
            rows = await self._exchange.ask("fapiPublicGetFundingInfo")
            if not isinstance(rows, list):
                raise FeedTrouble(f"binance funding intervals: expected a list, was {type(rows).__name__}")
            self._listed = {row["symbol"]: row for row in rows if isinstance(row, Mapping) and "symbol" in row}
            self._listed_ns = now_ns
        if symbol not in self._listed:
            return NORMAL_H
        return number(self._listed[symbol], "fundingIntervalHours", f"binance funding interval of {symbol}")
