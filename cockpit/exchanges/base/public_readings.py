"""What an exchange's REST says without keys, beside its stream."""

from typing import Any, Protocol

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS
from cockpit.exchanges.base.answers import bar_end_ns, nearest, number, rows_of, stamp_ns
from cockpit.exchanges.base.funding_interval import Intervals, over_8h_bps
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.trouble import FeedTrouble

PERIOD = "5m"
BAR_S = 300
"""The bars in which venues count accounts and open interest."""
DAY_AGO_WITHIN_S = 600.0
SHARES_TOLERANCE = 0.01


class PublicReadings(Protocol):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer.

    `accounts_label` and `interest_label` name the sources of positioning and open interest.
    """

    @property
    def accounts_label(self) -> str:
        """Whose accounts are counted, and over which bars."""

    @property
    def interest_label(self) -> str:
        """Whose open interest it is."""

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that is long and short, in percent, stamped with its bar's end."""

    async def funding(self, asset: str) -> FundingRate:
        """The running rate over 8 h in bps, with the interval it is charged at and the next payment."""

    async def open_interest(self, asset: str) -> OpenInterest:
        """The change over 24 h in percent, and what it is worth in USD."""


class RestReadings:
    """What two venues' readings have in common: the market's own name, a rate over 8 h, a change over a day."""

    accounts_label: str
    interest_label: str

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._intervals = Intervals(exchange.name)

    async def _market_id(self, asset: str) -> str:
        await self._exchange.open()
        return self._exchange.market_id(asset)

    def _what(self, reading: str, asset: str) -> str:
        return f"{self._exchange.name} {reading} of {asset}"

    def _shares(self, asset: str, row: Any, long_field: str, short_field: str) -> Positioning:
        """The shares of accounts that are long and short, true at the end of their bar."""
        what = f"{self.accounts_label} of {asset}"
        longs, shorts = number(row, long_field, what), number(row, short_field, what)
        if min(longs, shorts) < 0 or abs(longs + shorts - 1.0) > SHARES_TOLERANCE:
            raise FeedTrouble(f"{what}: expected shares that add up to 1, was {longs:g} and {shorts:g}")
        ts_ns = bar_end_ns(row, "timestamp", BAR_S, what, self._exchange.now_ns())
        return Positioning(ts_ns, asset, self.accounts_label, longs * 100.0, shorts * 100.0, bar_s=BAR_S)

    def _funding_rate(
        self, asset: str, row: Any, stamp_field: str, rate: float, listed_h: float, next_ns: int
    ) -> FundingRate:
        what, now_ns = self._what("funding", asset), self._exchange.now_ns()
        interval_h = self._intervals.checked(asset, listed_h, next_ns, now_ns)
        return FundingRate(
            ts_ns=stamp_ns(row, stamp_field, what, now_ns),
            asset=asset,
            venue=self._exchange.name,
            rate_bps_8h=over_8h_bps(rate, interval_h),
            interval_h=interval_h,
            next_ns=next_ns,
        )

    @staticmethod
    def _bar_of_day_ago_ms(ts_ns: int) -> tuple[int, int]:
        """From when to when a bar is asked for that lies a day before."""
        day_ago_ms = (ts_ns - NS_PER_DAY) // NS_PER_MS
        return day_ago_ms - BAR_S * 1_000, day_ago_ms + BAR_S * 1_000

    @staticmethod
    def _day_ago(body: Any, stamp_field: str | int, ts_ns: int, what: str) -> Any:
        return nearest(rows_of(body, what), stamp_field, ts_ns - NS_PER_DAY, DAY_AGO_WITHIN_S, what)

    def _open_interest(
        self, asset: str, ts_ns: int, coins: float, coins_before: float, value_usd: float
    ) -> OpenInterest:
        if coins_before <= 0:
            what = self._what("open interest", asset)
            raise FeedTrouble(f"{what}: expected open interest a day ago, was {coins_before:g}")
        return OpenInterest(ts_ns, asset, self.interest_label, (coins / coins_before - 1.0) * 100.0, value_usd)
