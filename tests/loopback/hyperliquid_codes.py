"""Hyperliquid's own words for what it refuses, and for what may go wrong with it."""

from tests.loopback.matching_terms import Reason
from tests.loopback.trading_faults import FaultAnswer

REFUSALS = {
    Reason.NO_POSITION: "Reduce only order would increase position.",
    Reason.NO_MARGIN: "Insufficient margin to place order.",
    Reason.BELOW_MINIMUM: "Order has zero size.",
    Reason.BELOW_NOTIONAL: "Order must have minimum value of $10.",
    Reason.BAD_LOT: "Order has invalid size.",
    Reason.BAD_TICK: "Price must be divisible by tick size.",
    Reason.ABOVE_MAXIMUM: "Order would cause position to exceed margin tier limit at current leverage",
    Reason.WOULD_CROSS: "Post only order would have immediately matched, bbo was 1@2.",
    Reason.WOULD_TRIGGER: "Invalid TP/SL price.",
    Reason.NO_PRICE: "No liquidity available for market order.",
    Reason.STOPS_REFUSED: "Trigger orders are not taken now",
    Reason.TOO_MANY_STOPS: "Too many open trigger orders",
    Reason.DUPLICATE_CLIENT_ID: "Duplicate cloid",
}
SAYINGS = {
    FaultAnswer.UNKNOWN: ("Internal error", 200),
    FaultAnswer.TIMEOUT: ("Request timed out", 504),
    FaultAnswer.OVERLOADED: ("Service unavailable", 503),
    FaultAnswer.TOO_MANY: ("rate limited", 429),
    FaultAnswer.BANNED: ("rate limited", 429),
    FaultAnswer.REVOKED: ("User or API Wallet 0x901f171d152833a9b3541a3336ad1cbeba0cf100 does not exist.", 200),
    FaultAnswer.SKEWED: ("Invalid nonce", 200),
}
