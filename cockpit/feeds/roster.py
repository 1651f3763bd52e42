"""Every live feed of a config: who runs, and which reading its fall is a fault of."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import SecretStr

from cockpit.config.endpoints import BadEndpoint, EndpointsSection, checked_url, find_endpoints, venue_urls
from cockpit.config.live import COINGLASS
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Reading
from cockpit.exchanges.base.allowance import RestBudget
from cockpit.exchanges.base.clock_feed import ClockFeed
from cockpit.exchanges.base.feed import Feed, OffFeed
from cockpit.exchanges.base.forced_log import ForcedLog, ForcedOrderTap
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.public_readings import PublicReadings
from cockpit.exchanges.base.steady_clock import PROCESS_CLOCK
from cockpit.exchanges.base.streams import ExchangeStreams
from cockpit.exchanges.base.timing import Clock, Timing
from cockpit.exchanges.base.true_time import TrueTime
from cockpit.exchanges.base.web import JsonSite
from cockpit.exchanges.binance import interest_map
from cockpit.exchanges.binance.interest_map import BAR_NS, BARS
from cockpit.exchanges.registry import EXCHANGES
from cockpit.feeds import birdeye, coinglass, jito, solana
from cockpit.feeds.aave.markets import UnknownMarket, market_of
from cockpit.feeds.aave.worker import SOURCE as AAVE
from cockpit.feeds.aave.worker import AaveFeed
from cockpit.feeds.polled import PolledFeed, RepeatedFeed, Source

# The feeds beside the exchanges': Aave, Solana, Jito, Coinglass, Birdeye, the liquidation map. What lacks a key or an
# address is off and says what to set.

BINANCE_REST = "https://fapi.binance.com"
SITE_TIMEOUT_S = 5.0


def side_feeds(
    config: CockpitConfig,
    endpoints: EndpointsSection,
    secrets: Secrets,
    timing: Timing | None = None,
    binance_budget: RestBudget | None = None,
    forced: ForcedLog | None = None,
    draws_map: bool = True,
) -> list[tuple[Feed, Reading]]:
    """One feed a source with what it reads, in a fixed order; an unconfigured one is an `OffFeed` with the reason.

    `binance_budget` is shared by all that ask Binance from this address, the liquidation map among them; `forced` holds
    what its stream told of forced orders. The map is drawn where the config reads that exchange at all.

    With a key Coinglass is none of them: it is a source of the positioning feed, see `coinglass_source`.
    """
    timing = timing or Timing()
    feeds: list[tuple[Feed, Reading]] = [
        (_aave(config, secrets.rpc_urls(), timing), Reading.HEALTH_FACTOR),
        (_solana(config, endpoints, timing), Reading.PRIORITY_FEE),
        (_jito(config, endpoints, timing), Reading.JITO_TIP),
        (_birdeye(config, endpoints, secrets.birdeye_key(), timing), Reading.ONCHAIN_PRICE),
        (_map(config, endpoints, timing, binance_budget, forced, draws_map), Reading.LIQUIDATION_MAP),
    ]
    if secrets.coinglass_key() is None:
        reason = "no key: set COINGLASS_API_KEY; positioning comes from the exchanges"
        off = OffFeed(Reading.POSITIONING, coinglass.SOURCE, reason, timing)
        feeds.append((off, Reading.POSITIONING))
    return feeds


def coinglass_source(
    config: CockpitConfig, endpoints: EndpointsSection, secrets: Secrets, timing: Timing | None = None
) -> Source | None:
    """Coinglass as a source of positioning; None without a key."""
    key = secrets.coinglass_key()
    if key is None:
        return None
    timing = timing or Timing()
    site = coinglass.coinglass_site(endpoints.coinglass_url, key, config.coinglass, timing.stamps)
    reader = coinglass.Coinglass(config.coinglass, site, timing)
    return Source(reader.label, reader.positioning)


def _aave(config: CockpitConfig, urls: Sequence[SecretStr], timing: Timing) -> Feed:
    if config.aave.address is None:
        return OffFeed(Reading.HEALTH_FACTOR, AAVE, "no address configured: set aave.address", timing)
    if not urls:
        return OffFeed(Reading.HEALTH_FACTOR, AAVE, "no RPC configured: set COCKPIT_RPC_URLS", timing)
    try:
        checked = [SecretStr(checked_url(url.get_secret_value(), "COCKPIT_RPC_URLS")) for url in urls]
        return AaveFeed(config, market_of(config.aave), checked, timing)
    except (BadEndpoint, UnknownMarket) as error:
        return OffFeed(Reading.HEALTH_FACTOR, AAVE, str(error), timing)


def _solana(config: CockpitConfig, endpoints: EndpointsSection, timing: Timing) -> Feed:
    if not config.solana.hot_accounts:
        reason = "no hot accounts configured: set solana.hot_accounts"
        return OffFeed(Reading.PRIORITY_FEE, solana.SOURCE, reason, timing)
    site = JsonSite(endpoints.solana_url, config.solana.timeout_s, timing.stamps)
    fees = solana.SolanaFees(config.solana, site, timing.stamps)
    return RepeatedFeed(solana.SOURCE, Reading.PRIORITY_FEE, config.feeds.priority_fee, fees.ask, site, timing)


def _jito(config: CockpitConfig, endpoints: EndpointsSection, timing: Timing) -> Feed:
    site = JsonSite(endpoints.jito_url, SITE_TIMEOUT_S, timing.stamps)
    ages = config.feeds.jito_tip
    tips = jito.JitoTips(site, ages.warn_after_s, timing.stamps)
    return RepeatedFeed(jito.SOURCE, Reading.JITO_TIP, ages, tips.ask, site, timing)


def _birdeye(config: CockpitConfig, endpoints: EndpointsSection, key: SecretStr | None, timing: Timing) -> Feed:
    if key is None:
        return OffFeed(Reading.ONCHAIN_PRICE, birdeye.SOURCE, "no key: set BIRDEYE_API_KEY", timing)
    site = birdeye.birdeye_site(endpoints.birdeye_url, key, config.birdeye, timing.stamps)
    ages = config.feeds.onchain_price
    prices = birdeye.Birdeye(config.birdeye, site, ages.stand_down_after_s, timing.stamps)
    return RepeatedFeed(birdeye.SOURCE, Reading.ONCHAIN_PRICE, ages, prices.ask, site, timing)


def _map(
    config: CockpitConfig,
    endpoints: EndpointsSection,
    timing: Timing,
    budget: RestBudget | None,
    forced: ForcedLog | None,
    draws_map: bool,
) -> Feed:
    if not draws_map:
        reason = f"drawn from {interest_map.VENUE}'s open interest, and nothing of this config is read there"
        return OffFeed(Reading.LIQUIDATION_MAP, interest_map.SOURCE, reason, timing)
    site = JsonSite(endpoints.binance_rest_url or BINANCE_REST, SITE_TIMEOUT_S, timing.stamps, budget=budget)
    drawn = interest_map.InterestMap(config.liquidation_map, list(config.assets), site, timing.stamps, forced)
    ages = config.feeds.liquidation_map
    return RepeatedFeed(interest_map.SOURCE, Reading.LIQUIDATION_MAP, ages, drawn.ask, site, timing)


class Member(NamedTuple):
    """A feed, and what its own word is about: with `reading` and `source` its fall can be said in its name.

    `stamps` is the clock that its stamps are told by, where that is not the session's own.
    """

    feed: Feed
    reading: Reading
    source: str
    stamps: Clock | None = None


@dataclass
class Roster:
    """Who runs. The exchanges are shared by several feeds: close them when all have ended.

    `clock` is the session's own, which every venue's is compared with.
    """

    members: list[Member] = field(default_factory=list)
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    clock: Clock = PROCESS_CLOCK.now_ns


def roster_of(
    config: CockpitConfig,
    environ: Mapping[str, str] | None = None,
    timing: Timing | None = None,
    secrets: Secrets | None = None,
) -> Roster:
    """The feeds for that config. Nothing is imported or dialled before they run.

    Raises `BadEndpoint` for an address in the environment that must not be used.
    """
    given = timing or Timing()
    roster = Roster(clock=given.clock)
    used = Timing(given.clock, given.sleep, given.utc or TrueTime(given.clock, roster.exchanges).now_ns)
    endpoints = find_endpoints(config.endpoints, os.environ if environ is None else environ)
    keys = secrets or Secrets(environ)
    forced = ForcedLog(BAR_NS, BARS, used.stamps)
    _add_exchanges(roster, config, endpoints, used, coinglass_source(config, endpoints, keys, used), forced)
    mapped = next(
        (one for one in roster.exchanges.values() if EXCHANGES[one.name].abilities.feeds_liquidation_map), None
    )
    budget = None if mapped is None else mapped.budget
    for feed, reading in side_feeds(config, endpoints, keys, used, budget, forced, draws_map=mapped is not None):
        roster.members.append(Member(feed, reading, feed.name, used.stamps))
    for name, rules in config.own_feeds.items():
        roster.members.append(Member(rules.worker(name, rules, config, used), rules.reading, name))
    return roster


def exchanges_read(config: CockpitConfig) -> tuple[str, ...]:
    """The exchanges that anything of this config is read from, in the registry's order; no other is polled."""
    used = {venue for where in config.assets.values() for venue in (where.watch, where.trade_on)}
    used |= {*config.gate.funding_spread_of, *config.live.positioning_from}
    return tuple(name for name in EXCHANGES if name in used)


