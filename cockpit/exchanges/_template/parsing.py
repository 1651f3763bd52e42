"""The venue's words for orders, executions and positions, as our own. Quantities become base coins here.

Bodies: name here the endpoints and channels that the shapes below are taken from, and keep recorded ones as tests.
"""

from collections.abc import Mapping

from cockpit.domain.kinds import OrderStatus
from cockpit.exchanges.base.account import HeldPosition, VenueFill, VenueOrder
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.row_parser import Row, RowParser

STATUS: Mapping[str, OrderStatus] = {}
"""A word that is not here is UNKNOWN, and is asked for."""
FORCED: Mapping[str, str] = {}
"""How the venue marks executions that nobody ordered: "liquidation", "auto-deleveraging"."""


class TemplateParser(RowParser):
    """What its rows say; `execution` makes a fill of an execution's numbers."""

    def order(self, row: Row) -> VenueOrder:
        """An order or a stop, by REST or by the stream."""
        raise NotImplementedError("parsing: an order")

    def fill(self, row: Row) -> VenueFill:
        """An execution, with its fee as the venue booked it: never the library's fallback rate."""
        raise NotImplementedError("parsing: an execution")

    def position(self, row: Row) -> HeldPosition | None:
        """A position; None for a flat one. `mark_price` is None where the row has none."""
        raise NotImplementedError("parsing: a position")


def listing_of(row: Row, asset: str) -> Listing | None:
    """A contract's unit, lot, least quantity and tick; None for what is not traded in USD or has no sizes yet."""
    raise NotImplementedError("parsing: a listed contract")


def asset_of(market_id: str) -> str:
    """The base coin of a perpetual in the venue's own quote; every other contract keeps the venue's own name."""
    raise NotImplementedError("parsing: our name of a contract")
