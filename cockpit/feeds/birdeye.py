"""Birdeye: what SOL costs on chain, beside its perp. Needs a key."""

from typing import Any

from pydantic import SecretStr

from cockpit.config.sources import BirdeyeSection
from cockpit.domain.events import OnChainPrice
from cockpit.domain.units import NS_PER_S, ns_to_seconds
from cockpit.exchanges.base.answers import number, refuse_future, shown
from cockpit.exchanges.base.timing import Clock
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.web import JsonSite

SOURCE = "birdeye"
MINUTE_S = 60


def birdeye_site(url: str, key: SecretStr, section: BirdeyeSection, clock: Clock) -> JsonSite:
    """The service, with the key in its header."""
    headers: dict[str, str | SecretStr] = {"X-API-KEY": key, "x-chain": "solana", "accept": "application/json"}
    return JsonSite(url, section.timeout_s, clock, headers)


class Birdeye:
    """Asks for the last price and the newest full minute. A price older than `stale_after_s` is no answer."""

    def __init__(self, section: BirdeyeSection, site: JsonSite, stale_after_s: float, clock: Clock) -> None:
        self._section = section
        self._site = site
        self._stale_after_s = stale_after_s
        self._clock = clock

    async def ask(self) -> list[OnChainPrice]:
        """The price, as old as its own stamp says. Raises `FeedTrouble`."""
        token = self._section.token
        row = self._data(await self._site.get("/defi/price", {"address": token}), "price")
        price = number(row, "value", "price")
        if price <= 0:
            raise FeedTrouble(f"price: expected a price above 0, was {price:g}")
        now_ns = self._clock()
        stamp_ns = int(number(row, "updateUnixTime", "price")) * NS_PER_S
        refuse_future(stamp_ns, now_ns, "price")
        age_s = ns_to_seconds(now_ns - stamp_ns)
        if age_s > self._stale_after_s:
            raise FeedTrouble(f"stale: the price is {age_s:.0f} s old, limit {self._stale_after_s:.0f} s")
        average = await self._full_minute(token, now_ns)
        return [OnChainPrice(min(stamp_ns, now_ns), self._section.asset, SOURCE, price, average)]

    async def _full_minute(self, token: str, now_ns: int) -> float | None:
        """The typical price (high + low + close over 3) of the last minute that is over; None where it had no trade.

        The bars carry no average price of their own.
        """
        end_s = now_ns // NS_PER_S // MINUTE_S * MINUTE_S
        params: dict[str, str | int] = {
            "address": token,
            "type": "1m",
            "time_from": end_s - MINUTE_S,
            "time_to": end_s,
        }
        data = self._data(await self._site.get("/defi/ohlcv", params), "ohlcv")
        bars = data.get("items")
        if not isinstance(bars, list):
            raise FeedTrouble(f"ohlcv: expected bars, was {shown(bars)}")
        for bar in bars:
            if int(number(bar, "unixTime", "ohlcv")) == end_s - MINUTE_S and number(bar, "v", "ohlcv") > 0:
                return sum(number(bar, part, "ohlcv") for part in ("h", "l", "c")) / 3.0
        return None

    def _data(self, body: Any, what: str) -> dict[str, Any]:
        if not isinstance(body, dict) or body.get("success") is not True or not isinstance(body.get("data"), dict):
            said = body.get("message", body) if isinstance(body, dict) else body
            raise FeedTrouble(f"{what}: expected success and data, was {self._site.masked(shown(said))}")
        data: dict[str, Any] = body["data"]
        return data
