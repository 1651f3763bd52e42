"""The real client library pointed at a second venue, as its documentation and the venue notes (9.1, 9.2) say."""

import re
from typing import Any

import ccxt.pro

from tests.loopback_second.binance_venue import BinanceVenue
from tests.loopback_second.okx_venue import OkxVenue


def binance_client(venue: BinanceVenue, **options: Any) -> Any:
    client = ccxt.pro.binanceusdm(
        {
            "apiKey": venue.api_key,
            "secret": venue.secret,
            "enableRateLimit": False,
            "timeout": 2_000,
            "options": {"fetchCurrencies": False, "fetchMargins": False, **options},
        }
    )
    addresses = client.urls["api"]
    for name, address in addresses.items():
        if isinstance(address, str):
            addresses[name] = re.sub(r"https://[a-z]+\.binance\.com", venue.rest_url, address)
    addresses["ws"] = {**addresses["ws"], "linear": venue.ws_url + "/ws"}
    for kind in ("exact", "broad"):
        client.exceptions[kind] = {**client.exceptions[kind], **client.exceptions["linear"].get(kind, {})}
    return client


def okx_client(venue: OkxVenue, **options: Any) -> Any:
    client = ccxt.pro.okx(
        {
            "apiKey": venue.api_key,
            "secret": venue.secret,
            "password": venue.passphrase,
            "enableRateLimit": False,
            "timeout": 2_000,
            "options": {"fetchMarkets": {"types": ["swap"]}, **options},
        }
    )
    client.has["fetchCurrencies"] = False
    client.urls["api"] = {"rest": venue.rest_url, "ws": venue.ws_url + "/ws/v5"}
    return client