def _add_exchanges(
    roster: Roster,
    config: CockpitConfig,
    endpoints: EndpointsSection,
    timing: Timing,
    coinglass: Source | None,
    forced: ForcedLog,
) -> None:
    assets, ages = tuple(config.assets), config.feeds
    for name in exchanges_read(config):
        made = EXCHANGES[name].public()
        exchange = roster.exchanges[name] = made(assets, venue_urls(endpoints, name), config.live, timing)
        exchange.spot_products = config.venues[name].spot_products if name in config.venues else {}
    readings = {name: EXCHANGES[name].readings(exchange) for name, exchange in roster.exchanges.items()}
    _add_streams(roster, config, forced)
    for name in config.gate.funding_spread_of:
        source, timed = Source(name, readings[name].funding), _by_venue(roster.exchanges[name])
        feed = PolledFeed(f"{name} funding", Reading.FUNDING, assets, [source], ages.funding, timed)
        roster.members.append(Member(feed, Reading.FUNDING, name, timed.stamps))
    watched = roster.exchanges[next(iter(config.assets.values())).watch]
    preferred = _positioning_sources(config, readings, coinglass)
    if preferred:
        _add_preferred(roster, "positioning", Reading.POSITIONING, config, preferred, watched)
    interest = [Source(one.interest_label, one.open_interest) for one in readings.values()]
    _add_preferred(roster, "open interest", Reading.OPEN_INTEREST, config, interest, watched)


