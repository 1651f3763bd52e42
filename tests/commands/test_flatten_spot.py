"""`cockpit flatten` without an engine where coins are traded: what was not looked at is not called flat."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.places import shipped_config_path
from tests.execution.account_stage import entry, keys_of, real_account, stop
from tests.execution.spot_stage import with_spot
from tests.loopback.coinbase_spot import CoinbaseSpotVenue
from tests.loopback.coinbase_trading import CoinbaseTradingVenue
from tests.patience import patient_s

WITHIN_S = patient_s(60.0)
ROOT = Path(__file__).parents[2]
OURS = "ckaaaaaat000001"


@pytest.fixture
async def futures() -> AsyncIterator[CoinbaseTradingVenue]:
    async with CoinbaseTradingVenue() as venue:
        venue.set_price("BTC", 100_000.0, 100_000.1)
        yield venue


@pytest.fixture
async def spot(shipped_config: Any) -> AsyncIterator[CoinbaseSpotVenue]:
    """Coins that our orders bought, their stop, and coins of somebody."""
    async with CoinbaseSpotVenue() as venue:
        venue.set_price("BTC", 100_000.0, 100_000.1)
        venue.deposit("BTC", 0.5)
        account = real_account("coinbase", venue, with_spot(shipped_config))
        await account.open()
        await account.place(entry(), f"{OURS}e1")
        await account.place(stop(), f"{OURS}s1")
        await account.close()
        yield venue


def environ(venue: Any, home: Path) -> dict[str, str]:
    keys = keys_of("coinbase")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "COCKPIT_HOME": str(home / "cockpit"),
        "COCKPIT_COINBASE_REST_URL": venue.rest_url,
        "COCKPIT_COINBASE_WS_URL": venue.ws_url,
        "COCKPIT_COINBASE_API_KEY": keys.api_key.get_secret_value(),
        "COCKPIT_COINBASE_SECRET": keys.secret.get_secret_value(),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


async def flattened(venue: Any, home: Path, config: str) -> tuple[int | None, str]:
    """With that config, as a process: its exit code and what it said."""
    path = home / "mine.json"
    path.write_text(config, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cockpit", "--config", str(path), "flatten", "--yes"),
        cwd=ROOT,
        env=environ(venue, home),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(WITHIN_S):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


def spot_config(**changes: Any) -> str:
    """The shipped config with Coinbase's spot in it, and some of its keys otherwise."""
    raw = json.loads(shipped_config_path().read_text(encoding="utf-8"))
    one = {"lot": 1e-8, "min_qty": 1e-8, "tick_usd": 0.01, "min_notional_usd": 1, "spot_product": "BTC-USD"}
    raw["venues"]["coinbase"] = {"taker_fee_bps": 60, "maker_fee_bps": 40, "instruments": {"BTC": one}} | changes
    return json.dumps(raw)


@pytest.mark.parametrize(
    "config",
    ["{", '{"venues": 1}', '{"venues": {"coinbase": 1}}', '{"venues": {"coinbase": {"demo": false}}}'],
    ids=["no JSON", "no venues", "no section", "no instruments"],
)
async def test_where_nobody_can_read_which_coins_are_traded_spot_is_not_called_flat(
    futures: CoinbaseTradingVenue, tmp_path: Path, config: str
) -> None:
    futures.trade_by_hand("BTC", "buy", 0.01)
    code, said = await flattened(futures, tmp_path, config)
    assert (code, futures.positions) == (1, {}), said
    assert (
        "coinbase: only futures are looked at: the config does not tell which coins this profile trades there" in said
    )
    assert "coinbase spot was not asked: what it holds is unknown" in said
    assert said.splitlines()[-1] == "NOT FLAT: look at the venue, or run this again"


async def test_a_config_that_names_no_coins_there_needs_no_look_at_them(
    futures: CoinbaseTradingVenue, tmp_path: Path
) -> None:
    futures.trade_by_hand("BTC", "buy", 0.01)
    code, said = await flattened(futures, tmp_path, shipped_config_path().read_text(encoding="utf-8"))
    assert (code, futures.positions) == (0, {}), said


@pytest.mark.parametrize("changes", [{}, {"taker_fee_bps": "a lot"}], ids=["whole", "broken beside them"])
async def test_what_our_orders_bought_is_sold_and_the_coins_of_others_stay(
    spot: CoinbaseSpotVenue, tmp_path: Path, changes: dict[str, Any]
) -> None:
    code, said = await flattened(spot, tmp_path, spot_config(**changes))
    assert code == 0, said
    assert spot.held("BTC") == 0.5 and not spot.algo_orders and not spot.open_orders
    assert ("going on with the usual terms" in said) == bool(changes)
    assert "0.5 BTC in the account were not bought by our orders" in said
