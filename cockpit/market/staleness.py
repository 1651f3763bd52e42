"""The feeds the engine stands down on: which are past their age, and how an operator is told."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cockpit.config.limits import ReadingAges
from cockpit.domain.kinds import Origin, Reading
from cockpit.domain.numbers import apart
from cockpit.domain.units import NS_PER_S
from cockpit.market.freshness import age_s, health_text
from cockpit.market.market import Market
from cockpit.market.reading_table import EVERYTHING, OF_AN_ASSET, OF_ITSELF, ROW_OF

FAR_NS = 2**62
SEEDED = "only the config's value so far"


class StaleFeed(NamedTuple):
    """A feed past its stand-down age. `scope` is who stands down: everybody ("all"), or one kind of setup.

    `what` is the reading in words without its asset, `detail` why nothing comes, as far as that is known.
    """

    name: str
    scope: str
    age_s: float
    limit_s: float
    asset: str
    what: str
    detail: str = ""


class Judged(NamedTuple):
    """A feed that was seen and may stand somebody down; `source` is whose value it is."""

    reading: Reading
    ts_ns: int
    origin: Origin
    source: str
    asset: str = ""

    @property
    def name(self) -> str:
        """The feed's name, as in `FeedView`."""
        venue = self.source if self.reading is Reading.FUNDING else ""
        return ".".join(part for part in (self.reading.value, self.asset, venue) if part)


def stale(market: Market, now_ns: int) -> tuple[StaleFeed, ...]:
    """Readings that were seen and are past their stand-down age.

    Judged are the feeds of assets whose stream was heard, the health factor, the Solana fee and the Jito tip. Everybody
    stands down for a stale feed ("all"), but the fee readings stop only their own kind of setup.
    """
    return tuple(_found(market, feed, market.ages[feed.reading], now_ns) for feed in _past(market, now_ns))


def _as_it_is(feed: Judged) -> int:
    return feed.ts_ns


def next_stale_ns(market: Market, now_ns: int, renewed_ns: Callable[[Judged], int] = _as_it_is) -> int:
    """When the next reading that is not past its stand-down age will be, if nothing newer comes; prices are left out.

    Far beyond every session where none will ever be. `renewed_ns` is the stamp of the last reading that is known to
    come in time after this one: who reads the past knows that.
    """
    dues = [FAR_NS]
    for feed in _judged(market, now_ns):
        if feed.reading is Reading.STREAM or feed.origin is Origin.HELD:
            continue
        due_ns = renewed_ns(feed) + round(market.ages[feed.reading].stand_down_after_s * NS_PER_S)
        if due_ns > now_ns:
            dues.append(due_ns)
    return min(dues)


def delivers(market: Market, now_ns: int) -> bool:
    """Whether prices come and nothing is stale that everybody stands down for."""
    heard = any(asset.received_ns for asset in market.assets.values())
    return heard and all(feed.scope != EVERYTHING for feed in stale(market, now_ns))


def sentence_of(feeds: Sequence[StaleFeed]) -> str:
    """Feeds that differ in their asset alone, in one sentence with the oldest of their ages.

    As `no BTC, SOL funding on okx for 601 s, limit 600 s (okx down: no answer)`.
    """
    oldest = max(feeds, key=lambda feed: feed.age_s)
    assets = ", ".join(feed.asset for feed in feeds if feed.asset)
    what = f"{assets} {oldest.what}" if assets else oldest.what
    age = apart(oldest.age_s, oldest.limit_s, ".0f")
    why = f" ({oldest.detail})" if oldest.detail else ""
    return f"no {what} for {age} s, limit {oldest.limit_s:g} s{why}"


def grouped(feeds: Sequence[StaleFeed]) -> list[str]:
    """One sentence for all feeds that differ in their asset alone: a venue that dies is one thing to read."""
    groups: dict[tuple[str, ...], list[StaleFeed]] = {}
    for feed in feeds:
        groups.setdefault((feed.what, feed.scope, feed.detail), []).append(feed)
    return [sentence_of(group) for group in groups.values()]


def _past(market: Market, now_ns: int) -> Iterator[Judged]:
    for feed in _judged(market, now_ns):
        if age_s(feed.ts_ns, now_ns, feed.origin) > market.ages[feed.reading].stand_down_after_s:
            yield feed


def _found(market: Market, feed: Judged, ages: ReadingAges, now_ns: int) -> StaleFeed:
    report = market.feed_health.about(feed.reading, feed.source, feed.origin)
    seeded = SEEDED if feed.origin is Origin.CONFIG else ""
    return StaleFeed(
        name=feed.name,
        scope=ROW_OF[feed.reading].stands_down,
        age_s=age_s(feed.ts_ns, now_ns, feed.origin),
        limit_s=ages.stand_down_after_s,
        asset=feed.asset,
        what=ROW_OF[feed.reading].stale.format(asset=feed.asset, source=feed.source),
        detail="; ".join(part for part in (seeded, health_text(report)) if part),
    )


def _judged(market: Market, now_ns: int) -> Iterator[Judged]:
    """Every feed seen that may stand somebody down. Asked once a second: keep it cheap."""
    venues = ("", *market.spread_of)
    for asset, traded in market.assets.items():
        received_ns = traded.received_ns
        if not received_ns:
            continue
        yield Judged(Reading.STREAM, received_ns, Origin.FEED, traded.watch, asset)
        for reading in OF_AN_ASSET:
            for venue, own in market.readings.places(reading, asset):
                if own is not None and venue in venues:
                    yield Judged(reading, own.ts_ns, own.origin, venue or own.source, asset)
    health = market.health.counted(now_ns)
    if health is not None:
        yield Judged(Reading.HEALTH_FACTOR, health.ts_ns, health.origin, health.source)
    for reading in OF_ITSELF:
        own = market.readings.own(reading)
        if own is not None:
            yield Judged(reading, own.ts_ns, own.origin, "")
