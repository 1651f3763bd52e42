"""What a venue has still to do, in order of event time."""

from collections.abc import Iterator
from heapq import heappop, heappush

import msgspec

from cockpit.domain.actions import AdoptPosition, CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.events import FundingPaid, FundingRate
from cockpit.domain.kinds import Origin
from cockpit.domain.units import BPS

Request = PlaceOrder | CancelOrder | QueryOrder | QueryPosition | AdoptPosition | FlattenVenues

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

    @property
    def holds_requests(self) -> bool:
        """Whether a request of ours is on its way, or anything else but a payment of funding is due some time."""
        return any(not isinstance(job, FundingDue) for _, _, job in self._heap)

    def due(self, until_ns: int) -> Iterator[tuple[int, Job]]:
        """Take out every job due by `until_ns` with the time it happens at, also those noted meanwhile."""
        while self._heap and self._heap[0][0] <= until_ns:
            due_ns, _, job = heappop(self._heap)
            self.next_ns = self._heap[0][0] if self._heap else NEVER_NS
            yield (until_ns if due_ns == AT_NEXT_EVENT_NS else due_ns), job


# Funding on paper: each payment time is paid once, at the last rate known before it.

FUNDING_UNIT_H = 8.0


class FundingSchedule:
    """The rates of the payments to come."""

    def __init__(self) -> None:
        self._rates: dict[FundingDue, FundingRate] = {}
        self._paid_ns: dict[tuple[str, str], int] = {}

    def note(self, event: FundingRate) -> FundingDue | None:
        """Keep a rate; returns its payment when that is not on the agenda yet.

        A payment time that is past already says nothing of the next one, and an outside reading moves no money.
        """
        if event.next_ns is None or event.origin is Origin.EXTERNAL:
            return None
        if event.next_ns <= max(event.ts_ns, self._paid_ns.get((event.venue, event.asset), 0)):
            return None
        due = FundingDue(event.venue, event.asset, event.next_ns)
        is_new = due not in self._rates
        self._rates[due] = event
        return due if is_new else None

    def pay(self, due: FundingDue, held_qty: float, price: float) -> FundingPaid | None:
        """The payment on a position of signed `held_qty` valued at `price`, None when flat. Longs pay rates > 0."""
        event = self._rates.pop(due)
        self._paid_ns[due.venue, due.asset] = due.payment_ns
        return payment(event, due.payment_ns, held_qty, price)


def payment(rate: FundingRate, paid_ns: int, held_qty: float, price: float) -> FundingPaid | None:
    """One payment at this rate on a position of signed `held_qty`, None when flat. Longs pay rates > 0."""
    if held_qty == 0:
        return None
    rate_bps = rate.rate_bps_8h * rate.interval_h / FUNDING_UNIT_H
    return FundingPaid(paid_ns, rate.venue, rate.asset, -held_qty * price * rate_bps / BPS, rate_bps)
