"""Every live feed of a config: who runs, and which reading its fall is a fault of."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cockpit.config.endpoints import EndpointsSection, find_endpoints, venue_urls
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Reading
from cockpit.exchanges.base.clock_feed import ClockFeed
from cockpit.exchanges.base.feed import Feed, Timing
from cockpit.exchanges.base.forced_log import ForcedLog, ForcedOrderTap
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.streams import ExchangeStreams
from cockpit.exchanges.binance.interest_map import BAR_NS, BARS
from cockpit.exchanges.binance.market import Binance
from cockpit.exchanges.binance.readings import ACCOUNTS as BINANCE_ACCOUNTS
from cockpit.exchanges.binance.readings import INTEREST as BINANCE_INTEREST
from cockpit.exchanges.binance.readings import BinanceReadings
from cockpit.exchanges.okx.market import Okx
from cockpit.exchanges.okx.readings import ACCOUNTS as OKX_ACCOUNTS
from cockpit.exchanges.okx.readings import INTEREST as OKX_INTEREST
from cockpit.exchanges.okx.readings import OkxReadings
from cockpit.feeds.polled import PolledFeed, Source
from cockpit.feeds.side_feeds import coinglass_source, side_feeds


class Member(NamedTuple):
    """A feed, and what its own word is about: with `reading` and `source` its fall can be said in its name."""

    feed: Feed
    reading: Reading
    source: str


@dataclass
class Roster:
    """Who runs. The exchanges are shared by several feeds: close them when all have ended."""

    members: list[Member] = field(default_factory=list)
    exchanges: dict[str, Exchange] = field(default_factory=dict)


def roster_of(
    config: CockpitConfig,
    environ: Mapping[str, str] | None = None,
    timing: Timing | None = None,
    secrets: Secrets | None = None,
) -> Roster:
    """The feeds for that config. Nothing is imported or dialled before they run.

    Raises `BadEndpoint` for an address in the environment that must not be used.
    """
    used = timing or Timing()
    endpoints = find_endpoints(config.endpoints, os.environ if environ is None else environ)
    roster = Roster()
    keys = secrets or Secrets(environ)
    forced = ForcedLog(BAR_NS, BARS, used.clock)
    _add_exchanges(roster, config, endpoints, used, coinglass_source(config, endpoints, keys, used), forced)
    budget = roster.exchanges[Binance.name].budget
    for feed, reading in side_feeds(config, endpoints, keys, used, budget, forced):
        roster.members.append(Member(feed, reading, feed.name))
    for name, rules in config.own_feeds.items():
        roster.members.append(Member(rules.worker(name, rules, config, used), rules.reading, name))
    return roster


def _add_exchanges(
    roster: Roster,
    config: CockpitConfig,
    endpoints: EndpointsSection,
    timing: Timing,
    coinglass: Source | None,
    forced: ForcedLog,
) -> None:
    assets = tuple(config.assets)
    binance = Binance(assets, venue_urls(endpoints, Binance.name), config.live, timing)
    okx = Okx(assets, venue_urls(endpoints, Okx.name), config.live, timing)
    roster.exchanges = {binance.name: binance, okx.name: okx}
    streamed = {venue for where in config.assets.values() for venue in (where.watch, where.trade_on)}
    for name, exchange in roster.exchanges.items():
        if name in streamed:
            streams: Feed = ExchangeStreams(exchange, config.live)
            streams = ForcedOrderTap(streams, forced) if exchange is binance else streams
            roster.members.append(Member(streams, Reading.STREAM, name))
        roster.members.append(Member(ClockFeed(exchange), Reading.STREAM, f"{name} clock"))
    asked, others = BinanceReadings(binance), OkxReadings(okx)
    ages = config.feeds
    for exchange, rate in ((binance, asked.funding), (okx, others.funding)):
        source = Source(exchange.name, rate)
        feed = PolledFeed(
            f"{exchange.name} funding", Reading.FUNDING, assets, [source], ages.funding, _by_venue(exchange)
        )
        roster.members.append(Member(feed, Reading.FUNDING, exchange.name))
    accounts = {
        binance.name: Source(BINANCE_ACCOUNTS, asked.positioning),
        okx.name: Source(OKX_ACCOUNTS, others.positioning),
    }
    if coinglass is not None:
        accounts["coinglass"] = coinglass
    preferred = [accounts[name] for name in config.live.positioning_from if name in accounts]
    if preferred:
        _add_preferred(roster, "positioning", Reading.POSITIONING, config, preferred, binance)
    interest = [Source(BINANCE_INTEREST, asked.open_interest), Source(OKX_INTEREST, others.open_interest)]
    _add_preferred(roster, "open interest", Reading.OPEN_INTEREST, config, interest, binance)


def _add_preferred(
    roster: Roster, name: str, reading: Reading, config: CockpitConfig, sources: Sequence[Source], clock_of: Exchange
) -> None:
    """One reading, from the first of several sources that can give it."""
    ages = config.feeds.positioning if reading is Reading.POSITIONING else config.feeds.open_interest
    feed = PolledFeed(name, reading, tuple(config.assets), sources, ages, _by_venue(clock_of))
    roster.members.append(Member(feed, reading, sources[0].label))


def _by_venue(exchange: Exchange) -> Timing:
    """Our clock put right by the venue's: its stamps are judged by it."""
    return Timing(exchange.now_ns, exchange.timing.sleep)
