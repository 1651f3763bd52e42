"""The words of the command line, of a shell and of the screen alike: what they ask for, as calls of the API.

`long btc 30 stop 28`, `close 2 half`, `stop 2 be`, `trail 3 20`, `risk 2`; several of them with `;` between.
"""

import math
from collections.abc import Callable

import msgspec

from cockpit.domain.kinds import Side
from cockpit.domain.line_tokens import (
    OFF,
    SHARES,
    SIDES,
    Body,
    Known,
    LineError,
    asset_in,
    ladder_in,
    number_in,
    one_of,
    order_in,
    risk_in,
    rungs_in,
    seconds_in,
    share_in,
    short_id,
    size_in,
    stop_in,
    taken,
    trade_in,
)


class Call(msgspec.Struct, frozen=True):
    """One call: where to, with what. `opens_risk` ones carry an expiry; `reads_only` ones change nothing.

    `text` is the part of the line that asked for it.
    """

    path: str
    body: Body
    opens_risk: bool = False
    reads_only: bool = False
    text: str = ""


ENTER = "/api/trade/enter"
OF_A_TRADE = ("cancel", "close", "hold", "reverse", "stop", "targets", "trail")


class Line(msgspec.Struct, frozen=True):
    """What a line asks for, in order, and what is known after it. `rest` is of the trade that an entry in it opens: it
    can be read once that is sent.
    """

    calls: tuple[Call, ...]
    known: Known
    rest: str = ""


def read_line(text: str, known: Known) -> Line:
    """Every command of a line. Raises `LineError`; nothing is asked for then."""
    calls: list[Call] = []
    parts = [part.strip() for part in text.split(";") if part.strip()]
    for number, part in enumerate(parts):
        tokens = part.split()
        if tokens[0].lower() == "risk":
            known = msgspec.structs.replace(known, risk_usd=risk_in(tokens[1:]))
            continue
        entered = {call.body["asset"].lower() for call in calls if call.path == ENTER}
        if tokens[0].lower() in OF_A_TRADE and len(tokens) > 1 and tokens[1].lower() in entered:
            return Line(tuple(calls), known, "; ".join(parts[number:]))
        calls += [msgspec.structs.replace(call, text=part) for call in _read(tokens, known)]
    return Line(tuple(calls), known)


def completions(text: str, known: Known) -> list[str]:
    """What the word under the cursor, the last of the text, may become."""
    tokens = text.rsplit(";", 1)[-1].split()
    last = "" if not tokens or text[-1:].isspace() else tokens.pop()
    return [one for one in _next_tokens([token.lower() for token in tokens], known) if one.startswith(last.lower())]


def _next_tokens(before: list[str], known: Known) -> list[str]:
    if not before:
        return sorted((*SIDES, *_COMMANDS, "preview", "risk"))
    if before[0] == "preview":
        return sorted(SIDES) if len(before) == 1 else _next_tokens(before[1:], known)
    assets, trades = [asset.lower() for asset in known.prices], [short_id(trade) for trade in known.trades]
    if before[0] in SIDES:
        return assets if len(before) == 1 else _entry_tokens(before, known)
    if len(before) == 1:
        first = _FIRST.get(before[0])
        return trades if first is None else first(known)
    ladders = [*known.templates, "none"]
    second = {
        "close": [*SHARES, "3/4"],
        "stop": ["be"],
        "trail": ["20", "1r", "40%", "off"],
        "targets": ladders,
        "hold": ["60", "off"],
        "adopt": assets if len(before) == 2 else [*known.templates, "stop"],
        "alarm": [*known.alarms] if before[-1] == "drop" else ["above", "below", "close", "disarm", "flatten"],
        "reverse": ["risk", "stop"],
    }
    return second.get(before[0], [])


