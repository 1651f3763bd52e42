"""Which side feeds run, which are off, and that an off one says what to set."""

import pytest

from cockpit.config.endpoints import EndpointsSection
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import Secrets
from cockpit.domain.events import FeedHealth
from cockpit.domain.kinds import FeedState, Reading
from cockpit.exchanges.base.feed import OffFeed
from cockpit.feeds.aave.worker import AaveFeed
from cockpit.feeds.polled import RepeatedFeed
from cockpit.feeds.roster import coinglass_source, side_feeds
from tests.loopback.timekeeper import Inbox, Timekeeper

ADDRESS = "0x" + "12" * 20
RPC = {"COCKPIT_RPC_URLS": "https://a.example/v2/key, https://b.example/v2/key"}


def secrets(**environ: str) -> Secrets:
    return Secrets(environ, keyring=lambda name: None)


def watching(config: CockpitConfig, **section: object) -> CockpitConfig:
    return config.model_copy(update={"aave": config.aave.model_copy(update={"address": ADDRESS, **section})})


async def off_sentences(config: CockpitConfig, keys: Secrets) -> dict[str, str]:
    """What the feeds that are off say."""
    inbox = Inbox()
    for feed, _ in side_feeds(config, EndpointsSection(), keys, Timekeeper(0).timing):
        if isinstance(feed, OffFeed):
            await feed.run(inbox.put)
    said = [event for event in inbox.events if isinstance(event, FeedHealth)]
    assert {word.state for word in said} == {FeedState.OFF}
    return {word.source: word.detail for word in said}


async def test_with_nothing_configured_the_rest_runs_all_the_same(shipped_config: CockpitConfig) -> None:
    feeds = side_feeds(shipped_config, EndpointsSection(), secrets())
    running = [(feed.name, reading) for feed, reading in feeds if isinstance(feed, RepeatedFeed)]
    assert running == [("jito", Reading.JITO_TIP), ("liquidation map", Reading.LIQUIDATION_MAP)]
    assert await off_sentences(shipped_config, secrets()) == {
        "aave": "no address configured: set aave.address",
        "solana": "no hot accounts configured: set solana.hot_accounts",
        "birdeye": "no key: set BIRDEYE_API_KEY",
        "coinglass": "no key: set COINGLASS_API_KEY; positioning comes from the exchanges",
    }


@pytest.mark.parametrize(
    ("environ", "section", "reason"),
    [
        ({}, {}, "no RPC configured: set COCKPIT_RPC_URLS"),
        (RPC, {"chain": "solana"}, "expected aave.chain one of arbitrum, avalanche, base, ethereum, optimism, polygon"),
        ({"COCKPIT_RPC_URLS": "http://evil.example/key"}, {}, "COCKPIT_RPC_URLS: expected https://"),
    ],
)
async def test_what_keeps_aave_off(
    shipped_config: CockpitConfig, environ: dict[str, str], section: dict[str, object], reason: str
) -> None:
    said = (await off_sentences(watching(shipped_config, **section), secrets(**environ)))["aave"]
    assert said.startswith(reason)
    assert "/key" not in said


def test_with_everything_given_nothing_is_off(shipped_config: CockpitConfig) -> None:
    keys = secrets(COINGLASS_API_KEY="c", BIRDEYE_API_KEY="b", **RPC)
    solana = shipped_config.solana.model_copy(update={"hot_accounts": [[shipped_config.birdeye.token]]})
    config = watching(shipped_config).model_copy(update={"solana": solana})
    feeds = side_feeds(config, EndpointsSection(), keys)
    assert not any(isinstance(feed, OffFeed) for feed, _ in feeds)
    assert isinstance(feeds[0][0], AaveFeed)
    assert len({feed.name for feed, _ in feeds}) == len(feeds)
    source = coinglass_source(config, EndpointsSection(), keys)
    assert source is not None and source.label == "coinglass Binance accounts 5m"


def test_without_a_key_coinglass_is_no_source(shipped_config: CockpitConfig) -> None:
    assert coinglass_source(shipped_config, EndpointsSection(), secrets()) is None
