"""Binance's USD-M error codes, with the messages and HTTP statuses they come with."""

from tests.loopback.matching_terms import Reason
from tests.loopback.trading_faults import FaultAnswer

CODES: dict[str, tuple[str, int]] = {
    "-1021": ("Timestamp for this request is outside of the recvWindow.", 400),
    "-1022": ("Signature for this request is not valid.", 400),
    "-1102": ("A mandatory parameter was not sent, was empty/null, or malformed.", 400),
    "-1111": ("Precision is over the maximum defined for this asset.", 400),
    "-1121": ("Invalid symbol.", 400),
    "-1125": ("This listenKey does not exist.", 400),
    "-2011": ("Unknown order sent.", 400),
    "-2013": ("Order does not exist.", 400),
    "-2015": ("Invalid API-key, IP, or permissions for action.", 401),
    "-2019": ("Margin is insufficient.", 400),
    "-2021": ("Order would immediately trigger.", 400),
    "-2022": ("ReduceOnly Order is rejected.", 400),
    "-4003": ("Quantity less than or equal to zero.", 400),
    "-4005": ("Quantity greater than max quantity.", 400),
    "-4014": ("Price not increased by tick size.", 400),
    "-4015": ("Client order id length should be less than 36 chars", 400),
    "-4045": ("Reach max stop order limit.", 400),
    "-4046": ("No need to change margin type.", 400),
    "-4047": ("Margin type cannot be changed if there exists open orders.", 400),
    "-4048": ("Margin type cannot be changed if there exists position.", 400),
    "-4059": ("No need to change position side.", 400),
    "-4061": ("Order's position side does not match user's setting.", 400),
    "-4067": ("Position side cannot be changed if there exists open orders.", 400),
    "-4068": ("Position side cannot be changed if there exists position.", 400),
    "-4116": ("ClientOrderId is duplicated.", 400),
    "-4118": ("ReduceOnly Order Failed. Please check your existing position and open orders.", 400),
    "-4120": (
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
        400,
    ),
    "-4131": ("The counterparty's best price does not meet the PERCENT_PRICE filter limit.", 400),
    "-4164": ("Order's notional must be no smaller than 100 (unless you choose reduce only).", 400),
    "-5022": (
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
        400,
    ),
}
"""Message and HTTP status by code."""

REFUSALS = {
    Reason.UNKNOWN_SYMBOL: "-1121",
    Reason.UNKNOWN_ORDER: "-2013",
    Reason.DUPLICATE_CLIENT_ID: "-4116",
    Reason.NO_POSITION: "-2022",
    Reason.RESERVED: "-4118",
    Reason.BELOW_NOTIONAL: "-4164",
    Reason.BELOW_MINIMUM: "-4003",
    Reason.ABOVE_MAXIMUM: "-4005",
    Reason.BAD_LOT: "-1111",
    Reason.BAD_TICK: "-4014",
    Reason.NO_MARGIN: "-2019",
    Reason.WOULD_TRIGGER: "-2021",
    Reason.WOULD_CROSS: "-5022",
    Reason.NO_PRICE: "-4131",
    Reason.STOPS_REFUSED: "-4120",
    Reason.TOO_MANY_STOPS: "-4045",
}
"""The code of each refusal of the matching engine."""

SAYINGS: dict[FaultAnswer, tuple[str, str, int]] = {
    FaultAnswer.UNKNOWN: ("-1000", "An unknown error occurred while processing the request.", 503),
    FaultAnswer.TIMEOUT: (
        "-1007",
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
        408,
    ),
    FaultAnswer.OVERLOADED: ("-1008", "Server is currently overloaded with other requests. Please try again.", 503),
    FaultAnswer.TOO_MANY: ("-1003", "Too many requests; current limit is 2400 request weight per 1 MINUTE.", 429),
    FaultAnswer.BANNED: ("-1003", "Way too many requests; IP banned.", 418),
    FaultAnswer.REVOKED: ("-2015", "Invalid API-key, IP, or permissions for action.", 401),
    FaultAnswer.SKEWED: ("-1021", "Timestamp for this request is outside of the recvWindow.", 400),
}
"""Code, message and HTTP status of each fault."""