def _entry_tokens(before: list[str], known: Known) -> list[str]:
    follow = {
        "stop": [*known.setups],
        "targets": [*known.templates],
        "template": [*known.templates],
        "on": [*known.venues],
    }
    return follow.get(before[-1], [token for token in ENTRY_TOKENS if token not in before])


# One command.


def _read(tokens: list[str], known: Known) -> list[Call]:
    name, rest = tokens[0].lower(), tokens[1:]
    if name in SIDES:
        return [_enter(SIDES[name], rest, known)]
    if name == "preview":
        if not rest or rest[0].lower() not in SIDES:
            raise LineError(f"preview: expected long or short, was {rest[0] if rest else 'nothing'}")
        entry = _enter(SIDES[rest[0].lower()], rest[1:], known)
        return [Call("/api/trade/preview", entry.body, reads_only=True)]
    if name not in _COMMANDS:
        raise LineError(
            f"expected one of {', '.join(sorted((*SIDES, *_COMMANDS, 'preview', 'risk')))}, was {tokens[0]}"
        )
    return _COMMANDS[name](rest, known)


def _enter(side: Side, tokens: list[str], known: Known) -> Call:
    """`btc 30 stop 28 at 107900 for 30s post targets scalp hold 10m on okx`."""
    if not tokens:
        raise LineError(f"{side.value}: expected an asset, was nothing")
    asset, rest = asset_in(tokens[0], known), [token.lower() for token in tokens[1:]]
    body: Body = {"strategy": "manual", "asset": asset, "side": side.value}
    entry: Body = {"type": "market"}
    if rest and rest[0] not in ENTRY_TOKENS:
        body |= size_in(rest.pop(0))
    while rest:
        token = rest.pop(0)
        if token in _OF_ENTRY:
            entry |= _OF_ENTRY[token](rest)
        elif token in _OF_BODY:
            body |= _OF_BODY[token](taken(rest, token), known.prices.get(asset), known)
        else:
            raise LineError(f"{side.value}: expected one of {', '.join(ENTRY_TOKENS)}, was {token}")
    if entry["type"] == "limit":
        body["entry"] = entry
    elif len(entry) > 1:
        raise LineError("expected `at` with a price before `for` and `post`, was a market entry")
    if known.risk_usd is not None and not {"amount", "units", "risk_usd"} & set(body):
        body["risk_usd"] = known.risk_usd
    return Call(ENTER, body, opens_risk=True)


_OF_ENTRY: dict[str, Callable[[list[str]], Body]] = {
    "at": lambda rest: {"type": "limit", "price": number_in(taken(rest, "at").removeprefix("@"), "a limit price")},
    "for": lambda rest: {"within_s": seconds_in(taken(rest, "for"))},
    "post": lambda rest: {"post_only": True},
}
_OF_BODY: dict[str, Callable[[str, float | None, Known], Body]] = {
    "risk": lambda token, price, known: {"risk_usd": number_in(token, "a risk in USD")},
    "stop": lambda token, price, known: {"stop": stop_in(token, price, known)},
    "targets": lambda token, price, known: ladder_in(token, known),
    "template": lambda token, price, known: {"template": one_of(token, known.templates, "a template")},
    "hold": lambda token, price, known: {"hold_s": seconds_in(token)},
    "on": lambda token, price, known: {"venue": token},
}
ENTRY_TOKENS = (*_OF_ENTRY, *_OF_BODY)


def _close(tokens: list[str], known: Known) -> list[Call]:
    """`close 2`, `close 2 half`, `close all`."""
    if [token.lower() for token in tokens] == ["all"]:
        return [_of_trade(trade.trade_id, "close", {}) for trade in known.trades]
    trade, rest = trade_in(tokens, known, "close")
    share = share_in(rest[0]) if rest else 1.0
    return [_of_trade(trade.trade_id, "close", {} if share == 1.0 else {"share": share})]


