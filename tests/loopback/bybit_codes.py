"""Bybit's own words for what it refuses, and for what may go wrong with it."""

from tests.loopback.matching_terms import Reason
from tests.loopback.trading_faults import FaultAnswer

CODES = {
    "10001": "Request parameter error.",
    "10002": "invalid request, please check your server timestamp or recv_window param.",
    "10003": "API key is invalid.",
    "10004": "Error sign, please check your signature generation algorithm.",
    "10005": "Permission denied, please check your API key permissions.",
    "10006": "Too many visits. Exceeded the API Rate Limit.",
    "10000": "Server Timeout",
    "10016": "Internal server error.",
    "10017": "Route not found.",
    "10018": "Exceeded the IP Rate Limit.",
    "110001": "order not exists or too late to cancel",
    "110007": "ab not enough for new order",
    "110009": "The number of stop orders exceeds maximum limit allowed",
    "110017": "current position is zero, cannot fix reduce-only order qty",
    "110032": "Illegal order",
    "110072": "OrderLinkedID is duplicate",
    "110093": "expect Falling, but trigger_price >= current",
    "110092": "expect Rising, but trigger_price <= current",
    "110094": "Order does not meet minimum order value 5USDT",
}
REFUSALS = {
    Reason.UNKNOWN_SYMBOL: ("10001", "params error: symbol invalid"),
    Reason.UNKNOWN_ORDER: ("110001", ""),
    Reason.NO_POSITION: ("110017", ""),
    Reason.RESERVED: ("110017", ""),
    Reason.NO_MARGIN: ("110007", ""),
    Reason.BELOW_MINIMUM: ("10001", "The number of contracts exceeds minimum limit allowed"),
    Reason.BELOW_NOTIONAL: ("110094", ""),
    Reason.ABOVE_MAXIMUM: ("10001", "The number of contracts exceeds maximum limit allowed: too large"),
    Reason.BAD_LOT: ("10001", "Qty invalid"),
    Reason.BAD_TICK: ("10001", "params error: Price invalid"),
    Reason.DUPLICATE_CLIENT_ID: ("110072", ""),
    Reason.NO_PRICE: ("110066", "Trading is currently not allowed."),
    Reason.STOPS_REFUSED: ("110032", ""),
    Reason.TOO_MANY_STOPS: ("110009", ""),
}
SAYINGS = {
    FaultAnswer.UNKNOWN: ("10016", 200),
    FaultAnswer.TIMEOUT: ("10000", 200),
    FaultAnswer.OVERLOADED: ("10016", 200),
    FaultAnswer.TOO_MANY: ("10006", 200),
    FaultAnswer.BANNED: ("10018", 403),
    FaultAnswer.REVOKED: ("10003", 200),
    FaultAnswer.SKEWED: ("10002", 200),
}
