"""Words of one kind each: a trade, a size, a stop, a share, a time; what a line is read against."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from cockpit.domain.kinds import Side
from cockpit.domain.verdict import Target

Body = dict[str, Any]
SHARES = {"all": 1.0, "half": 0.5, "quarter": 0.25, "third": 1 / 3}
OFF = ("off", "none")
NEAR = 0.25
"""A stop within this share of the price is a price; a number further off is bps."""
SIDES = {"long": Side.LONG, "buy": Side.LONG, "short": Side.SHORT, "sell": Side.SHORT}


class LineError(ValueError):
    """A line that asks for nothing anybody knows; says what was expected and what was found."""


class OpenTrade(msgspec.Struct, frozen=True):
    """What the words need to know of a trade."""

    trade_id: str
    asset: str
    entry_order_id: str = ""


class Known(msgspec.Struct, frozen=True):
    """What a line is read against. `risk_usd` is the size of entries that name none, once `risk` has set it."""

    prices: Mapping[str, float | None] = {}
    trades: tuple[OpenTrade, ...] = ()
    venues: tuple[str, ...] = ()
    setups: tuple[str, ...] = ()
    templates: Mapping[str, tuple[Target, ...]] = {}
    alarms: tuple[str, ...] = ()
    risk_usd: float | None = None


def trade_in(tokens: list[str], known: Known, name: str) -> tuple[OpenTrade, list[str]]:
    """By its number, its id, or its asset where that has one trade alone."""
    there = ", ".join(f"{short_id(trade)} {trade.asset}" for trade in known.trades) or "none"
    if not tokens:
        raise LineError(f"{name}: expected a trade ({there}), was nothing")
    token = tokens[0].lower()
    if token.isdigit() or (token[:1] == "t" and token[1:].isdigit()):
        trade_id = f"t{int(token.removeprefix('t')):06d}"
        found = [trade for trade in known.trades if trade.trade_id == trade_id]
        return (found[0] if found else OpenTrade(trade_id, "")), tokens[1:]
    of_asset = [trade for trade in known.trades if trade.asset.lower() == token]
    if len(of_asset) != 1:
        raise LineError(f"{name}: expected a trade ({there}), was {tokens[0]}")
    return of_asset[0], tokens[1:]


def short_id(trade: OpenTrade) -> str:
    """`2` for `t000002`."""
    return trade.trade_id.removeprefix("t").lstrip("0") or trade.trade_id


def asset_in(token: str, known: Known) -> str:
    """One of the known assets, in capitals. Raises `LineError`, as all of these do."""
    asset = token.upper()
    if known.prices and asset not in known.prices:
        raise LineError(f"expected an asset among {', '.join(known.prices)}, was {token}")
    return asset


def size_in(token: str) -> Body:
    """`30` USD, `2u` base units."""
    if token.endswith("u"):
        return {"units": number_in(token[:-1], "base units")}
    return {"amount": number_in(token.removesuffix("usd").removeprefix("$"), "an amount in USD")}


def risk_in(tokens: list[str]) -> float | None:
    """The size of entries that name none, in USD; None for `off`."""
    if len(tokens) != 1:
        raise LineError(f"risk: expected USD or off, was {' '.join(tokens) or 'nothing'}")
    return None if tokens[0].lower() in OFF else number_in(tokens[0], "a risk in USD")


def stop_terms(token: str, price: float | None) -> Body:
    """`28` or `28bps`, `@107900` or a number near the price. Raises `LineError`."""
    if token.startswith("@"):
        return {"price": number_in(token[1:], "a stop price")}
    if token.endswith("bps"):
        return {"bps": number_in(token[:-3], "a stop in bps")}
    value = number_in(token, "a stop in bps or a price")
    is_price = abs(value / price - 1.0) <= NEAR if price else value > 500.0
    return {"price": value} if is_price else {"bps": value}


def stop_in(token: str, price: float | None, known: Known) -> Body:
    """A setup's name, bps or a price."""
    return {"setup": token} if token in known.setups else stop_terms(token, price)


def ladder_in(token: str, known: Known) -> Body:
    """A template's name, or rungs."""
    return {"template": token} if token in known.templates else {"targets": rungs_in(token, known)}


def rungs_in(token: str, known: Known) -> list[Body]:
    """`25/50/90` in equal parts, `25:45/50:35/90:20` with shares, or a template's."""
    if token in known.templates:
        return [{"distance_bps": one.distance_bps, "share_pct": one.share_pct} for one in known.templates[token]]
    parts = [part.partition(":") for part in token.split("/")]
    even = 100.0 / len(parts)
    return [
        {
            "distance_bps": number_in(bps, "targets in bps"),
            "share_pct": number_in(share, "a share in %") if share else even,
        }
        for bps, _, share in parts
    ]


def share_in(token: str) -> float:
    """`half`, `1/4`, `25%`, `0.25`."""
    name = token.lower()
    if name in SHARES:
        return SHARES[name]
    above, slash, under = name.partition("/")
    if slash:
        share = number_in(above, "a share") / number_in(under, "a share")
    elif name.endswith("%"):
        share = number_in(name[:-1], "a share in %") / 100.0
    else:
        share = number_in(name, "a share")
    if share > 1.0:
        raise LineError(f"expected a share of at most 1, as in half, 1/4 or 25%, was {token}")
    return share


def seconds_in(token: str) -> float:
    """`60`, `60s`, `5m`, `1h`."""
    factor = {"s": 1.0, "m": 60.0, "h": 3_600.0}.get(token[-1:], 0.0)
    return number_in(token[:-1], "a time") * factor if factor else number_in(token, "seconds")


def number_in(token: str, expected: str, least: float = 0.0) -> float:
    """A number above `least`."""
    try:
        value = float(token.replace(",", "").replace("_", ""))
    except ValueError:
        raise LineError(f"expected {expected}, was {token or 'nothing'}") from None
    if not math.isfinite(value) or value <= least:
        raise LineError(f"expected {expected} above {least:g}, was {token}")
    return value


def taken(rest: list[str], token: str) -> str:
    """The value that a word needs."""
    if not rest:
        raise LineError(f"{token}: expected a value, was nothing")
    return rest.pop(0)


def one_of(token: str, known: Mapping[str, Any] | tuple[str, ...], what: str) -> str:
    """A word that is known."""
    if known and token not in known:
        raise LineError(f"expected {what} among {', '.join(known)}, was {token}")
    return token


def order_in(token: str) -> str:
    """An order's id."""
    if not token.isalnum():
        raise LineError(f"expected an order's id, was {token}")
    return token.lower()