def _stop(tokens: list[str], known: Known) -> list[Call]:
    """`stop 2 be`, `stop 2 -5` (so many bps nearer), `stop 2 107900`."""
    trade, rest = trade_in(tokens, known, "stop")
    if not rest:
        raise LineError("stop: expected be, -BPS or a price, was nothing")
    to = rest[0].lower()
    if to in ("be", "entry"):
        return [_of_trade(trade.trade_id, "stop", {"to": "entry"})]
    if to.startswith(("-", "+")):
        bps = number_in(to[1:].removesuffix("bps"), "bps")
        return [_of_trade(trade.trade_id, "stop", {"tighter_bps": bps})]
    return [_of_trade(trade.trade_id, "stop", {"price": number_in(to.removeprefix("@"), "a price, be or -BPS")})]


def _trail(tokens: list[str], known: Known) -> list[Call]:
    """`trail 3 20` (bps), `trail 3 0.5r`, `trail 3 40%` (of the profit), `trail 3 off`."""
    trade, rest = trade_in(tokens, known, "trail")
    if not rest:
        raise LineError("trail: expected bps, as in 20, R, as in 0.5r, a share, as in 40%, or off, was nothing")
    how = rest[0].lower()
    if how in OFF:
        body: Body = {}
    elif how.endswith("r"):
        body = {"r": number_in(how[:-1], "R")}
    elif how.endswith("%"):
        body = {"ratio": number_in(how[:-1], "a share in %") / 100.0}
    else:
        body = {"bps": number_in(how.removesuffix("bps"), "bps")}
    return [_of_trade(trade.trade_id, "trail", body)]


def _targets(tokens: list[str], known: Known) -> list[Call]:
    """`targets 2 25/50/90`, `targets 2 25:50/60:50`, `targets 2 scalp`, `targets 2 none`."""
    trade, rest = trade_in(tokens, known, "targets")
    if not rest:
        raise LineError(f"targets: expected none, bps as in 25/50, or one of {', '.join(known.templates)}, was nothing")
    how = rest[0].lower()
    ladder = [] if how in OFF else rungs_in(how, known)
    return [_of_trade(trade.trade_id, "targets", {"targets": ladder})]


def _hold(tokens: list[str], known: Known) -> list[Call]:
    """`hold 2 60`, `hold 2 5m`, `hold 2 off`."""
    trade, rest = trade_in(tokens, known, "hold")
    if not rest:
        raise LineError("hold: expected seconds or off, was nothing")
    after_s = None if rest[0].lower() in OFF else seconds_in(rest[0].lower())
    return [_of_trade(trade.trade_id, "time-stop", {"after_s": after_s})]


def _cancel(tokens: list[str], known: Known) -> list[Call]:
    """`cancel 2` (its resting entry), or an order by its id."""
    if tokens and tokens[0].lower().startswith("t") and any(role in tokens[0][1:] for role in "etsc"):
        return [Call(f"/api/orders/{order_in(tokens[0])}/cancel", {})]
    trade, _ = trade_in(tokens, known, "cancel")
    return [Call(f"/api/orders/{trade.entry_order_id or f'{trade.trade_id}e1'}/cancel", {})]


def _reverse(tokens: list[str], known: Known) -> list[Call]:
    """`reverse 2`, `reverse 2 30 stop 28`."""
    trade, rest = trade_in(tokens, known, "reverse")
    rest = [token.lower() for token in rest]
    body: Body = {}
    if rest and rest[0] not in ENTRY_TOKENS:
        body |= size_in(rest.pop(0))
    while rest:
        token = rest.pop(0)
        if token == "stop":
            body["stop"] = stop_in(taken(rest, token), known.prices.get(trade.asset), known)
        elif token == "risk":
            body["risk_usd"] = number_in(taken(rest, token), "a risk in USD")
        else:
            raise LineError(f"reverse: expected risk or stop, was {token}")
    return [_of_trade(trade.trade_id, "reverse", body, opens_risk=True)]


