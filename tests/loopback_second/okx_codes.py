"""OKX error answers: business errors are HTTP 200 with a code in the body, keys are 401, limits 429.

Sources: code texts in ccxt 4.5.90 (async_support/okx.py) and OKX's documented list; real bodies in the recorded
exchange_errors.json (`"code":"1"`, "All operations failed", `sCode` 51008; partial success is code 2). 51149 "Order
timed out" as in live use. HTTP statuses (501xx 401, 50011 and 50013 429, 50004 400, 50026
500, 51xxx 200): OKX's error table. 51169 is known from logs
only.
"""

from tests.loopback_second.faults import Answer, answer_of
from tests.loopback_second.records import Reason

REFUSALS: dict[Reason, tuple[str, str]] = {
    Reason.NO_MARGIN: ("51008", "Order failed. Insufficient USDT margin in account "),
    Reason.REDUCE_ONLY: (
        "51169",
        "Order failed because you don't have any positions in this direction to reduce or close. ",
    ),
    Reason.RESERVED: ("51112", "Close order size exceeds your available size."),
    Reason.DUPLICATE: ("51016", "Client order ID already exists."),
    Reason.BAD_PRICE: ("51000", "Parameter px error"),
    Reason.BAD_QTY: ("51121", "Order quantity must be a multiple of the lot size."),
    Reason.TOO_SMALL: ("51020", "Your order should meet or exceed the minimum order amount."),
    Reason.TOO_LARGE: ("51202", "Market order amount exceeds the maximum amount."),
    Reason.TOO_LITTLE: ("51020", "Your order should meet or exceed the minimum order amount."),
    Reason.POSITION_SIDE: ("51000", "Parameter posSide error"),
    Reason.NO_SERVICE: ("51000", "Parameter ordType error"),
    Reason.NO_LIQUIDITY: ("51109", "No available offer"),
}
STOP_TOO_HIGH = ("51280", "SL trigger price can not be higher than the last price")
STOP_TOO_LOW = ("51278", "SL trigger price can not be lower than the last price")
TARGET_TOO_HIGH = ("51277", "TP trigger price can not be higher than the last price")
TARGET_TOO_LOW = ("51279", "TP trigger price can not be lower than the last price")

TIMED_OUT = answer_of(400, {"code": "50004", "msg": "API endpoint request timeout ", "data": []})
BUSY = answer_of(429, {"code": "50013", "msg": "Systems are busy. Please try again later.", "data": []})
SYSTEM_ERROR = answer_of(500, {"code": "50026", "msg": "System error. Please try again later.", "data": []})
MAINTENANCE = answer_of(503, {"code": "50001", "msg": "Service temporarily unavailable. Try again later", "data": []})
ORDER_TIMED_OUT = answer_of(
    200,
    {
        "code": "1",
        "msg": "All operations failed",
        "data": [{"clOrdId": "", "ordId": "", "sCode": "51149", "sMsg": "Order timed out. Please try again later."}],
    },
)


def too_many(retry_after_s: int | None = None) -> Answer:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return answer_of(429, {"code": "50011", "msg": "Too Many Requests", "data": []}, headers)


class OkxError(Exception):
    """A request refused as a whole."""

    def __init__(self, code: str, msg: str, status: int = 200) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status

    def answer(self) -> Answer:
        return answer_of(self.status, {"code": self.code, "data": [], "msg": self.msg})


class RowError(Exception):
    """One row of a request refused: it comes back as `sCode`."""

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg


def empty(name: str) -> OkxError:
    return OkxError("50014", f"Parameter {name} can not be empty")
