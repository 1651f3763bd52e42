"""Coinbase's errors that cannot have executed anything, by name: it has no numbers.

Sources: the create-order failure reasons of its REST reference, and the reasons of a preview, which every order passes
before it is handed on. What is missing is missing on purpose: UNKNOWN_FAILURE_REASON, COMMANDER_REJECTED_NEW_ORDER,
`unknown`, `internal` and `internal_server_error` say nothing of what became of an order.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cockpit.exchanges.base.account import RefusalKind
from cockpit.exchanges.base.codes import VenueCodes, of_kind

NOT_OPEN = frozenset({"UNKNOWN_CANCEL_ORDER", "ORDER_IS_FULLY_FILLED", "DUPLICATE_CANCEL_REQUEST"})
"""Why a cancel found nothing to do: no such open order, or one that is being cancelled already."""
NOT_FOUND = frozenset({"NOT_FOUND", "not_found"})
REASONS = ("preview_failure_reason", "new_order_failure_reason", "error")
"""Where a refused order says why, the most particular first."""
UNKNOWN = "UNKNOWN"
PREVIEW = "PREVIEW_"


def code_in(answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """Its name of an error and what else it says; None for an answer without one."""
    refused = answer.get("error_response")
    if isinstance(refused, Mapping):
        told = [str(refused.get(key) or "") for key in REASONS]
        named = next((name for name in told if name and not name.startswith(UNKNOWN)), "UNKNOWN_FAILURE_REASON")
        return named, str(refused.get("message") or refused.get("error_details") or "")
    errors = answer.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return str(errors[0].get("id") or ""), str(errors[0].get("message") or "")
    name = answer.get("error")
    return (str(name), str(answer.get("message") or answer.get("error_details") or "")) if name else None


def _both(kind: RefusalKind, names: str) -> Iterator[tuple[str, RefusalKind]]:
    """A reason of an order and of its preview."""
    for name in names.split():
        yield from of_kind(kind, f"{name} {PREVIEW}{name}").items()


COINBASE_CODES = VenueCodes(
    refusals={
        **dict(_both(RefusalKind.OTHER, "INVALID_SIDE INVALID_PRODUCT_ID INVALID_LIMIT_PRICE INVALID_NO_LIQUIDITY")),
        **dict(_both(RefusalKind.OTHER, "INVALID_LIMIT_PRICE_POST_ONLY INVALID_STOP_PRICE INVALID_LEVERAGE")),
        **dict(_both(RefusalKind.OTHER, "INVALID_FCM_TRADING_SESSION UNTRADABLE_PRODUCT GEOFENCING_RESTRICTION")),
        **dict(_both(RefusalKind.OTHER, "IN_LIQUIDATION LIMIT_PRICE_TOO_FAR_FROM_MARKET MISSING_MARKET_TRADE_DATA")),
        **dict(_both(RefusalKind.OTHER, "FUTURES_AFTER_HOUR_INVALID_ORDER_TYPE INVALID_REQUEST")),
        **dict(_both(RefusalKind.OTHER, "FUTURES_AFTER_HOUR_INVALID_TIME_IN_FORCE STOP_TRIGGER_PRICE_OUT_OF_BOUNDS")),
        **of_kind(RefusalKind.OTHER, "ORDER_ENTRY_DISABLED INELIGIBLE_PAIR INVALID_ARGUMENT invalid_request NOT_FOUND"),
        **of_kind(RefusalKind.OTHER, "PREVIEW_NOT_ALLOWED_BY_MARKET_STATE PREVIEW_BREACHED_PRICE_LIMIT not_found"),
        **of_kind(RefusalKind.OTHER, "PREVIEW_BREACHED_ACCOUNT_POSITION_LIMIT PREVIEW_BREACHED_COMPANY_POSITION_LIMIT"),
        **of_kind(RefusalKind.OTHER, "PREVIEW_UNTRADABLE_FCM_ACCOUNT_STATUS PREVIEW_BREACHED_OPEN_INTEREST_LIMIT"),
        **of_kind(RefusalKind.OTHER, "PREVIEW_CLOSE_ONLY_FAILURE PREVIEW_TRADING_DISABLED PREVIEW_BREACHED_RISK_LIMIT"),
        **of_kind(RefusalKind.OTHER, "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE"),
        **of_kind(RefusalKind.OTHER, "PREVIEW_PRODUCT_TRADING_HALTED"),
        **of_kind(RefusalKind.NOTHING_TO_REDUCE, "PREVIEW_REDUCE_ONLY_INCREASED_POSITION_SIZE"),
        **of_kind(RefusalKind.WOULD_TRIGGER, "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"),
        **of_kind(RefusalKind.WOULD_TRIGGER, "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE"),
        **dict(_both(RefusalKind.OFF_GRID, "INVALID_SIZE_PRECISION INVALID_PRICE_PRECISION")),
        **of_kind(RefusalKind.OFF_GRID, "PREVIEW_INVALID_STOP_PRICE_PRECISION PREVIEW_INVALID_LIMIT_PRICE_PRECISION"),
        **of_kind(RefusalKind.TOO_SMALL, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
        **of_kind(RefusalKind.TOO_LARGE, "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE"),
        **dict(_both(RefusalKind.MARGIN, "INSUFFICIENT_FUND INSUFFICIENT_FUNDS INVALID_LEDGER_BALANCE")),
        **of_kind(RefusalKind.MARGIN, "PREVIEW_INSUFFICIENT_FUNDS_FOR_FUTURES PREVIEW_INSUFFICIENT_LEDGER_BALANCE"),
        **of_kind(RefusalKind.MARGIN, "PREVIEW_INVALID_MARGIN_HEALTH"),
        **dict(_both(RefusalKind.MODE, "INVALID_MARGIN_TYPE")),
        **of_kind(RefusalKind.UNSUPPORTED, "UNSUPPORTED_ORDER_CONFIGURATION PREVIEW_INVALID_ORDER_CONFIG"),
        **of_kind(RefusalKind.UNSUPPORTED, "PREVIEW_REDUCE_ONLY_NOT_ALLOWED_ON_VENUE"),
        **of_kind(RefusalKind.UNSUPPORTED, "PREVIEW_REDUCE_ONLY_NOT_ALLOWED_ON_SPOT_PRODUCTS"),
    },
    turned_away=frozenset({"rate_limit_exceeded", "resource_exhausted", "RESOURCE_EXHAUSTED"}),
    clock=frozenset(),
    keys=frozenset(
        {"unauthorized", "UNAUTHENTICATED", "PERMISSION_DENIED", "authentication_error", "invalid_token"}
        | {"revoked_token", "expired_token", "invalid_scope"}
    ),
    code_in=code_in,
)
