"""What Binance's REST says about positioning, funding and open interest."""

from collections.abc import Mapping
from typing import Any

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.answers import bar_end_ns, nearest, number, rows_of, stamp_ns
from cockpit.exchanges.base.funding_interval import NORMAL_H, Intervals, over_8h_bps
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.trouble import FeedTrouble

PERIOD = "5m"
BAR_S = 300
DAY_AGO_WITHIN_S = 600.0
INTERVALS_EVERY_NS = 240 * NS_PER_S
SHARES_TOLERANCE = 0.01

ACCOUNTS = f"binance accounts {PERIOD}"
"""Every account with a position counts once, however large."""
INTEREST = "binance"


class BinanceReadings:
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = ACCOUNTS
    interest_label = INTEREST

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._intervals = Intervals(exchange.name)
        self._listed: dict[str, Mapping[str, Any]] = {}
        self._listed_ns: int | None = None

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that is long and short, true at the end of its bar."""
        symbol = await self._symbol(asset)
        body = await self._exchange.ask("fapiDataGetGlobalLongShortAccountRatio", symbol=symbol, period=PERIOD, limit=1)
        what = f"{ACCOUNTS} of {asset}"
        row = rows_of(body, what)[-1]
        long_share, short_share = number(row, "longAccount", what), number(row, "shortAccount", what)
        if min(long_share, short_share) < 0 or abs(long_share + short_share - 1.0) > SHARES_TOLERANCE:
            raise FeedTrouble(f"{what}: expected shares that add up to 1, was {long_share:g} and {short_share:g}")
        ts_ns = bar_end_ns(row, "timestamp", BAR_S, what, self._exchange.now_ns())
        return Positioning(ts_ns, asset, ACCOUNTS, long_share * 100.0, short_share * 100.0, bar_s=BAR_S)

    async def funding(self, asset: str) -> FundingRate:
        """The running rate over 8 h, with the interval it is charged at and the next payment."""
        symbol = await self._symbol(asset)
        body = await self._exchange.ask("fapiPublicGetPremiumIndex", symbol=symbol)
        what = f"binance funding of {asset}"
        now_ns = self._exchange.now_ns()
        rate, next_ns = number(body, "lastFundingRate", what), int(number(body, "nextFundingTime", what)) * NS_PER_MS
        listed_h = await self._listed_interval(symbol)
        interval_h = self._intervals.checked(asset, listed_h, next_ns, now_ns)
        return FundingRate(
            ts_ns=stamp_ns(body, "time", what, now_ns),
            asset=asset,
            venue=self._exchange.name,
            rate_bps_8h=over_8h_bps(rate, interval_h),
            interval_h=interval_h,
            next_ns=next_ns,
        )

    async def open_interest(self, asset: str) -> OpenInterest:
        """Base coins now against those a day ago, and what they are worth."""
        symbol = await self._symbol(asset)
        what = f"binance open interest of {asset}"
        now = await self._exchange.ask("fapiPublicGetOpenInterest", symbol=symbol)
        ts_ns = stamp_ns(now, "time", what, self._exchange.now_ns())
        day_ago_ns = ts_ns - NS_PER_DAY
        body = await self._exchange.ask(
            "fapiDataGetOpenInterestHist",
            symbol=symbol,
            period=PERIOD,
            startTime=day_ago_ns // NS_PER_MS - BAR_S * 1_000,
            endTime=day_ago_ns // NS_PER_MS + BAR_S * 1_000,
            limit=10,
        )
        before = nearest(rows_of(body, what), "timestamp", day_ago_ns, DAY_AGO_WITHIN_S, what)
        coins, coins_before = number(now, "openInterest", what), number(before, "sumOpenInterest", what)
        if coins_before <= 0:
            raise FeedTrouble(f"{what}: expected open interest a day ago, was {coins_before:g}")
        mark = await self._exchange.ask("fapiPublicGetPremiumIndex", symbol=symbol)
        value_usd = coins * number(mark, "markPrice", what)
        return OpenInterest(ts_ns, asset, INTEREST, (coins / coins_before - 1.0) * 100.0, value_usd)

    async def _symbol(self, asset: str) -> str:
        """The venue's own name of the asset's perpetual."""
        await self._exchange.open()
        return self._exchange.market_id(asset)

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
