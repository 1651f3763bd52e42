"""What the venues say each in its own way: that an id is unknown, what quantity an order asks for."""

from collections.abc import Mapping
from decimal import Decimal

from tests.loopback.trading_faults import Fault, empty, rejected
from tests.loopback.trading_venue import Call

BAD_PRICE = {
    "binance": "-4014",
    "okx": "51000",
    "hyperliquid": "Order has invalid price.",
    "bybit": "110003",
    "coinbase": "PREVIEW_INVALID_PRICE_PRECISION",
    "krakenfutures": "invalidPrice",
}
MALFORMED = {
    "binance": "-1111",
    "okx": "51000",
    "hyperliquid": "Order has invalid size",
    "bybit": "110003",
    "coinbase": "PREVIEW_INVALID_SIZE_PRECISION",
    "krakenfutures": "invalidSize",
}
TOO_SMALL = {
    "binance": "-4164",
    "okx": "51020",
    "hyperliquid": "Order must have minimum value of $10.",
    "bybit": "110094",
    "coinbase": "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL",
    "krakenfutures": "invalidSize",
}
NEW_CODE = {
    "binance": "-5999",
    "okx": "51149",
    "hyperliquid": "Something new",
    "bybit": "110999",
    "coinbase": "SOMETHING_NEW",
    "krakenfutures": "somethingNew",
}
FIRES_PASSED_STOPS = ("krakenfutures",)
"""Venues that take a stop whose price the market has passed, and let it fire."""
SIZE_FIELDS = ("quantity", "sz", "qty", "size", "base_size", "s")
NOT_FOUND_CODES = {"binance": "-2013", "okx": "51603"}


def not_found(name: str) -> Fault:
    """Of a look-up by id: the venue's code for it, or its answer without an order in it."""
    code = NOT_FOUND_CODES.get(name)
    return empty() if code is None else rejected(code)


def asked_units(call: Call) -> Decimal:
    """The quantity of an order that was sent, in the venue's units."""
    terms: Mapping[str, str] = call.params
    if "order_configuration" in call.params:
        (terms,) = call.params["order_configuration"].values()
    elif "action" in call.params:
        terms = call.params["action"]["orders"][0]
    return next(Decimal(terms[field]) for field in SIZE_FIELDS if field in terms)
