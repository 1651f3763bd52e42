"""The whole values that rows hold as JSON. A row that holds none is set aside and said: the others count on."""

from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError)
LONGEST_SHOWN = 120


class RowBodies(Generic[T]):
    """Reads one kind of value; `unreadable` gathers a sentence for each row that was set aside."""

    def __init__(self, kind: type[T], unreadable: list[str]) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._name = kind.__name__
        self._unreadable = unreadable

    def of(self, body: Any, named: str) -> T | None:
        """The value, or None for a row that was set aside; `named` says which row it is."""
        try:
            return self._decoder.decode(body)
        except UNREADABLE as error:
            why = " ".join(str(error).split())[:LONGEST_SHOWN]
            self._unreadable.append(f"{named} was set aside: expected a {self._name}, was unreadable ({why})")
            return None
