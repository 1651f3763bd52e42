"""What of an account's coins our orders bought: spot has no positions, and knows no order that only reduces.

Pure. An order of ours carries our mark; what the executions of all of them add up to is ours, and never more than the
account has. Everything else there is somebody's who held it before, and is never sold. What the venue says of an order
may be old: its executions only grow, and what is over stays so.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from cockpit.domain.quantity import rounded
from cockpit.exchanges.base.contracts import NOT_LISTED, Listing

_OURS = re.compile(r"(ck[0-9a-z]{6}(?:t[0-9]+[estc][0-9]+|[fg][0-9]{13}))(?:r([0-9]+))?")
_OF_TRADE = re.compile(r"(ck[0-9a-z]{6}t[0-9]+)[estc][0-9]+")


class Mark(NamedTuple):
    """Whose an order is by its id. A stop that was taken off for a sale is laid again under its id and a number."""

    client_id: str
    """As the engine knows it."""
    link: int


def mark_of(client_id: str) -> Mark | None:
    """None for an order that carries no mark of ours."""
    found = _OURS.fullmatch(client_id)
    return None if found is None else Mark(found.group(1), int(found.group(2) or 0))


def trade_of(client_id: str) -> str:
    """What the orders of one trade have in common; "" for any other order."""
    found = _OF_TRADE.fullmatch(client_id)
    return "" if found is None else found.group(1)


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order of ours. `trigger` and `limit` are a stop's, as they were written."""

    order_id: str
    mark: Mark
    asset: str
    is_sale: bool
    qty: float
    filled: float
    average: float
    is_over: bool
    created_ns: int
    trigger: str = ""
    limit: str = ""

    @property
    def is_stop(self) -> bool:
        """Whether it guards."""
        return bool(self.trigger)

    @property
    def left(self) -> float:
        """What it has not executed."""
        return rounded(self.qty - self.filled)

    def after(self, told: "OwnOrder") -> "OwnOrder":
        """As it stands once that was told of it, in whatever order it was told."""
        newer = told if told.filled >= self.filled else self
        return replace(
            newer,
            is_over=self.is_over or told.is_over,
            created_ns=min(self.created_ns, told.created_ns),
            qty=max(self.qty, told.qty),
            trigger=self.trigger or told.trigger,
            limit=self.limit or told.limit,
        )


class Bought(NamedTuple):
    """Coins that are ours, at what they cost on average; `dust`: what was left over, under the least order."""

    qty: float
    entry_price: float
    dust: float


class Terms(NamedTuple):
    """The least order there, in coins and in USD."""

    least: float
    least_usd: float


NO_TERMS = Terms(0.0, 0.0)


class Doubt(NamedTuple):
    """A sale of which nobody knows whether it was placed."""

    client_id: str
    qty: float
    sent_ns: int


