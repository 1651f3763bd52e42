"""What a venue has still to do, in order of event time."""

from collections.abc import Iterator
from heapq import heappop, heappush

import msgspec

from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition

Request = PlaceOrder | CancelOrder | QueryOrder | QueryPosition | FlattenVenues

AT_NEXT_EVENT_NS = 0
NEVER_NS = 2**63 - 1


class Expiry(msgspec.Struct, frozen=True):
    """A resting limit order's time is over."""

    order_id: str


class FundingDue(msgspec.Struct, frozen=True):
    """A funding payment falls due at `payment_ns`."""

    venue: str
    asset: str
    payment_ns: int


class FlatRead(msgspec.Struct, frozen=True):
    """A venue that was seen flat is looked at once more."""

    venue: str


class Sweep(msgspec.Struct, frozen=True):
    """Restored orders that have nothing to reduce are cancelled."""


Job = Request | Expiry | FundingDue | FlatRead | Sweep


class Agenda:
    """Jobs by due time; those due together keep the order in which they were noted.

    `next_ns` is when the first one is due, so that a market event costs one comparison while nothing is.
    """

    __slots__ = ("_count", "_heap", "next_ns")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Job]] = []
        self._count = 0
        self.next_ns = NEVER_NS

    def add(self, due_ns: int, job: Job) -> None:
        """Note a job. AT_NEXT_EVENT_NS makes it due with whatever event comes next."""
        self._count += 1
        heappush(self._heap, (due_ns, self._count, job))
        self.next_ns = self._heap[0][0]

    def due(self, until_ns: int) -> Iterator[tuple[int, Job]]:
        """Take out every job due by `until_ns` with the time it happens at, also those noted meanwhile."""
        while self._heap and self._heap[0][0] <= until_ns:
            due_ns, _, job = heappop(self._heap)
            self.next_ns = self._heap[0][0] if self._heap else NEVER_NS
            yield (until_ns if due_ns == AT_NEXT_EVENT_NS else due_ns), job
