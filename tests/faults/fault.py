"""One failure that happened to somebody: how it is made to happen here, what must follow, and which test proves it."""

from typing import NamedTuple


class Fault(NamedTuple):
    """A row of the fault matrix.

    `seen` are the words on the screen; `…` stands for what differs from case to case. The tests of orders look for
    exactly these (`Stage.missed`). `proofs` are node ids of tests. A row that does not apply says why in `not_here`.
    """

    number: int
    failure: str
    injected: str = ""
    does: str = ""
    seen: tuple[str, ...] = ()
    journal: str = ""
    ends: str = ""
    proofs: tuple[str, ...] = ()
    not_here: str = ""
