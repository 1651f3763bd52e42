"""What came back from an engine, or from whoever answered in its place: typed, or one line that says it is not."""

from typing import Any, TypeVar

import msgspec

from cockpit.client.errors import EngineUnreachable

LONGEST_SHOWN = 200
JUNK = (msgspec.MsgspecError, ValueError, RecursionError, MemoryError)
"""What decoding bytes from a stranger may raise; a UnicodeError is a ValueError."""

T = TypeVar("T")


def decoded(content: bytes, kind: type[T], where: str) -> T:
    """A JSON answer of this type. Raises `EngineUnreachable` for anything else: whoever answered is no such engine."""
    try:
        return msgspec.json.decode(content, type=kind)
    except JUNK as error:
        what = one_line(str(error) or type(error).__name__)
        raise EngineUnreachable(f"expected an engine's answer from {where}, was something else: {what}") from error


def reason_of(content: bytes) -> tuple[str, Any]:
    """The sentence and the detail of an answer that says no, wherever the answer has them."""
    try:
        found = msgspec.json.decode(content)
        detail = found["detail"]
    except (*JUNK, KeyError, TypeError):
        text = one_line(content[:LONGEST_SHOWN].decode("utf-8", "replace"))
        return text, text
    sentence = detail.get("reason", detail) if isinstance(detail, dict) else detail
    return one_line(str(sentence)), detail


def one_line(text: str) -> str:
    """Text from outside as one line that cannot steer a terminal."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
