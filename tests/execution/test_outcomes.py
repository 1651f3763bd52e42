"""What an error means, by the table: an order that failed is either certainly not executed, or nobody knows."""

import asyncio
import re
from pathlib import Path

import aiohttp
import ccxt
import pytest
from ccxt.base import errors

from cockpit.exchanges.base.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused, VenueFailure
from cockpit.exchanges.base.codes import VenueCodes
from cockpit.exchanges.base.fence import FencedOff
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.registry import EXCHANGES

POST = "binanceusdm POST https://fapi.binance.com/fapi/v1/order?timestamp=1&signature=abcdef"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def binance(kind: type[Exception], code: int, message: str = "Something.") -> Exception:
    return kind(f'binanceusdm {{"code":{code},"msg":"{message}"}}')


def okx(kind: type[Exception], code: str, message: str = "Something.") -> Exception:
    return kind(f'okx {{"code":"{code}","data":[],"msg":"{message}"}}')


def okx_order(kind: type[Exception], code: str) -> Exception:
    row = f'{{"clOrdId":"ckaaaaaae1","ordId":"","sCode":"{code}","sMsg":"No."}}'
    return kind(f'okx {{"code":"1","data":[{row}],"msg":"All operations failed"}}')


NOBODY_KNOWS = [
    ("binance", ccxt.ExchangeNotAvailable(POST)),
    ("binance", caused(ccxt.ExchangeError(POST), aiohttp.ClientPayloadError("cut off"))),
    ("binance", ccxt.ExchangeError(POST)),
    ("binance", binance(ccxt.OperationFailed, -1000, "An unknown error occurred.")),
    ("binance", binance(ccxt.ExchangeError, -1000, "An unknown error occurred.")),
    ("binance", binance(ccxt.OperationFailed, -1001)),
    ("binance", binance(ccxt.OperationFailed, -1006)),
    ("binance", binance(ccxt.RequestTimeout, -1007)),
    ("binance", ccxt.RequestTimeout(POST)),
    ("binance", ccxt.NullResponse("binanceusdm nothing")),
    ("binance", ccxt.BadResponse("binanceusdm <html>")),
    ("binance", ccxt.ExchangeNotAvailable("binanceusdm POST 403 Forbidden <html>")),
    ("okx", okx(ccxt.RequestTimeout, "50004")),
    ("binance", binance(ccxt.ExchangeError, -5999, "Service Unavailable")),
    ("binance", binance(ccxt.BadRequest, -1016, "This service is no longer available.")),
    ("binance", binance(ccxt.InvalidOrder, -9999)),
    ("binance", binance(ccxt.RateLimitExceeded, -9999)),
    ("binance", binance(ccxt.ExchangeError, 51008)),
    ("binance", ccxt.InvalidOrder("binanceusdm amount must be greater than minimum amount precision")),
    ("binance", ccxt.OrderImmediatelyFillable("binanceusdm Order would trigger immediately.")),
    ("binance", ccxt.BadSymbol("binanceusdm does not have market symbol DOGE")),
    ("binance", ccxt.AuthenticationError(f"{POST} 401 Unauthorized <html>")),
    ("binance", ccxt.ExchangeError(f"{POST} 200 OK {{}}")),
    ("binance", ccxt.ExchangeNotAvailable(f'{POST} 502 Bad Gateway <html>{{"code":-2019,"msg":"x"}}</html>')),
    ("okx", ccxt.ExchangeNotAvailable(f'{POST}?a={{"b":1}} 520 <script>{{"sCode":"51008"}}</script>')),
    ("okx", ccxt.NotSupported("okx cancelAllOrders() is not supported yet")),
    ("okx", ccxt.OnMaintenance("okx POST 503 Service Unavailable")),
    ("okx", okx(ccxt.OnMaintenance, "50001", "Service temporarily unavailable. Please try again later.")),
    ("okx", okx_order(ccxt.ExchangeError, "51149")),
    ("okx", okx_order(ccxt.ExchangeError, "51054")),
    ("okx", okx_order(ccxt.InvalidOrder, "59999")),
    ("okx", okx(ccxt.InsufficientFunds, "-2019")),
    ("okx", okx(ccxt.ExchangeError, "1")),
    ("okx", okx(ccxt.ExchangeNotAvailable, "50013")),
    ("okx", okx(ccxt.ExchangeNotAvailable, "50026")),
    ("okx", okx_order(ccxt.ExchangeError, "50004")),
    ("okx", TimeoutError()),
    ("okx", asyncio.CancelledError()),
    ("okx", KeyError("ordId")),
    ("okx", ValueError("expected a number, was none")),
]


