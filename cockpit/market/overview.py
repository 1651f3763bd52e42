"""Every feed at once, for the screen: its age, its state, and what its worker says."""

from collections.abc import Iterator
from typing import NamedTuple

from cockpit.config.setups import PriorityFeeFade
from cockpit.domain.events import LiquidationMap, OnChainPrice, ReadingEvent
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.domain.snapshot import FeedView
from cockpit.market.freshness import age_s, health_text, late_after_s, state_at
from cockpit.market.market import Market
from cockpit.market.reading_table import EVERYTHING, FEE_SCOPE, INFORMING, OF_AN_ASSET, ROW_OF, ROWS, GivenBy

Seen = ReadingEvent | OnChainPrice | LiquidationMap


class Feed(NamedTuple):
    """One feed as it stands; `ts_ns` and `origin` are None before its first datum.

    `scope` is what the feed is about: an asset, `FEE_SCOPE`, or everything.
    """

    name: str
    reading: Reading
    scope: str
    source: str
    ts_ns: int | None
    origin: Origin | None
    bar_s: float = 0.0


def feed_views(market: Market, now_ns: int) -> tuple[FeedView, ...]:
    """Every feed known or required. A worker that is down shows as DOWN even while its last value is still good."""
    feeds = list(_feeds(market, now_ns))
    return (*(_view(market, feed, now_ns) for feed in feeds), *_others_down(market, feeds))


def _others_down(market: Market, feeds: list[Feed]) -> Iterator[FeedView]:
    """Workers that are down while others give the same reading: a traded venue nobody watches, a preferred source."""
    shown = {(feed.reading, feed.source) for feed in feeds}
    heard = {feed.reading for feed in feeds if feed.ts_ns is not None}
    for report in market.feed_health.down():
        is_shown = (report.reading, report.source) in shown or ROW_OF[report.reading].given_by is GivenBy.ONE_WORKER
        if is_shown or report.reading not in heard:
            continue
        ages = market.ages[report.reading]
        yield FeedView(
            name=f"{report.reading.value}.{report.source}",
            reading=report.reading,
            scope=report.source,
            state=report.state,
            age_s=None,
            origin=None,
            warn_after_s=ages.warn_after_s,
            stand_down_after_s=ages.stand_down_after_s,
            detail=health_text(report),
        )


def _view(market: Market, feed: Feed, now_ns: int) -> FeedView:
    ages = market.ages[feed.reading]
    report = market.feed_health.of(feed.reading, feed.source)
    if feed.ts_ns is None or feed.origin is None:
        age, state, detail = None, FeedState.STALE, "nothing received yet"
        report = market.feed_health.about(feed.reading, feed.source, None)
        if feed.reading is Reading.HEALTH_FACTOR and not market.health_watched:
            state, detail = FeedState.OFF, "not watched: no address configured"
    else:
        age = age_s(feed.ts_ns, now_ns, feed.origin)
        state, detail = state_at(age, ages, feed.bar_s), ""
        if state is not FeedState.FRESH:
            report = market.feed_health.about(feed.reading, feed.source, feed.origin)
    return FeedView(
        name=feed.name,
        reading=feed.reading,
        scope=feed.scope,
        state=report.state if report is not None else state,
        age_s=age,
        origin=feed.origin,
        warn_after_s=late_after_s(ages, feed.bar_s),
        stand_down_after_s=ages.stand_down_after_s,
        detail="; ".join(part for part in (detail, health_text(report)) if part),
    )


def _feeds(market: Market, now_ns: int) -> Iterator[Feed]:
    for asset in market.assets:
        yield from _asset_feeds(market, asset)
    health = market.health.counted(now_ns)
    yield _feed("health_factor", Reading.HEALTH_FACTOR, EVERYTHING, health)
    wanted = any(isinstance(setup, PriorityFeeFade) for setup in market.config.setups.values())
    for row in ROWS:
        if row.stands_down == FEE_SCOPE:
            own = market.readings.own(row.reading)
            if wanted or own is not None:
                yield _feed(row.reading.value, row.reading, FEE_SCOPE, own)
    yield from _informing(market)


def _informing(market: Market) -> Iterator[Feed]:
    """Feeds nobody stands down for: shown once they were heard, or while their worker says why they are not."""
    for kind in INFORMING:
        heard = market.readings.received(kind)
        for asset, own in heard:
            yield _feed(f"{kind.value}.{asset}", kind, asset, own)
        report = market.feed_health.any_of(kind)
        if report is not None and not heard:
            yield Feed(kind.value, kind, EVERYTHING, report.source, None, None)


def _asset_feeds(market: Market, asset: str) -> Iterator[Feed]:
    traded = market.assets[asset]
    heard = bool(traded.received_ns)
    yield Feed(
        f"stream.{asset}",
        Reading.STREAM,
        asset,
        traded.watch,
        traded.received_ns or None,
        Origin.FEED if heard else None,
    )
    for kind in OF_AN_ASSET:
        for venue, own in market.readings.places(kind, asset):
            name = ".".join(part for part in (kind.value, asset, venue) if part)
            yield _feed(name, kind, asset, own, source=venue)


def _feed(name: str, reading: Reading, scope: str, own: Seen | None, *, source: str = "") -> Feed:
    if own is None:
        return Feed(name, reading, scope, source, None, None)
    seen_from = source or getattr(own, "source", "")
    return Feed(name, reading, scope, seen_from, own.ts_ns, own.origin, getattr(own, "bar_s", 0.0))
