"""The real ccxt.pro clients, with keys, pointed at a loopback venue. Close them: `async with connected(venue) as c`."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro

from tests.loopback.trading_venue import KEY, PASSWORD, SECRET, TradingVenue

HOSTS = re.compile(r"https://[a-z]+\.binance\.com")


def binance_client(venue: TradingVenue, **options: Any) -> Any:
    """Its tables of errors are merged: the library picks them by the real host's name."""
    options = {"fetchCurrencies": False, "fetchMargins": False, **options}
    client = ccxt.pro.binanceusdm({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False, "options": options})
    addresses = client.urls["api"]
    for name, address in addresses.items():
        if isinstance(address, str):
            addresses[name] = HOSTS.sub(venue.rest_url, address)
    sockets = addresses["ws"]
    api = {**sockets["ws-api"], "linear": venue.ws_url + "/ws-fapi/v1"}
    addresses["ws"] = {**sockets, "linear": venue.ws_url + "/ws", "ws-api": api}
    for table in ("exact", "broad"):
        client.exceptions[table] = {**client.exceptions.get(table, {}), **client.exceptions["linear"].get(table, {})}
    return client


def okx_client(venue: TradingVenue, **options: Any) -> Any:
    """Only its swaps are loaded."""
    keys = {"apiKey": KEY, "secret": SECRET, "password": PASSWORD}
    options = {"fetchMarkets": {"types": ["swap"]}, **options}
    client = ccxt.pro.okx({**keys, "enableRateLimit": False, "options": options})
    client.has["fetchCurrencies"] = False
    client.urls["api"] = {"rest": venue.rest_url, "ws": venue.ws_url + "/ws/v5"}
    return client


@asynccontextmanager
async def connected(venue: TradingVenue, **options: Any) -> AsyncIterator[Any]:
    """A client of the venue with its markets loaded; closed at the end without the pause that encryption needs."""
    make = binance_client if venue.symbol("BTC") == "BTCUSDT" else okx_client
    client = make(venue, **options)
    client.timeout_on_exit = 0
    try:
        await client.load_markets()
        yield client
    finally:
        await client.close()