def test_what_found_no_connection_was_certainly_not_sent() -> None:
    refused = aiohttp.ClientConnectorError(None, ConnectionRefusedError(111, "refused"))  # type: ignore[arg-type]
    assert type(failure_of(caused(ccxt.ExchangeNotAvailable(POST), refused), "binance")) is NotSent
    cut = aiohttp.ServerDisconnectedError()
    assert type(failure_of(caused(ccxt.ExchangeNotAvailable(POST), cut), "binance")) is Ambiguous


@pytest.mark.parametrize(("venue", "error"), NOBODY_KNOWS)
def test_nobody_knows(venue: str, error: BaseException) -> None:
    assert type(failure_of(error, venue)) is Ambiguous


NOT_SENT = [
    ("binance", ccxt.DDoSProtection("binanceusdm 418 I'm a teapot"), False),
    ("binance", ccxt.RateLimitExceeded("binanceusdm 429 Too Many Requests"), False),
    ("binance", binance(ccxt.DDoSProtection, -1003), False),
    ("binance", binance(ccxt.RateLimitExceeded, -1015), False),
    ("binance", binance(ccxt.OperationFailed, -1008), False),
    ("binance", binance(ccxt.InvalidNonce, -1021), True),
    ("binance", binance(ccxt.BadRequest, -5028), True),
    ("okx", okx(ccxt.RateLimitExceeded, "50011"), False),
    ("okx", okx(ccxt.ExchangeError, "50061"), False),
    ("okx", okx(ccxt.InvalidNonce, "50102"), True),
    ("okx", okx(ccxt.AuthenticationError, "50112"), True),
]


@pytest.mark.parametrize(("venue", "error", "is_clock"), NOT_SENT)
def test_it_certainly_was_not_executed(venue: str, error: Exception, is_clock: bool) -> None:
    failure = failure_of(error, venue)
    assert isinstance(failure, NotSent) and failure.is_clock == is_clock


def test_what_the_venue_asked_for_is_handed_on() -> None:
    error = binance(ccxt.DDoSProtection, -1003)
    error.retry_after_s = 7.0  # type: ignore[attr-defined]
    failure = failure_of(error, "binance")
    assert isinstance(failure, NotSent) and failure.retry_after_s == 7.0


KEYS_LOST = [
    ("binance", binance(ccxt.AuthenticationError, -2015)),
    ("binance", binance(ccxt.DDoSProtection, -2015)),
    ("binance", binance(ccxt.AuthenticationError, -2014)),
    ("binance", binance(ccxt.AuthenticationError, -1022)),
    ("binance", binance(ccxt.PermissionDenied, -4088)),
    ("binance", ccxt.AuthenticationError('binanceusdm requires "apiKey" credential')),
    ("okx", okx(ccxt.AuthenticationError, "50111")),
    ("okx", okx(ccxt.AuthenticationError, "50113")),
    ("okx", okx(ccxt.AuthenticationError, "50105")),
    ("okx", okx(ccxt.ExchangeError, "50100")),
    ("okx", okx(ccxt.PermissionDenied, "50110")),
    ("okx", okx(ccxt.AccountSuspended, "51009")),
]


@pytest.mark.parametrize(("venue", "error"), KEYS_LOST)
def test_the_venue_no_longer_knows_us(venue: str, error: Exception) -> None:
    assert isinstance(failure_of(error, venue), KeysLost)


REFUSED = [
    ("binance", binance(ccxt.InvalidOrder, -2022), RefusalKind.NOTHING_TO_REDUCE),
    ("binance", binance(ccxt.OperationRejected, -4118), RefusalKind.QUANTITY_RESERVED),
    ("binance", binance(ccxt.OrderImmediatelyFillable, -2021), RefusalKind.WOULD_TRIGGER),
    ("binance", binance(ccxt.OrderImmediatelyFillable, -4142), RefusalKind.WOULD_TRIGGER),
    ("binance", binance(ccxt.InvalidOrder, -4116), RefusalKind.DUPLICATE_ID),
    ("binance", binance(ccxt.InvalidOrder, -4164), RefusalKind.TOO_SMALL),
    ("binance", binance(ccxt.InvalidOrder, -4003), RefusalKind.TOO_SMALL),
    ("binance", binance(ccxt.InsufficientFunds, -2019), RefusalKind.MARGIN),
    ("binance", binance(ccxt.ExchangeError, -2019), RefusalKind.MARGIN),
    ("binance", binance(ccxt.BadRequest, -4061), RefusalKind.MODE),
    ("binance", binance(ccxt.ExchangeError, -4120), RefusalKind.UNSUPPORTED),
    ("binance", binance(ccxt.BadRequest, -1111), RefusalKind.OFF_GRID),
    ("binance", binance(ccxt.BadRequest, -4014), RefusalKind.OFF_GRID),
    ("binance", binance(ccxt.BadRequest, -1102), RefusalKind.OTHER),
    ("binance", binance(ccxt.PermissionDenied, -4192, "Cooling-off period."), RefusalKind.OTHER),
    ("binance", binance(ccxt.PermissionDenied, -4087, "Reduce only."), RefusalKind.OTHER),
    ("binance", binance(ccxt.OrderNotFound, -2013), RefusalKind.OTHER),
    ("binance", binance(ccxt.AuthenticationError, -1125), RefusalKind.OTHER),
    ("okx", okx_order(ccxt.ExchangeError, "51169"), RefusalKind.NOTHING_TO_REDUCE),
    ("okx", okx_order(ccxt.InvalidOrder, "51112"), RefusalKind.QUANTITY_RESERVED),
    ("okx", okx_order(ccxt.InvalidOrder, "51280"), RefusalKind.WOULD_TRIGGER),
    ("okx", okx_order(ccxt.InvalidOrder, "51016"), RefusalKind.DUPLICATE_ID),
    ("okx", okx_order(ccxt.ExchangeError, "51065"), RefusalKind.DUPLICATE_ID),
    ("okx", okx_order(ccxt.InvalidOrder, "51020"), RefusalKind.TOO_SMALL),
    ("okx", okx_order(ccxt.InsufficientFunds, "51008"), RefusalKind.MARGIN),
    ("okx", okx(ccxt.AccountNotEnabled, "51010"), RefusalKind.MODE),
    ("okx", okx(ccxt.BadRequest, "51000"), RefusalKind.OTHER),
    ("okx", okx_order(ccxt.InvalidOrder, "51121"), RefusalKind.OFF_GRID),
    ("okx", okx(ccxt.OrderNotFound, "51603"), RefusalKind.OTHER),
    ("okx", FencedOff("expected a call of the fence, was private POST asset/withdrawal"), RefusalKind.OTHER),
]


