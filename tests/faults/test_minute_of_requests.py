"""What watching an open trade asks of venues that count requests: orders must have their share."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from cockpit.exchanges.coinbase.account import REQUESTS_AN_HOUR
from cockpit.exchanges.hyperliquid.client import weight_of
from cockpit.exchanges.hyperliquid.signed_calls import WEIGHT_A_MINUTE
from tests import venue_pairs
from tests.faults.stage import staged

MINUTE_S = 60.0


async def test_an_open_trade_leaves_hyperliquids_allowance_to_orders(tmp_path: Path) -> None:
    venue_pairs.choose(venue_pairs.WITH_HYPERLIQUID)
    async with staged(tmp_path) as stage:
        venue = stage.world.venues["hyperliquid"]
        await stage.open_trade("ETH", venue="hyperliquid")
        before = len(venue.calls)
        await asyncio.sleep(MINUTE_S)
        kinds = Counter(str(call.params.get("type")) for call in venue.calls[before:] if call.path == "/info")
        used = sum(weight_of(kind) * times for kind, times in kinds.items())
        assert used <= 0.45 * WEIGHT_A_MINUTE, kinds
        assert kinds["clearinghouseState"] >= MINUTE_S / 1.5, "the position is still looked at all the time"
        await stage.flat()


@pytest.mark.parametrize("pair", [venue_pairs.WITH_COINBASE, venue_pairs.WITH_SPOT])
async def test_a_trade_of_an_hour_is_within_what_coinbase_allows(tmp_path: Path, pair: str) -> None:
    venue_pairs.choose(pair)
    async with staged(tmp_path) as stage:
        venue = stage.world.venues["coinbase"]
        await stage.open_trade("ETH", venue="coinbase")
        before = len(venue.calls)
        await asyncio.sleep(MINUTE_S)
        roles = Counter(call.role for call in venue.calls[before:] if call.role != "public")
        assert 60 * sum(roles.values()) <= 0.75 * REQUESTS_AN_HOUR, roles
        looks = "lookup" if pair == venue_pairs.WITH_SPOT else "positions"
        assert roles[looks] >= MINUTE_S / 2.0, "what we hold, on spot what guards it, is looked at all the time"
        await stage.flat()
