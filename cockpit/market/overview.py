"""Every feed at once: for the screen, and for the engine to stand down on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cockpit.config.limits import ReadingAges
from cockpit.config.model import CockpitConfig
from cockpit.config.setups import PriorityFeeFade
from cockpit.domain.events import FeedHealth, LiquidationMap, OnChainPrice, ReadingEvent
from cockpit.domain.kinds import FeedState, Origin, Reading
from cockpit.domain.snapshot import FeedView
from cockpit.market.freshness import age_s, state_at
from cockpit.market.readings import SPREAD_VENUES

if TYPE_CHECKING:
    from cockpit.market.market import Market

Seen = ReadingEvent | OnChainPrice | LiquidationMap
EVERYTHING = "all"
FEE_SCOPE = "priority_fee"
"""The fee readings stand down the setups of this kind alone."""
FEE_READINGS = (Reading.PRIORITY_FEE.value, Reading.JITO_TIP.value)


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
    feeds = list(_feeds(market, now_ns))
    return (*(_view(market, feed, now_ns) for feed in feeds), *_others_down(market, feeds))


def stale(market: Market, now_ns: int) -> tuple[tuple[str, str, float, float], ...]:
    """Judged feeds that were seen and are past their stand-down age: (name, who stands down, age_s, limit_s).

    Everybody stands down for a stale feed ("all"), but the fee readings stop only their own kind of setup.
    """
    found = []
    for ages, ts_ns, origin, name in _judged(market, now_ns):
        age = age_s(ts_ns, now_ns, origin)
        if age > ages.stand_down_after_s:
            scope = FEE_SCOPE if name[0] in FEE_READINGS else EVERYTHING
            found.append((".".join(name), scope, age, ages.stand_down_after_s))
    return tuple(found)


def _judged(market: Market, now_ns: int) -> Iterator[tuple[ReadingAges, int, Origin, tuple[str, ...]]]:
    """Every feed seen that may stand somebody down, with the parts of its name. Asked once a second: keep it cheap."""
    feeds = market.config.feeds
    for asset, traded in market.assets.items():
        heard_ns = traded.heard_ns
        if not heard_ns:
            continue
        yield feeds.stream, heard_ns, Origin.FEED, ("stream", asset)
        shares, interest = market.positioning[asset].own, market.open_interest[asset].own
        if shares is not None:
            yield feeds.positioning, shares.ts_ns, shares.origin, ("positioning", asset)
        for venue in SPREAD_VENUES:
            rate = market.funding[asset][venue].own
            if rate is not None:
                yield feeds.funding, rate.ts_ns, rate.origin, ("funding", asset, venue)
        if interest is not None:
            yield feeds.open_interest, interest.ts_ns, interest.origin, ("open_interest", asset)
    health = market.health.counted(now_ns)
    if health is not None:
        yield feeds.health_factor, health.ts_ns, health.origin, ("health_factor",)
    if market.fee.own is not None:
        yield feeds.priority_fee, market.fee.own.ts_ns, market.fee.own.origin, ("priority_fee",)
    if market.tip.own is not None:
        yield feeds.jito_tip, market.tip.own.ts_ns, market.tip.own.origin, ("jito_tip",)


def _others_down(market: Market, feeds: list[Feed]) -> Iterator[FeedView]:
    """Workers that are down while others give the same reading: a traded venue nobody watches, a preferred source."""
    shown = {(feed.reading, feed.source) for feed in feeds}
    heard = {feed.reading for feed in feeds if feed.ts_ns is not None}
    for word in market.words.down():
        if (word.reading, word.source) in shown or word.reading not in heard:
            continue
        ages = ages_of(market.config, word.reading)
        yield FeedView(
            name=f"{word.reading.value}.{word.source}",
            reading=word.reading,
            scope=word.source,
            state=word.state,
            age_s=None,
            origin=None,
            warn_after_s=ages.warn_after_s,
            stand_down_after_s=ages.stand_down_after_s,
            detail=word_text(word),
        )


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
    yield from _informing(market)


def _informing(market: Market) -> Iterator[Feed]:
    """Feeds nobody stands down for: shown once they were heard, or while their worker says why they are not."""
    prices, maps = market.onchain, market.liquidations.maps
    for kind, seen in ((Reading.ONCHAIN_PRICE, prices), (Reading.LIQUIDATION_MAP, maps)):
        heard = {asset: latest.own for asset, latest in seen.items() if latest.own is not None}
        for asset, own in heard.items():
            yield _feed(f"{kind.value}.{asset}", kind, asset, own)
        word = market.words.any_of(kind)
        if word is not None and not heard:
            yield Feed(kind.value, kind, EVERYTHING, word.source, None, None)


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
    yield _feed(f"positioning.{asset}", Reading.POSITIONING, asset, market.positioning[asset].own)
    for venue, latest in market.funding[asset].items():
        yield _feed(f"funding.{asset}.{venue}", Reading.FUNDING, asset, latest.own, source=venue)
    yield _feed(f"open_interest.{asset}", Reading.OPEN_INTEREST, asset, market.open_interest[asset].own)


def _feed(name: str, reading: Reading, scope: str, own: Seen | None, *, source: str = "") -> Feed:
    if own is None:
        return Feed(name, reading, scope, source, None, None)
    return Feed(name, reading, scope, source or getattr(own, "source", ""), own.ts_ns, own.origin)
