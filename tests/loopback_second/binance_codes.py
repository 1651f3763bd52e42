"""Binance USD-M error answers.

Source: "Error Codes", developers.binance.com/docs/derivatives/usds-margined-futures/error-code (codes and texts),
real bodies and HTTP statuses in the recorded exchange_errors.json (-1021, -2019, -2021, -2022, -4164, -1003, -2011,
-2013, -1121 are 400, ban 418, limit 429); -1000/503, -1007/408, -1008/503 from "General Info" (HTTP return codes).
"""

from tests.loopback_second.faults import Answer, answer_of
from tests.loopback_second.records import Reason

REFUSALS: dict[Reason, tuple[int, str]] = {
    Reason.NO_MARGIN: (-2019, "Margin is insufficient."),
    Reason.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Reason.RESERVED: (-4118, "ReduceOnly Order Failed. Please check your existing position and open orders."),
    Reason.DUPLICATE: (-4116, "ClientOrderId is duplicated."),
    Reason.BAD_PRICE: (-4014, "Price not increased by tick size."),
    Reason.BAD_QTY: (-1111, "Precision is over the maximum defined for this asset."),
    Reason.TOO_SMALL: (-4003, "Quantity less than or equal to zero."),
    Reason.TOO_LARGE: (-4005, "Quantity greater than max quantity."),
    Reason.TOO_LITTLE: (-4164, "Order's notional must be no smaller than {detail} (unless you choose reduce only)."),
    Reason.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    Reason.NOT_WHOLE: (-5021, "Due to the order could not be filled immediately, the FOK order has been rejected."),
    Reason.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Reason.POSITION_SIDE: (-4061, "Order's position side does not match user's setting."),
    Reason.NO_SERVICE: (-1020, "This operation is not supported."),
    Reason.NO_LIQUIDITY: (-2020, "Unable to fill."),
}

UNKNOWN_503 = answer_of(503, {"code": -1000, "msg": "Unknown error, please check your request or try again later."})
UNAVAILABLE_503 = answer_of(503, {"code": -1000, "msg": "Service Unavailable."})
UNEXPECTED = answer_of(
    400, {"code": -1006, "msg": "An unexpected response was received from the message bus. Execution status unknown."}
)
TIMEOUT_408 = answer_of(
    408,
    {
        "code": -1007,
        "msg": "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    },
)
THROTTLED_503 = answer_of(
    503,
    {
        "code": -1008,
        "msg": "Request throttled by system-level protection. "
        "Reduce-only/close-position orders are exempt. Please try again.",
    },
)


def too_many(retry_after_s: int | None = 5) -> Answer:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    text = "Too many requests; current limit is 2400 requests per minute. Please use the websocket for live updates to "
    return answer_of(429, {"code": -1003, "msg": text + "avoid polling the API."}, headers)


def banned(until_ms: int, retry_after_s: int | None = 120) -> Answer:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    text = (
        f"Way too many requests; IP banned until {until_ms}. Please use the websocket for live updates to avoid bans."
    )
    return answer_of(418, {"code": -1003, "msg": text}, headers)


class BinanceError(Exception):
    """An answer with a code."""

    def __init__(self, code: int, msg: str, status: int = 400) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status

    def answer(self) -> Answer:
        return answer_of(self.status, {"code": self.code, "msg": self.msg})


def refusal(reason: Reason, detail: str = "") -> BinanceError:
    code, msg = REFUSALS[reason]
    return BinanceError(code, msg.format(detail=detail))


def missing(name: str) -> BinanceError:
    return BinanceError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