def _add_streams(roster: Roster, config: CockpitConfig, forced: ForcedLog) -> None:
    streamed = {venue for where in config.assets.values() for venue in (where.watch, where.trade_on)}
    for name, exchange in roster.exchanges.items():
        if name in streamed:
            streams: Feed = ExchangeStreams(exchange, config.live)
            if EXCHANGES[name].abilities.feeds_liquidation_map:
                streams = ForcedOrderTap(streams, forced)
            roster.members.append(Member(streams, Reading.STREAM, name, exchange.now_ns))
        roster.members.append(Member(ClockFeed(exchange), Reading.STREAM, f"{name} clock"))


def _positioning_sources(
    config: CockpitConfig, readings: Mapping[str, PublicReadings], coinglass: Source | None
) -> list[Source]:
    """In the config's order of preference."""
    sources = {name: Source(one.accounts_label, one.positioning) for name, one in readings.items()}
    if coinglass is not None:
        sources[COINGLASS] = coinglass
    return [sources[name] for name in config.live.positioning_from if name in sources]


def _add_preferred(
    roster: Roster, name: str, reading: Reading, config: CockpitConfig, sources: Sequence[Source], clock_of: Exchange
) -> None:
    """One reading, from the first of several sources that can give it."""
    ages = config.feeds.positioning if reading is Reading.POSITIONING else config.feeds.open_interest
    feed = PolledFeed(name, reading, tuple(config.assets), sources, ages, _by_venue(clock_of))
    roster.members.append(Member(feed, reading, sources[0].label, clock_of.now_ns))


def _by_venue(exchange: Exchange) -> Timing:
    """Our clock put right by the venue's: its stamps are judged by it."""
    return Timing(exchange.timing.clock, exchange.timing.sleep, exchange.now_ns)
