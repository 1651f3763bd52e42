"""What an error of Bybit proves, and which fields of an order may be sent at all."""

from typing import Any

import pytest

from cockpit.exchanges.base.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.bybit.client import against_order


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (110017, "current position is zero, cannot fix reduce-only order qty", RefusalKind.NOTHING_TO_REDUCE),
        (110007, "ab not enough for new order", RefusalKind.MARGIN),
        (110093, "expect Falling, but trigger_price[1] >= current[1]??MarkPrice", RefusalKind.WOULD_TRIGGER),
        (110072, "OrderLinkedID is duplicate", RefusalKind.DUPLICATE_ID),
        (110094, "Order does not meet minimum order value 5USDT", RefusalKind.TOO_SMALL),
        (10001, "The number of contracts exceeds minimum limit allowed", RefusalKind.TOO_SMALL),
        (10001, "The number of contracts exceeds maximum limit allowed: too large", RefusalKind.TOO_LARGE),
        (10001, "Qty invalid", RefusalKind.OFF_GRID),
        (10001, "position idx not match position mode", RefusalKind.MODE),
        (10001, "params error: symbol invalid", RefusalKind.OTHER),
        (10032, "Demo trading are not supported.", RefusalKind.UNSUPPORTED),
    ],
)
def test_a_refusal_is_one_by_its_code(code: int, message: str, kind: RefusalKind) -> None:
    failure = failure_of(_error(code, message), "bybit")
    assert isinstance(failure, Refused) and failure.kind is kind and message in str(failure)


@pytest.mark.parametrize("code", [-1, 429, 5004, 10000, 10014, 10016, 170007, 999_999])
def test_what_may_have_executed_or_is_not_listed_is_unknown(code: int) -> None:
    assert isinstance(failure_of(_error(code, "Server Timeout"), "bybit"), Ambiguous)


def test_what_was_not_looked_at_and_whose_keys_are_gone() -> None:
    assert isinstance(failure_of(_error(10006, "Too many visits!"), "bybit"), NotSent)
    skewed = failure_of(_error(10002, "invalid request, please check your timestamp"), "bybit")
    assert isinstance(skewed, NotSent) and skewed.is_clock
    assert isinstance(failure_of(_error(10003, "API key is invalid."), "bybit"), KeysLost)


def _error(code: int, message: str) -> Exception:
    return RuntimeError(f'bybit {{"retCode":{code},"retMsg":"{message}","result":{{}},"retExtInfo":{{}},"time":1}}')


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, ""),
        ({"reduceOnly": True, "closeOnTrigger": True, "qty": "0"}, ""),
        ({"triggerPrice": "1", "triggerDirection": 2, "triggerBy": "MarkPrice", "closeOnTrigger": True,
          "reduceOnly": True}, ""),
        ({"triggerPrice": "1", "triggerDirection": 2, "triggerBy": "LastPrice"}, "a stop on the mark or none"),
        ({"triggerPrice": "1"}, "a stop on the mark or none"),
        ({"closeOnTrigger": True}, "an order that closes to reduce only"),
        ({"qty": "0"}, "a quantity, was 0"),
        ({"trailingStop": "100"}, "a field of the fence, was trailingStop"),
        ({"stopLoss": "1"}, "a field of the fence, was stopLoss"),
        ({"tpslMode": "Full"}, "a field of the fence, was tpslMode"),
    ],
)  # fmt: skip
def test_an_order_has_our_fields_alone(fields: dict[str, Any], wrong: str) -> None:
    order = {"category": "linear", "symbol": "BTCUSDT", "qty": "0.001", "orderLinkId": "ck1", **fields}
    said = against_order(order)
    assert said.startswith(wrong) if wrong else said == ""
    assert against_order({"qty": "1"}) == "an order with our id, was none"
