"""Funding rates are only comparable over the same time: every rate is taken with its own interval, over 8 h."""

import logging

from cockpit.domain.units import BPS, NS_PER_S
from cockpit.exchanges.base.trouble import FeedTrouble

LOG = logging.getLogger("cockpit.feeds")
NORMAL_H = 8.0
HOUR_NS = 3_600 * NS_PER_S
SLACK_NS = 60 * NS_PER_S


def over_8h_bps(rate: float, interval_h: float) -> float:
    """A rate charged every `interval_h` hours, as bps over 8 h."""
    return rate * BPS * NORMAL_H / interval_h


class Intervals:
    """What interval each asset had last, on one venue: a change is said, a contradiction refused."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._known: dict[str, float] = {}

    def checked(self, asset: str, interval_h: float, next_ns: int, now_ns: int) -> float:
        """The interval, if the next payment can lie as it does. Raises `FeedTrouble` where it cannot."""
        what = f"{self._venue} funding of {asset}"
        if interval_h <= 0:
            raise FeedTrouble(f"{what}: expected an interval above 0 h, was {interval_h:g} h")
        if next_ns - now_ns > interval_h * HOUR_NS + SLACK_NS:
            away_h = (next_ns - now_ns) / HOUR_NS
            raise FeedTrouble(f"{what}: expected a payment within {interval_h:g} h, was due in {away_h:.2f} h")
        before_h = self._known.get(asset)
        if before_h is not None and before_h != interval_h:
            LOG.warning("%s is paid every %g h now, was every %g h", what, interval_h, before_h)
        self._known[asset] = interval_h
        return interval_h
