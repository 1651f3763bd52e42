"""The feeds beside the exchanges': Aave, Solana, Jito, Coinglass, Birdeye, the liquidation map. What lacks a key or an
address is off and says what to set."""

from collections.abc import Sequence

from pydantic import SecretStr

from cockpit.config.endpoints import BadEndpoint, EndpointsSection, checked_url
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Reading
from cockpit.exchanges.base.allowance import RestBudget
from cockpit.exchanges.base.feed import Feed, OffFeed, Timing
from cockpit.exchanges.base.forced_log import ForcedLog
from cockpit.exchanges.base.web import JsonSite
from cockpit.exchanges.binance import interest_map
from cockpit.feeds import birdeye, coinglass, jito, solana
from cockpit.feeds.aave.markets import UnknownMarket, market_of
from cockpit.feeds.aave.worker import SOURCE as AAVE
from cockpit.feeds.aave.worker import AaveFeed
from cockpit.feeds.polled import Source
from cockpit.feeds.repeated import RepeatedFeed

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
