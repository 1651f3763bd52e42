"""An endpoint's key is seen by nobody: hosts only, and the libraries' own words cleaned of URLs."""

import logging
from collections.abc import Iterator

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.masking import host_labels, host_of, masked, quiet_libraries, secrets_of
from tests.feeds_live.aave_rig import AaveRig
from tests.loopback.aave_market import AaveMarketOnAnvil
from tests.loopback.anvil import Anvil
from tests.loopback.rpc_proxy import CANARY
from tests.loopback.site import Reply

KEY = "AbCdEf0123456789AbCdEf0123456789"
HOSTS = [
    (f"https://eth-mainnet.example.com/v2/{KEY}", "eth-mainnet.example.com"),
    (f"https://user:{KEY}@rpc.example.com/", "rpc.example.com"),
    (f"https://rpc.example.com/?api-key={KEY}", "rpc.example.com"),
    (f"https://{KEY}.rpc.example.com/", "***.rpc.example.com"),
    ("http://127.0.0.1:8545", "127.0.0.1:8545"),
    ("nonsense", "unknown"),
]


@pytest.mark.parametrize(("url", "host"), HOSTS)
def test_only_the_host_is_shown(url: str, host: str) -> None:
    assert host_of(url) == host


def test_endpoints_on_one_host_are_told_apart() -> None:
    urls = ["https://a.example/1", "https://b.example/1", "https://a.example/2", "https://a.example/3"]
    assert host_labels(urls) == ["a.example", "b.example", "a.example#2", "a.example#3"]


@pytest.mark.parametrize("url", [url for url, _ in HOSTS if KEY in url])
def test_a_key_is_found_wherever_it_stands_in_the_url(url: str) -> None:
    said = masked(f"bad key {KEY} for {url}", secrets_of(url))
    assert KEY not in said and KEY.lower() not in said.lower()


def test_long_words_are_cut() -> None:
    assert len(masked("no " * 500)) == 200


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    loud = [logging.getLogger(name) for name in ("", "web3", "aiohttp", "aiohttp.client", "asyncio", "httpx")]
    before = [logger.level for logger in loud]
    for logger in loud:
        logger.setLevel(logging.DEBUG)
    yield caplog
    for logger, level in zip(loud, before, strict=True):
        logger.setLevel(level)


async def test_the_canary_is_in_no_log_and_no_event(
    shipped_config: CockpitConfig,
    anvil: Anvil,
    aave_market: AaveMarketOnAnvil,
    everything_logged: pytest.LogCaptureFixture,
) -> None:
    faults = [
        None,
        Reply(f"who is {CANARY}", 401),
        Reply("", 429),
        Reply({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": f"http://x/{CANARY} {CANARY}"}}),
        Reply(fault="abort"),
        Reply(fault="stall"),
        Reply(f"<{CANARY}>"),
    ]
    async with AaveRig(shipped_config, anvil, aave_market, rpc_timeout_s=1.0) as rig:
        seen = []
        for fault in faults:
            rig.proxies[0].fault = fault
            rig.price(3_000, later_s=300)
            seen += await rig.round()
        assert CANARY in str(rig.proxies[0].asked[0].path), "the key was used"
    assert len(seen) >= 2 * len(faults) - 1
    assert CANARY not in repr(seen)
    assert CANARY not in everything_logged.text
    assert CANARY not in repr(vars(rig.feed))


def test_libraries_are_quiet_even_where_everything_is_logged() -> None:
    logging.getLogger("web3").setLevel(logging.NOTSET)
    quiet_libraries()
    assert not logging.getLogger("web3.providers.AsyncHTTPProvider").isEnabledFor(logging.INFO)
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
