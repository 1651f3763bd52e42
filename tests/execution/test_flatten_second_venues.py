"""The direct flatten on venues of another author, who count requests: everything goes, and nobody is turned away."""

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import SecretStr

from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.registry import account_for
from cockpit.flatten.direct import flatten_directly
from tests.loopback_second.binance_venue import BinanceVenue
from tests.loopback_second.hands import Hands
from tests.loopback_second.instruments import binance_instruments, okx_instruments
from tests.loopback_second.okx_venue import OkxVenue

ODD_KINDS = ("twap", "iceberg", "chase", "move_order_stop")


async def flattened(venue: BinanceVenue | OkxVenue, name: str, config: CockpitConfig) -> tuple[bool, list[str]]:
    prefix = {"binance": "COCKPIT_BINANCEUSDM", "okx": "COCKPIT_OKX"}[name]
    environ = {f"{prefix}_REST_URL": venue.rest_url, f"{prefix}_WS_URL": venue.ws_url}
    passphrase = getattr(venue, "passphrase", "-")
    keys = VenueKeys(name, SecretStr(venue.api_key), SecretStr(venue.secret), SecretStr(passphrase))
    said: list[str] = []
    account = account_for(name, config, keys, environ)
    return await flatten_directly({name: account}, lambda step: said.append(step.line)), said


@pytest.mark.parametrize("sides", [("buy", "buy"), ("buy", "sell")], ids=["same side", "opposite sides"])
async def test_cross_and_isolated_and_orders_of_every_kind(
    shipped_config: CockpitConfig, sides: tuple[str, str]
) -> None:
    async with OkxVenue() as venue:
        assert isinstance(venue, OkxVenue)
        hands = Hands(venue)
        for mode, side, qty in zip(("isolated", "cross"), sides, (5, 3), strict=True):
            hands.market("ETH-USDT-SWAP", side, qty, mode)
            against, price = ("sell", 2_500) if side == "buy" else ("buy", 3_500)
            hands._conditional(
                "ETH-USDT-SWAP", against, qty, "conditional", mode, "", stop_px=Decimal(price), reduce_only=True
            )
        for kind in ODD_KINDS:
            hands.algo("BTC-USDT-SWAP", "buy", 1, kind)
        hands.limit("BTC-USDT-SWAP", "buy", 1, 50_000)
        is_flat, said = await flattened(venue, "okx", shipped_config)
        assert is_flat, said
        assert venue.ledger.open_positions() == [] and venue.triggers.resting("") == []
        assert not any("429" in line or "50011" in line or "50061" in line for line in said)


@pytest.mark.parametrize("name", ["binance", "okx"])
async def test_another_quote_another_state_and_more_than_one_order(shipped_config: CockpitConfig, name: str) -> None:
    usual = okx_instruments() if name == "okx" else binance_instruments()
    btc = next(one for one in usual if one.base == "BTC")
    in_usdc = replace(btc, id="BTC-USDC-SWAP" if name == "okx" else "BTCUSDC", quote="USDC")
    xrp = replace(next(one for one in usual if one.base == "XRP"), max_market_qty=Decimal(10))
    suspended = replace(next(one for one in usual if one.base == "SOL"))
    listed = [btc, in_usdc, xrp, suspended]
    venue = OkxVenue(instruments=listed) if name == "okx" else BinanceVenue(instruments=listed)
    async with venue:
        hands = Hands(venue)
        hands.market(in_usdc.id, "buy", in_usdc.lot * 10)
        for _ in range(4):
            hands.market(xrp.id, "sell", 9)
        hands.market(suspended.id, "buy", suspended.lot * 100)
        suspended.is_live = False
        is_flat, said = await flattened(venue, name, shipped_config)
        assert is_flat, said
        assert venue.ledger.open_positions() == []
