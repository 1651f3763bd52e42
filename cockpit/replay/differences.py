"""Where two actions part: the first field that is not the same, not two pages of everything that is."""

from collections.abc import Iterator
from typing import Any

import msgspec

from cockpit.domain.actions import AnyAction

ABSENT = "nothing"


def first_difference(recorded: AnyAction, now: AnyAction) -> str:
    """As `decided.verdict.qty: expected 0.01, was 0.011`; both actions where they are not even of one kind."""
    one, other = msgspec.to_builtins(recorded), msgspec.to_builtins(now)
    if one["kind"] != other["kind"]:
        return f"expected {shown(one)}, was {shown(other)}"
    return next(_parted(one, other, one["kind"]), f"{one['kind']}: equal as JSON, not byte for byte")


def shown(plain: Any) -> str:
    """A value as JSON."""
    return plain if plain is ABSENT else msgspec.json.encode(plain).decode()


def _parted(one: Any, other: Any, where: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _parted(one.get(key, ABSENT), other.get(key, ABSENT), f"{where}.{key}")
    elif isinstance(one, tuple | list) and isinstance(other, tuple | list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _parted(*pair, f"{where}[{number}]")
    elif shown(one) != shown(other):
        yield f"{where}: expected {shown(one)}, was {shown(other)}"
