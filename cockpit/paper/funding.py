"""Funding on paper: each payment time is paid once, at the last rate known before it."""

from cockpit.domain.events import FundingPaid, FundingRate
from cockpit.domain.kinds import Origin
from cockpit.domain.units import BPS
from cockpit.paper.agenda import FundingDue

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
        payment = FundingDue(event.venue, event.asset, event.next_ns)
        is_new = payment not in self._rates
        self._rates[payment] = event
        return payment if is_new else None

    def pay(self, payment: FundingDue, held_qty: float, price: float) -> FundingPaid | None:
        """The payment on a position of signed `held_qty` valued at `price`, None when flat. Longs pay rates > 0."""
        event = self._rates.pop(payment)
        self._paid_ns[payment.venue, payment.asset] = payment.payment_ns
        if held_qty == 0:
            return None
        rate_bps = event.rate_bps_8h * event.interval_h / FUNDING_UNIT_H
        amount_usd = -held_qty * price * rate_bps / BPS
        return FundingPaid(payment.payment_ns, payment.venue, payment.asset, amount_usd, rate_bps)
