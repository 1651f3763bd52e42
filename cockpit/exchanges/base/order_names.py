"""Whose an execution is: a venue lists executions under its own order ids, and our ids are learnt once an order."""

from collections.abc import Iterable
from typing import NamedTuple

from cockpit.exchanges.base.account import VenueFill, VenueOrder

REMEMBERED = 5_000


class OrderName(NamedTuple):
    """Under which id an order was placed ("" = none), and why the venue itself placed it ("" = it did not)."""

    client_id: str = ""
    forced: str = ""
    nets_with_ours: bool = True


class OrderNames:
    """Client ids by the venue's order ids. A triggered order goes by the id of the conditional one it came from."""

    def __init__(self) -> None:
        self._names: dict[str, OrderName] = {}

    def learn(self, venue_order_id: str, order: VenueOrder | None) -> None:
        """What the venue said of that order; where it does not know it (yet), it will be asked again."""
        if order is None:
            return
        self._names[venue_order_id] = OrderName(order.client_id, order.detail, order.nets_with_ours)
        while len(self._names) > REMEMBERED:
            del self._names[next(iter(self._names))]

    def unknown(self, venue_order_ids: Iterable[str]) -> list[str]:
        """Those of which nothing is known yet, each once."""
        return [order_id for order_id in dict.fromkeys(venue_order_ids) if order_id not in self._names]

    def named(self, fill: VenueFill) -> VenueFill:
        """The execution under the id its order goes by, as far as that is known."""
        name = self._names.get(fill.venue_order_id, OrderName())
        return fill._replace(
            client_id=name.client_id or fill.client_id,
            forced=name.forced or fill.forced,
            nets_with_ours=name.nets_with_ours and fill.nets_with_ours,
        )
