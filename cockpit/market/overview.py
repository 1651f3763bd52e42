"""Every feed at once: for the screen, and for the engine to stand down on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cockpit.config.limits import ReadingAges
from cockpit.config.model import CockpitConfig
from cockpit.config.setups import PriorityFeeFade
from cockpit.domain.events import FeedHealth, ReadingEvent
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.domain.snapshot import FeedView
from cockpit.market.freshness import age_s, state_at
from cockpit.market.readings import SPREAD_VENUES

if TYPE_CHECKING:
    from cockpit.market.market import Market

EVERYTHING = "all"
FEE_SCOPE = "priority_fee"
"""The fee readings stand down the setups of this kind alone."""


class Feed(NamedTuple):
    """One feed as it stands; `ts_ns` and `origin` are None before its first datum, `judged` if it may stand us down.

    `scope` is what the feed is about: an asset, `FEE_SCOPE`, or everything.
    """

    name: str
    reading: Reading
    scope: str
    source: str
    ts_ns: int | None
    origin: Origin | None
    judged: bool = True


def ages_of(config: CockpitConfig, reading: Reading) -> ReadingAges:
    """The warning and stand-down age of a reading."""
    ages: ReadingAges = getattr(config.feeds, reading.value)
    return ages


def word_text(word: FeedHealth | None) -> str:
    """What a worker says about its feed, in words."""
    if word is None:
        return ""
    return f"{word.source} {word.state}" + (f": {word.detail}" if word.detail else "")


def feed_views(market: Market, now_ns: int) -> tuple[FeedView, ...]:
    """Every feed known or required. A worker that is down shows as DOWN even while its last value is still good."""
    return tuple(_view(market, feed, now_ns) for feed in _feeds(market, now_ns))


def stale(market: Market, now_ns: int) -> tuple[tuple[str, str, float, float], ...]:
    """Judged feeds that were seen and are past their stand-down age: (name, who stands down, age_s, limit_s).

    Everybody stands down for a stale feed ("all"), but the fee readings stop only their own kind of setup.
    """
    found = []
    for feed in _feeds(market, now_ns):
        if feed.ts_ns is None or feed.origin is None or not feed.judged:
            continue
        age = age_s(feed.ts_ns, now_ns, feed.origin)
        limit_s = ages_of(market.config, feed.reading).stand_down_after_s
        if age > limit_s:
            found.append((feed.name, FEE_SCOPE if feed.scope == FEE_SCOPE else EVERYTHING, age, limit_s))
    return tuple(found)


def _view(market: Market, feed: Feed, now_ns: int) -> FeedView:
    ages = ages_of(market.config, feed.reading)
    word = market.words.of(feed.reading, feed.source)
    if feed.ts_ns is None or feed.origin is None:
        age, state, detail = None, FeedState.STALE, "nothing received yet"
        word = word or market.words.any_of(feed.reading)
        if feed.reading is Reading.HEALTH_FACTOR and not market.health_watched:
            state, detail = FeedState.OFF, "not watched: no address configured"
    else:
        age = age_s(feed.ts_ns, now_ns, feed.origin)
        state, detail = state_at(age, ages), ""
        if state is not FeedState.FRESH:
            word = word or market.words.any_of(feed.reading)
    return FeedView(
        name=feed.name,
        reading=feed.reading,
        scope=feed.scope,
        state=word.state if word is not None else state,
        age_s=age,
        origin=feed.origin,
        warn_after_s=ages.warn_after_s,
        stand_down_after_s=ages.stand_down_after_s,
        detail="; ".join(part for part in (detail, word_text(word)) if part),
    )


def _feeds(market: Market, now_ns: int) -> Iterator[Feed]:
    for asset in market.assets:
        yield from _asset_feeds(market, asset)
    health = market.health.counted(now_ns)
    yield _feed("health_factor", Reading.HEALTH_FACTOR, EVERYTHING, health)
    wanted = any(isinstance(setup, PriorityFeeFade) for setup in market.config.setups.values())
    if wanted or market.fee.own is not None:
        yield _feed("priority_fee", Reading.PRIORITY_FEE, FEE_SCOPE, market.fee.own)
    if wanted or market.tip.own is not None:
        yield _feed("jito_tip", Reading.JITO_TIP, FEE_SCOPE, market.tip.own)


def _asset_feeds(market: Market, asset: str) -> Iterator[Feed]:
    traded = market.assets[asset]
    heard = bool(traded.heard_ns)
    yield Feed(
        f"stream.{asset}",
        Reading.STREAM,
        asset,
        traded.watch,
        traded.heard_ns or None,
        Origin.FEED if heard else None,
    )
    yield _feed(f"positioning.{asset}", Reading.POSITIONING, asset, market.positioning[asset].own, judged=heard)
    for venue, latest in market.funding[asset].items():
        judged = heard and venue in SPREAD_VENUES
        yield _feed(f"funding.{asset}.{venue}", Reading.FUNDING, asset, latest.own, source=venue, judged=judged)
    yield _feed(f"open_interest.{asset}", Reading.OPEN_INTEREST, asset, market.open_interest[asset].own, judged=heard)


def _feed(
    name: str, reading: Reading, scope: str, own: ReadingEvent | None, *, source: str = "", judged: bool = True
) -> Feed:
    if own is None:
        return Feed(name, reading, scope, source, None, None, judged)
    return Feed(name, reading, scope, source or getattr(own, "source", ""), own.ts_ns, own.origin, judged)
