"""By which of Coinbase's own names and statuses the loopback venue says what it refuses, and what it has broken."""

from tests.loopback.matching_terms import Reason
from tests.loopback.trading_faults import FaultAnswer

REFUSALS = {
    Reason.NO_POSITION: "PREVIEW_REDUCE_ONLY_INCREASED_POSITION_SIZE",
    Reason.RESERVED: "PREVIEW_REDUCE_ONLY_INCREASED_POSITION_SIZE",
    Reason.NO_MARGIN: "PREVIEW_INSUFFICIENT_FUNDS_FOR_FUTURES",
    Reason.BELOW_MINIMUM: "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL",
    Reason.BELOW_NOTIONAL: "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL",
    Reason.BAD_LOT: "PREVIEW_INVALID_SIZE_PRECISION",
    Reason.BAD_TICK: "PREVIEW_INVALID_PRICE_PRECISION",
    Reason.ABOVE_MAXIMUM: "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE",
    Reason.WOULD_CROSS: "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY",
    Reason.NO_PRICE: "PREVIEW_NOT_ALLOWED_BY_MARKET_STATE",
    Reason.STOPS_REFUSED: "PREVIEW_INVALID_ORDER_CONFIG",
    Reason.TOO_MANY_STOPS: "PREVIEW_BREACHED_RISK_LIMIT",
    Reason.UNKNOWN_SYMBOL: "PREVIEW_INVALID_PRODUCT_ID",
}
SAYINGS = {
    FaultAnswer.UNKNOWN: ("unknown", 500),
    FaultAnswer.TIMEOUT: ("internal", 504),
    FaultAnswer.OVERLOADED: ("unavailable", 503),
    FaultAnswer.TOO_MANY: ("rate_limit_exceeded", 429),
    FaultAnswer.BANNED: ("rate_limit_exceeded", 429),
    FaultAnswer.REVOKED: ("unauthorized", 401),
    FaultAnswer.SKEWED: ("unauthorized", 401),
}
IN_LISTS = ("rate_limit_exceeded", "not_found")
"""Errors that come as a list with an id."""
