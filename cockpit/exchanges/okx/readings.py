"""What OKX's REST says about positioning, funding and open interest."""

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.answers import bar_end_ns, number, rows_of, stamp_ns
from cockpit.exchanges.base.funding_interval import HOUR_NS
from cockpit.exchanges.base.public_readings import BAR_S, PERIOD, RestReadings
from cockpit.exchanges.base.trouble import FeedTrouble

STAMP, RATIO, BASE_COINS = 0, 1, 2

ACCOUNTS = f"okx accounts {PERIOD}"
"""Every account with a position in the contract counts once, however large."""
INTEREST = "okx"


class OkxReadings(RestReadings):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer."""

    accounts_label = ACCOUNTS
    interest_label = INTEREST

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that is long and short, true at its bar's end; the venue gives a ratio."""
        inst = await self._market_id(asset)
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
        inst = await self._market_id(asset)
        body = await self._exchange.ask("publicGetPublicFundingRate", instId=inst)
        what = self._what("funding", asset)
        row = rows_of(body, what)[0]
        next_ns = int(number(row, "fundingTime", what)) * NS_PER_MS
        after_ns = int(number(row, "nextFundingTime", what)) * NS_PER_MS
        rate = number(row, "fundingRate", what)
        return self._funding_rate(asset, row, "ts", rate, (after_ns - next_ns) / HOUR_NS, next_ns)

    async def open_interest(self, asset: str) -> OpenInterest:
        """Base coins now against those a day ago, and what they are worth."""
        inst = await self._market_id(asset)
        what = self._what("open interest", asset)
        now = rows_of(await self._exchange.ask("publicGetPublicOpenInterest", instType="SWAP", instId=inst), what)[0]
        ts_ns = stamp_ns(now, "ts", what, self._exchange.now_ns())
        begin_ms, end_ms = self._bar_of_day_ago_ms(ts_ns)
        asked = {"instId": inst, "period": PERIOD, "begin": begin_ms, "end": end_ms, "limit": 10}
        body = await self._exchange.ask("publicGetRubikStatContractsOpenInterestHistory", **asked)
        before = self._day_ago(body, STAMP, ts_ns, what)
        coins, coins_before = number(now, "oiCcy", what), number(before, BASE_COINS, what)
        return self._open_interest(asset, ts_ns, coins, coins_before, number(now, "oiUsd", what))
