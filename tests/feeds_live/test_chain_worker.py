"""The Aave worker as the supervisor runs it: its cadence, its end, and what it costs to have it around unused."""

import subprocess
import sys

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import HealthFactor
from tests.feeds_live.aave_rig import AaveRig
from tests.loopback.aave_market import AaveMarketOnAnvil
from tests.loopback.anvil import Anvil
from tests.loopback.timekeeper import Ended, Timekeeper

HEAVY = ("web3", "httpx", "aiohttp", "ccxt")


async def test_it_looks_every_thirty_seconds_and_lets_go_at_the_end(
    shipped_config: CockpitConfig, anvil: Anvil, aave_market: AaveMarketOnAnvil
) -> None:
    async with AaveRig(shipped_config, anvil, aave_market) as rig:
        await rig.feed.close()
        rig.time = Timekeeper(aave_market.head_s, sleeps=3)
        rig.feed._timing = rig.time.timing
        rig.time.before_waking = lambda: aave_market.price_weth(3_000, int(rig.time.now_s) - 1, int(rig.time.now_s))
        with pytest.raises(Ended):
            await rig.feed.run(rig.inbox.put)
        readings = [event for event in rig.inbox.events if isinstance(event, HealthFactor)]
    assert rig.time.slept_s == [30.0, 30.0, 30.0]
    assert [reading.value for reading in readings] == [2.5, 2.5, 2.5]
    assert set(rig.inbox.sources) == {"aave"}
    assert rig.feed._nodes == []


def test_loading_web3_leaves_the_recursion_limit_so_nested_json_is_an_error_and_no_crash() -> None:
    code = (
        "import json, sys; before = sys.getrecursionlimit(); import cockpit.feeds.aave.rpc; "
        "assert 'py_ecc' in sys.modules and sys.getrecursionlimit() == before\n"
        "try: json.loads('[' * 100_000)\n"
        "except RecursionError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused"


def test_no_client_library_is_loaded_before_a_feed_runs() -> None:
    code = (
        "import sys; import cockpit.feeds.roster, cockpit.feeds.roster; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