@pytest.mark.parametrize(("venue", "error", "kind"), REFUSED)
def test_the_venue_refused_for_good(venue: str, error: Exception, kind: RefusalKind) -> None:
    failure = failure_of(error, venue)
    assert isinstance(failure, Refused) and failure.kind is kind


def test_the_sentence_names_the_code_and_what_the_venue_said() -> None:
    failure = failure_of(binance(ccxt.InsufficientFunds, -2019, "Margin is insufficient."), "binance")
    assert str(failure) == "binance: -2019 Margin is insufficient."
    assert str(failure_of(okx_order(ccxt.ExchangeError, "51169"), "okx")) == "okx: 51169 No."


def test_a_cut_off_answer_says_what_cut_it_off_and_shows_no_signature() -> None:
    failure = failure_of(caused(ccxt.ExchangeError(POST), aiohttp.ClientPayloadError("cut off")), "binance")
    assert str(failure) == "binance: ExchangeError (ClientPayloadError): binanceusdm POST fapi.binance.com"


def test_secrets_are_cut_out_of_what_a_venue_says() -> None:
    failure = failure_of(binance(ccxt.BadRequest, -1102, "Key sesame is odd"), "binance", ["sesame"])
    assert str(failure) == "binance: -1102 Key *** is odd"


def test_a_failure_stays_what_it_is() -> None:
    failure: VenueFailure = Refused(RefusalKind.MARGIN, "-2019", "no")
    assert failure_of(failure, "binance") is failure


@pytest.mark.parametrize("venue", ["binance", "okx", "bybit"])
def test_no_error_class_of_the_library_is_a_refusal_without_a_code(venue: str) -> None:
    """Whatever class it invents: one of the other four ends."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) > 30
    for kind in kinds:
        assert not isinstance(failure_of(kind(f"{venue} went wrong"), venue), Refused), kind


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ccxt.RateLimitExceeded('bybit {"retCode":10006,"code":"-2019"}'), NotSent),
        (ccxt.AuthenticationError('bybit {"code":"10003"}'), KeysLost),
        (ccxt.InsufficientFunds('bybit {"code":"-2019"}'), Ambiguous),
        (ccxt.ExchangeError("bybit"), Ambiguous),
    ],
)
def test_a_venue_without_lists_is_judged_by_class(error: Exception, expected: type[VenueFailure]) -> None:
    assert type(failure_of(error, "mtgox")) is expected


CODE = re.compile(r"-?\d{3,6}(\.\w+)?|[A-Za-z_]{5,60}|[A-Z][\w ,$%/.]{10,90}")
"""A number (with a word of its text), a name, or the sentence that a venue has in place of one."""


@pytest.mark.parametrize("codes", [spec.codes() for spec in EXCHANGES.values()], ids=EXCHANGES.keys())
def test_a_code_proves_one_thing(codes: VenueCodes) -> None:
    lists = [set(codes.refusals), codes.turned_away, codes.clock, codes.keys]
    assert sum(map(len, lists)) == len(set().union(*lists)) > 20
    assert all(CODE.fullmatch(code) for code in set().union(*lists))


def test_judging_an_error_imports_no_library() -> None:
    source = Path(failure_of.__code__.co_filename).read_text()
    assert "import ccxt" not in source
