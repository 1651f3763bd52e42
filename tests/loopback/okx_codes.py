"""OKX's error codes, with the messages and HTTP statuses they come with."""

from tests.loopback.matching_terms import Reason
from tests.loopback.trading_faults import FaultAnswer

CODES: dict[str, tuple[str, int]] = {
    "50004": ("API endpoint request timeout (does not mean that the request was successful or failed).", 400),
    "50011": ("Too Many Requests", 429),
    "50013": ("Systems are busy. Please try again later.", 429),
    "50026": ("System error. Try again later", 500),
    "50102": ("Timestamp request expired", 401),
    "50105": ("OK-ACCESS-PASSPHRASE incorrect", 401),
    "50111": ("Invalid OK-ACCESS-KEY", 401),
    "50113": ("Invalid Sign", 401),
    "51000": ("Parameter ordType error", 200),
    "51001": ("Instrument ID does not exist", 200),
    "51006": ("Order price is not within the price limit", 200),
    "51150": ("The precision of the number of trades or the price exceeds the limit", 200),
    "51008": ("Order failed. Insufficient USDT margin in account", 200),
    "51016": ("Client order ID already exists.", 200),
    "51020": ("Your order should meet or exceed the minimum order amount.", 200),
    "51023": ("Position doesn't exist.", 200),
    "51025": ("Order count exceeds the limit", 200),
    "51065": ("algoClOrdId already exists.", 200),
    "51101": ("Entered amount exceeds the max pending order amount (Cont) per transaction.", 200),
    "51109": ("No available offer.", 200),
    "51112": ("Close order size exceeds your available size.", 200),
    "51115": ("Cancel all pending close-orders before liquidation.", 200),
    "51121": ("Order quantity must be a multiple of the lot size.", 200),
    "51169": ("Order failed because you don't have any positions in this direction to reduce or close.", 200),
    "51277": ("TP trigger price cannot be higher than the last price.", 200),
    "51278": ("SL trigger price cannot be lower than the last price.", 200),
    "51279": ("TP trigger price cannot be lower than the last price.", 200),
    "51280": ("SL trigger price cannot be higher than the last price.", 200),
    "51400": ("Order cancellation failed as the order has been filled, canceled or does not exist.", 200),
    "51603": ("Order does not exist.", 200),
    "59000": ("Settings failed. Close any open positions or orders before modifying settings.", 200),
}
"""Message and HTTP status by code."""

REFUSALS = {
    Reason.UNKNOWN_SYMBOL: "51001",
    Reason.UNKNOWN_ORDER: "51603",
    Reason.DUPLICATE_CLIENT_ID: "51016",
    Reason.NO_POSITION: "51169",
    Reason.RESERVED: "51112",
    Reason.BELOW_NOTIONAL: "51020",
    Reason.BELOW_MINIMUM: "51020",
    Reason.ABOVE_MAXIMUM: "51101",
    Reason.BAD_LOT: "51121",
    Reason.BAD_TICK: "51150",
    Reason.NO_MARGIN: "51008",
    Reason.NO_PRICE: "51109",
    Reason.STOPS_REFUSED: "51000",
    Reason.TOO_MANY_STOPS: "51025",
}
"""The code of each refusal of the matching engine; a stop that would trigger at once has four of its own."""

TRIGGERS = {
    ("stop", "sell"): "51280",
    ("stop", "buy"): "51278",
    ("take_profit", "sell"): "51279",
    ("take_profit", "buy"): "51277",
}
"""By the kind and the side of a conditional order whose price is on the wrong side of the market."""

SAYINGS = {
    FaultAnswer.UNKNOWN: "50026",
    FaultAnswer.TIMEOUT: "50004",
    FaultAnswer.OVERLOADED: "50013",
    FaultAnswer.TOO_MANY: "50011",
    FaultAnswer.BANNED: "50011",
    FaultAnswer.REVOKED: "50111",
    FaultAnswer.SKEWED: "50102",
}
"""The code of each fault."""
