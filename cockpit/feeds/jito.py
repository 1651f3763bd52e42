"""The floor of Jito's tips: the median tip of the bundles that landed, in SOL."""

from datetime import UTC, datetime
from typing import Any

from cockpit.domain.events import JitoTip
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.answers import number, refuse_future, shown
from cockpit.exchanges.base.timing import Clock
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.web import JsonSite

SOURCE = "jito"
PATH = "/api/v1/bundles/tip_floor"


class JitoTips:
    """Asks for the tip floor. A floor older than `stale_after_s` is no answer."""

    def __init__(self, site: JsonSite, stale_after_s: float, clock: Clock) -> None:
        self._site = site
        self._stale_after_s = stale_after_s
        self._clock = clock

    async def ask(self) -> list[JitoTip]:
        """The newest floor, as old as its own stamp says. Raises `FeedTrouble`."""
        body = await self._site.get(PATH)
        if not isinstance(body, list) or not body or not isinstance(body[0], dict):
            raise FeedTrouble(f"tip floor: expected a list with one object, was {shown(body)}")
        row = body[0]
        tip_sol = number(row, "landed_tips_50th_percentile", "tip floor")
        if tip_sol < 0:
            raise FeedTrouble(f"tip floor: expected a tip of 0 or more, was {tip_sol:g}")
        now_ns = self._clock()
        stamp_ns = _stamp_ns(row.get("time"))
        age_s = (now_ns - stamp_ns) / NS_PER_S
        if age_s > self._stale_after_s:
            raise FeedTrouble(f"stale: the tip floor is {age_s:.0f} s old, limit {self._stale_after_s:.0f} s")
        refuse_future(stamp_ns, now_ns, "tip floor")
        return [JitoTip(min(stamp_ns, now_ns), tip_sol)]


def _stamp_ns(text: Any) -> int:
    try:
        stamp = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise FeedTrouble(f"tip floor: expected a time, was {shown(text)}") from None
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    return round(stamp.timestamp()) * NS_PER_S
