"""What Coinbase's list of futures says beside their grids: whose they are, what is lent on them, when they trade."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cockpit.exchanges.base.account_facts import Maintenance, TradingHours
from cockpit.exchanges.coinbase.parsing import coin_of
from cockpit.exchanges.coinbase.stamps import stamp_or_none

Row = Mapping[str, Any]

OPEN = "FCM_TRADING_SESSION_STATE_OPEN"
NO_MARKET_ORDERS = ("trading_disabled", "cancel_only", "limit_only", "post_only", "auction_mode", "view_only")
"""What a product says of itself while no order at market gets through."""
PREFIXES = ("FCM_TRADING_SESSION_CLOSED_REASON_", "FCM_TRADING_SESSION_STATE_")
UNDEFINED = "UNDEFINED"


class Products:
    """Read anew with every list; what one does not have stays as it was last told."""

    def __init__(self) -> None:
        self.coins: dict[str, str] = {}
        """Of each contract, by the venue's name of it."""
        self._margin_rates: dict[str, tuple[float, float]] = {}
        self._hours: dict[str, TradingHours] = {}

    def read(self, rows: Sequence[Any], now_ns: int) -> None:
        """Take a list that was read now."""
        for row in rows:
            coin = coin_of(row) if isinstance(row, Mapping) else ""
            if coin:
                self.coins[str(row["product_id"])] = coin
                self._margin_rates[coin] = _margin_rates(row["future_product_details"])
                self._hours[coin] = _hours_of(row, now_ns)

    def leverage(self, coin: str, is_standard: bool) -> float:
        """What the venue lends there, by the margin of the night (which is the standard one) or of the day."""
        night, day = self._margin_rates[coin]
        return round(1.0 / (night if is_standard else day), 2)

    def hours(self, coin: str, by_our_clock: Callable[[int], int]) -> TradingHours | None:
        """When it trades; None for a coin that no list had."""
        told = self._hours.get(coin)
        if told is None:
            return None
        closes, opens, away = told.closes_ns, told.opens_ns, told.maintenance
        return told._replace(
            closes_ns=None if closes is None else by_our_clock(closes),
            opens_ns=None if opens is None else by_our_clock(opens),
            maintenance=away and Maintenance(by_our_clock(away.begins_ns), by_our_clock(away.ends_ns)),
        )


def spot_hours(row: Row, now_ns: int) -> TradingHours:
    """A spot product never closes; it says so while it takes no orders at market."""
    closed_for = next((name for name in NO_MARKET_ORDERS if row.get(name) is True), "")
    return TradingHours(not closed_for, closed_for, None, None, None, now_ns)


def _margin_rates(details: Any) -> tuple[float, float]:
    """The lower rate of either side, which lends most: of the night, and of the day."""
    rates = [
        min(float(details[name][f"{side}_margin_rate"]) for side in ("long", "short"))
        for name in ("overnight_margin_rate", "intraday_margin_rate")
    ]
    return rates[0], rates[1]


def _hours_of(row: Row, now_ns: int) -> TradingHours:
    """By the venue's clock. A product that says nothing of its sessions is not known to be open.

    The reason of a closing stands there while it is open too: of the last one.
    """
    told = row.get("fcm_trading_session_details") or {}
    away = told.get("maintenance") or {}
    state = str(told.get("session_state") or "")
    closed_for = next((name for name in NO_MARKET_ORDERS if row.get(name) is True), "")
    is_open = told.get("is_session_open") is True and state == OPEN and not closed_for
    if not is_open:
        reasons = [_plain(str(told.get("closed_reason") or "")), "" if state == OPEN else _plain(state)]
        closed_for = closed_for or next((reason for reason in reasons if reason), "nothing said of its sessions")
    begins_ns, ends_ns = (_stamp(away, name) for name in ("start_time", "end_time"))
    return TradingHours(
        is_open=is_open,
        closed_for=closed_for,
        closes_ns=_stamp(told, "close_time"),
        opens_ns=_stamp(told, "open_time"),
        maintenance=None if begins_ns is None or ends_ns is None else Maintenance(begins_ns, ends_ns),
        read_ns=now_ns,
    )


def _plain(name: str) -> str:
    """`exchange maintenance` for FCM_TRADING_SESSION_CLOSED_REASON_EXCHANGE_MAINTENANCE."""
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return "" if name == UNDEFINED else name.replace("_", " ").lower()[:40]


def _stamp(told: Row, name: str) -> int | None:
    try:
        return stamp_or_none(told.get(name))
    except ValueError:
        return None
