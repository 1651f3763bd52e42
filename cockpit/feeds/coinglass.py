"""Coinglass v4: the share of accounts that is short on one exchange. Needs a key.

HTTP 200 says nothing there: only code "0" in the body is an answer.
"""

from typing import Any

from pydantic import SecretStr

from cockpit.config.sources import CoinglassSection
from cockpit.domain.events import Positioning
from cockpit.domain.units import ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.answers import bar_end_ns, number, shown
from cockpit.exchanges.base.timing import Clock, Timing
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.web import JsonSite

SOURCE = "coinglass"
PATH = "/api/futures/global-long-short-account-ratio/history"
INTERVALS_S = {"1m": 60, "3m": 180, "5m": 300}
LIMIT_WINDOW_S = 60
SHARES_TOLERANCE_PCT = 0.5
NO_KEY = ("401", "403")
TOO_OFTEN = "429"


def coinglass_site(url: str, key: SecretStr, section: CoinglassSection, clock: Clock) -> JsonSite:
    """The service, with the key in its header."""
    return JsonSite(url, section.timeout_s, clock, {"CG-API-KEY": key, "accept": "application/json"})


class Coinglass:
    """Asks for one asset at a time, and stops before the key's limit a minute is used up."""

    def __init__(self, section: CoinglassSection, site: JsonSite, timing: Timing) -> None:
        self._section = section
        self._site = site
        self._clock = timing.clock
        self._stamps = timing.stamps
        self._rest_until_ns = 0
        self._rest_reason = ""
        self.label = f"coinglass {section.exchange} accounts {section.interval}"

    async def positioning(self, asset: str) -> Positioning:
        """The newest bar's shares, true up to the bar's end and never later than now. Raises `FeedTrouble`."""
        self._refuse_over_limit()
        section = self._section
        params: dict[str, str | int] = {
            "exchange": section.exchange,
            "symbol": f"{asset}{section.quote}",
            "interval": section.interval,
            "limit": 2,
        }
        try:
            body = await self._site.get(PATH, params)
        finally:
            self._note_limit()
        what = f"coinglass of {asset}"
        rows = self._data(body, what)
        newest = max(rows, key=lambda row: number(row, "time", what))
        long_pct = number(newest, "global_account_long_percent", what)
        short_pct = number(newest, "global_account_short_percent", what)
        if min(long_pct, short_pct) < 0 or abs(long_pct + short_pct - 100.0) > SHARES_TOLERANCE_PCT:
            raise FeedTrouble(f"{what}: expected shares that add up to 100, was {long_pct:g} and {short_pct:g}")
        bar_s = INTERVALS_S[section.interval]
        end_ns = bar_end_ns(newest, "time", bar_s, what, self._stamps())
        return Positioning(end_ns, asset, self.label, long_pct, short_pct, bar_s=bar_s)

    def _data(self, body: Any, what: str) -> list[Any]:
        if not isinstance(body, dict):
            raise FeedTrouble(f"{what}: expected an object with a code, was {shown(body)}")
        code = str(body.get("code"))
        if code != "0":
            said = self._site.masked(body.get("msg", ""))
            if code in NO_KEY:
                raise FeedTrouble(f"{what}: the key was refused (code {code}): {said}")
            wait_s = self._to_next_minute_s() if code == TOO_OFTEN else None
            raise FeedTrouble(f"{what}: code {code}: {said}", wait_s)
        rows = body.get("data")
        if not isinstance(rows, list) or not rows:
            raise FeedTrouble(f"{what}: expected at least one bar, was {shown(rows)}")
        return rows

    def _note_limit(self) -> None:
        headers = self._site.answer_headers
        try:
            most, used = int(headers["API-KEY-MAX-LIMIT"]), int(headers["API-KEY-USE-LIMIT"])
        except (KeyError, ValueError):
            return
        if 0 < most <= used:
            self._rest_until_ns = self._clock() + seconds_to_ns(self._to_next_minute_s())
            self._rest_reason = f"coinglass: {used} of {most} calls a minute are used"

    def _refuse_over_limit(self) -> None:
        left_s = ns_to_seconds(self._rest_until_ns - self._clock())
        if left_s > 0:
            raise FeedTrouble(self._rest_reason, left_s)

    def _to_next_minute_s(self) -> float:
        return LIMIT_WINDOW_S - ns_to_seconds(self._stamps()) % LIMIT_WINDOW_S