class SpotBooks:
    """`totals` and `available`: the account's coins and its money as last read, with our executions from then on.

    A list that leaves a coin out says nothing of it: what was known counts on, with what others have traded since.
    """

    def __init__(self) -> None:
        self.totals: Mapping[str, float] | None = None
        self.available: Mapping[str, float] = {}
        self.terms: dict[str, Terms] = {}
        self._orders: dict[str, OwnOrder] = {}
        self._newest: dict[str, OwnOrder] = {}
        self._doubts: dict[str, dict[str, Doubt]] = {}
        self._executions: Counter[str] = Counter()
        self._listed_ns: dict[str, int] = {}
        """Since when executions have to be counted onto what was listed of a coin; none where that is not certain."""
        self._by_others: dict[str, float] = {}
        self._left_out: frozenset[str] = frozenset()
        """Coins that an earlier list had and the last one has not."""

    @property
    def executions(self) -> Mapping[str, int]:
        """How often an order of ours was told to have executed, of each coin."""
        return dict(self._executions)

    def listed(
        self, totals: Mapping[str, float], available: Mapping[str, float], asked_ns: int, executions: Mapping[str, int]
    ) -> None:
        """The account's list, asked for then. It may have been made before what executed since: `executions` are as
        they were then.
        """
        left_out = {asset: qty for asset, qty in (self.totals or {}).items() if self._counts_on(asset, totals)}
        self._left_out = frozenset(left_out)
        for asset in totals:
            self._by_others.pop(asset, None)
            self._listed_ns[asset] = asked_ns
            if self._executions[asset] != executions.get(asset, 0):
                del self._listed_ns[asset]
        self.totals, self.available = {**totals, **left_out}, available

    def _counts_on(self, asset: str, totals: Mapping[str, float]) -> bool:
        return asset not in totals and asset in self.terms and asset in self._listed_ns

    def left_out_since_ns(self, asset: str) -> int | None:
        """When the last list was asked for that had a coin which the newest leaves out; None for any other."""
        return self._listed_ns.get(asset) if asset in self._left_out else None

    def traded_by_others(self, asset: str, qty: float) -> None:
        """What the executions of others since then add up to, for a coin that is left out."""
        totals, before = self.totals or {}, self._by_others.get(asset, 0.0)
        if asset in self._left_out:
            self.totals = {**totals, asset: max(0.0, rounded(totals[asset] + qty - before))}
            self._by_others[asset] = qty

    def take(self, told: OwnOrder) -> None:
        """The venue, or its answer, told of one of ours."""
        known = self._orders.get(told.order_id)
        order = self._orders[told.order_id] = told if known is None else known.after(told)
        grown = order.filled - (0.0 if known is None else known.filled)
        if grown > 0.0 and self.totals is not None and order.asset in self.totals:
            total = self._total_after(order, grown, self.totals[order.asset])
            self.totals = {**self.totals, order.asset: rounded(total)}
        self._executions[order.asset] += grown > 0.0
        newest = self._newest.get(order.mark.client_id)
        if newest is None or order.mark.link >= newest.mark.link:
            self._newest[order.mark.client_id] = order
        self._doubts.get(order.asset, {}).pop(order.mark.client_id, None)

    def _total_after(self, order: OwnOrder, grown: float, total: float) -> float:
        """Where coins of ours are missing the list may have been made after the sale that is told now: then that is
        what took them. Nobody else has any there, and the venue takes no order for coins that are gone.
        """
        if not order.is_sale:
            return total + grown
        return max(total - grown, min(total, self.bought(order.asset).qty))

    def order(self, order_id: str) -> OwnOrder | None:
        return self._orders.get(order_id)

    def by_id(self, client_id: str) -> OwnOrder | None:
        """The newest of that id."""
        return self._newest.get(client_id)

    def is_superseded(self, order_id: str) -> bool:
        """Whether another one has been laid in its place, under its id."""
        order = self._orders.get(order_id)
        return order is not None and self._newest[order.mark.client_id].order_id != order_id

    def unfinished(self) -> Iterable[OwnOrder]:
        """Those that may still execute."""
        return [order for order in self._orders.values() if not order.is_over]

    def open_sales(self, asset: str, trade: str = "") -> list[OwnOrder]:
        """Those that may still sell, of that trade first."""
        sales = [order for order in self.unfinished() if order.is_sale and order.asset == asset]
        return sorted(sales, key=lambda one: (not trade or trade_of(one.mark.client_id) != trade, one.created_ns))

    def bought(self, asset: str) -> Bought:
        """What all executions add up to: whatever order their stamps have, each purchase adds and each sale takes.

        What the sales of a trade leave of it, or a flatten of everything, under the venue's least order is given up.
        """
        qty = dust = 0.0
        of_trade: dict[str, float] = defaultdict(float)
        own = [order for order in self._orders.values() if order.asset == asset and order.filled > 0.0]
        own.sort(key=lambda one: (one.created_ns, one.order_id))
        for order in own:
            change = -order.filled if order.is_sale else order.filled
            trade = trade_of(order.mark.client_id)
            qty = rounded(qty + change)
            left = of_trade[trade] = rounded(of_trade[trade] + change) if trade else qty
            if order.is_sale and order.is_over and self.is_dust(asset, left, order.average):
                qty, dust = rounded(qty - left), rounded(dust + left)
                of_trade[trade] = 0.0
        return Bought(max(0.0, qty), _cost(own) if qty > 0.0 else 0.0, dust)

    def is_dust(self, asset: str, qty: float, price: float) -> bool:
        """Whether the venue would take no order so small."""
        terms = self.terms.get(asset, NO_TERMS)
        return 0.0 < qty < terms.least or 0.0 < qty * price < terms.least_usd

    def held(self, asset: str, listing: Listing) -> Bought:
        """What is ours and there, in whole lots: never more than the account has. Where no list ever had the coin all
        of it is taken to be there: a venue without the coins takes no order for them.
        """
        bought = self.bought(asset)
        total = bought.qty if self.totals is None else self.totals.get(asset, bought.qty)
        if total >= bought.qty:
            return bought
        lot = float(listing.lot if listing.is_listed else NOT_LISTED / 10**8)
        return bought._replace(qty=rounded(int(total / lot + 1e-6) * lot))

    def free(self, asset: str, listing: Listing) -> float:
        """What of it no order of ours is selling yet."""
        return max(0.0, rounded(self.held(asset, listing).qty - self._selling(asset)))

    def unguarded(self, asset: str) -> float:
        """What our orders bought and none of them is selling yet, whatever the last list of the account says: that may
        have been made after a sale and told before it, which would take it twice.
        """
        return max(0.0, rounded(self.bought(asset).qty - self._selling(asset)))

    def _selling(self, asset: str) -> float:
        return sum(order.left for order in self.open_sales(asset))

    def others(self, asset: str) -> float:
        """What the account has of it beside ours."""
        return max(0.0, rounded((self.totals or {}).get(asset, 0.0) - self.bought(asset).qty))

    # -- sales in doubt

    def doubt(self, asset: str, doubt: Doubt) -> None:
        """Nobody answered that sale."""
        self._doubts.setdefault(asset, {})[doubt.client_id] = doubt

    def doubts(self, asset: str) -> list[Doubt]:
        return list(self._doubts.get(asset, {}).values())

    def is_in_doubt(self, asset: str, client_id: str) -> bool:
        return client_id in self._doubts.get(asset, {})

    def never_arrived(self, asset: str, client_id: str) -> None:
        """It is in no list, long after it was sent."""
        self._doubts.get(asset, {}).pop(client_id, None)


def _cost(orders: Iterable[OwnOrder]) -> float:
    """Of what is left of them, on average; 0 where only what sold it has been told."""
    qty = cost = 0.0
    for order in orders:
        if order.is_sale:
            left = max(0.0, rounded(qty - order.filled))
            cost, qty = cost * left / qty if qty else 0.0, left
        else:
            qty, cost = rounded(qty + order.filled), cost + order.filled * order.average
    return cost / qty if qty else 0.0