def _adopt(tokens: list[str], known: Known) -> list[Call]:
    """`adopt okx btc`, `adopt okx btc single stop 40`."""
    if len(tokens) < 2:
        raise LineError(f"adopt: expected a venue and an asset, was {' '.join(tokens) or 'nothing'}")
    asset, rest = asset_in(tokens[1], known), [token.lower() for token in tokens[2:]]
    body: Body = {"venue": tokens[0].lower(), "asset": asset}
    while rest:
        token = rest.pop(0)
        if token == "stop":
            body["stop"] = stop_in(taken(rest, token), known.prices.get(asset), known)
        else:
            body["template"] = one_of(token, known.templates, "a template or stop")
    return [Call("/api/positions/adopt", body, opens_risk=True)]


def _alarm(tokens: list[str], known: Known) -> list[Call]:
    """`alarm btc > 110000 close`, `alarm hf < 2.3`, `alarm funding btc > 5`, `alarm pnl < -5 flatten`, `drop a1`."""
    given = [token.lower() for token in tokens]
    if given[:1] == ["drop"]:
        return [Call("/api/alarms/drop", {"alarm_id": given[1]} if len(given) > 1 else {})]
    body: Body = {"on": "price"}
    if given[:1] in (["hf"], ["health"], ["health_factor"]):
        body["on"], given = "health_factor", given[1:]
    elif given[:1] == ["pnl"]:
        body["on"], given = "pnl", given[1:]
    else:
        if given[:1] == ["funding"]:
            body["on"], given = "funding", given[1:]
        if not given:
            raise LineError("alarm: expected an asset, hf, funding or pnl, was nothing")
        body["asset"], given = asset_in(given[0], known), given[1:]
    if len(given) < 2 or given[0] not in (">", "<", "above", "below"):
        raise LineError(f"alarm: expected > or < and a level, was {' '.join(given) or 'nothing'}")
    body |= {"above": given[0] in (">", "above"), "level": number_in(given[1], "a level", least=-math.inf)}
    if len(given) > 2:
        body["action"] = one_of(given[2], ("ring", "close", "disarm", "flatten"), "what it may do")
    return [Call("/api/alarms", body)]


def _reason(path: str, opens_risk: bool = False, is_needed: bool = True) -> Callable[[list[str], Known], list[Call]]:
    def read(tokens: list[str], known: Known) -> list[Call]:
        if is_needed and not tokens:
            raise LineError(f"{path.rsplit('/', 1)[-1]}: expected a reason, was nothing")
        return [Call(path, {"reason": " ".join(tokens)} if tokens else {}, opens_risk)]

    return read


_COMMANDS: dict[str, Callable[[list[str], Known], list[Call]]] = {
    "adopt": _adopt,
    "alarm": _alarm,
    "arm": lambda tokens, known: [Call("/api/arm", {}, opens_risk=True)],
    "cancel": _cancel,
    "close": _close,
    "disarm": lambda tokens, known: [Call("/api/disarm", {})],
    "flatten": _reason("/api/flatten", is_needed=False),
    "halt": _reason("/api/halt"),
    "hold": _hold,
    "resume": _reason("/api/resume", opens_risk=True),
    "reverse": _reverse,
    "stop": _stop,
    "targets": _targets,
    "trail": _trail,
}
_FIRST: dict[str, Callable[[Known], list[str]]] = {
    "adopt": lambda known: [*known.venues],
    "alarm": lambda known: [*(asset.lower() for asset in known.prices), "hf", "funding", "pnl", "drop"],
    "close": lambda known: [*(short_id(trade) for trade in known.trades), "all"],
    **dict.fromkeys(("arm", "disarm", "flatten", "halt", "resume", "risk"), lambda known: []),
}


def _of_trade(trade_id: str, what: str, body: Body, opens_risk: bool = False) -> Call:
    return Call(f"/api/trades/{trade_id}/{what}", body, opens_risk)
