"""What OKX's REST says about positioning, funding and open interest."""

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS
from cockpit.exchanges.base.answers import bar_end_ns, nearest, number, rows_of, stamp_ns
from cockpit.exchanges.base.funding_interval import HOUR_NS, Intervals, over_8h_bps
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.trouble import FeedTrouble

PERIOD = "5m"
BAR_S = 300
DAY_AGO_WITHIN_S = 600.0
STAMP, RATIO, BASE_COINS = 0, 1, 2

ACCOUNTS = f"okx accounts {PERIOD}"
"""Every account with a position in the contract counts once, however large."""
INTEREST = "okx"


class OkxReadings:
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = ACCOUNTS
    interest_label = INTEREST

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._intervals = Intervals(exchange.name)

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that is long and short, true at its bar's end; the venue gives a ratio."""
        inst = await self._inst(asset)
        body = await self._exchange.ask(
            "publicGetRubikStatContractsLongShortAccountRatioContract", instId=inst, period=PERIOD, limit=1
        )
        what = f"{ACCOUNTS} of {asset}"
        row = rows_of(body, what)[0]
        ratio = number(row, RATIO, what)
        if ratio < 0:
            raise FeedTrouble(f"{what}: expected a ratio of 0 or more, was {ratio:g}")
        long_pct = ratio / (1.0 + ratio) * 100.0
        ts_ns = bar_end_ns(row, STAMP, BAR_S, what, self._exchange.now_ns())
        return Positioning(ts_ns, asset, ACCOUNTS, long_pct, 100.0 - long_pct, bar_s=BAR_S)

    async def funding(self, asset: str) -> FundingRate:
        """The rate charged at the next payment, over 8 h; its interval is the distance to the payment after it."""
        inst = await self._inst(asset)
        body = await self._exchange.ask("publicGetPublicFundingRate", instId=inst)
        what = f"okx funding of {asset}"
        row = rows_of(body, what)[0]
        now_ns = self._exchange.now_ns()
        next_ns = int(number(row, "fundingTime", what)) * NS_PER_MS
        after_ns = int(number(row, "nextFundingTime", what)) * NS_PER_MS
        interval_h = self._intervals.checked(asset, (after_ns - next_ns) / HOUR_NS, next_ns, now_ns)
        return FundingRate(
            ts_ns=stamp_ns(row, "ts", what, now_ns),
            asset=asset,
            venue=self._exchange.name,
            rate_bps_8h=over_8h_bps(number(row, "fundingRate", what), interval_h),
            interval_h=interval_h,
            next_ns=next_ns,
        )

    async def open_interest(self, asset: str) -> OpenInterest:
        """Base coins now against those a day ago, and what they are worth."""
        inst = await self._inst(asset)
        what = f"okx open interest of {asset}"
        now = rows_of(await self._exchange.ask("publicGetPublicOpenInterest", instType="SWAP", instId=inst), what)[0]
        ts_ns = stamp_ns(now, "ts", what, self._exchange.now_ns())
        day_ago_ns = ts_ns - NS_PER_DAY
        body = await self._exchange.ask(
            "publicGetRubikStatContractsOpenInterestHistory",
            instId=inst,
            period=PERIOD,
            begin=day_ago_ns // NS_PER_MS - BAR_S * 1_000,
            end=day_ago_ns // NS_PER_MS + BAR_S * 1_000,
            limit=10,
        )
        before = nearest(rows_of(body, what), STAMP, day_ago_ns, DAY_AGO_WITHIN_S, what)
        coins, coins_before = number(now, "oiCcy", what), number(before, BASE_COINS, what)
        if coins_before <= 0:
            raise FeedTrouble(f"{what}: expected open interest a day ago, was {coins_before:g}")
        change_pct = (coins / coins_before - 1.0) * 100.0
        return OpenInterest(ts_ns, asset, INTEREST, change_pct, number(now, "oiUsd", what))

    async def _inst(self, asset: str) -> str:
        """The venue's own name of the asset's perpetual."""
        await self._exchange.open()
        return self._exchange.market_id(asset)
