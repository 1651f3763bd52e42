"""An account in memory, for what is pure in the flatten: it fails as its script says, and sees what was done to it."""

from collections.abc import Collection, Iterator, Mapping

from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import HeldPosition, RefusalKind, Refused, VenueOrder
from cockpit.exchanges.base.order_text import guards


class ScriptedAccount:
    """`script` gives, call by call, the exception to raise, or None. A failing call may still act (`acts`)."""

    venue = "binance"

    def __init__(
        self, held: dict[str, float], orders: list[VenueOrder], script: Iterator[tuple[Exception | None, bool]]
    ) -> None:
        self.held = dict(held)
        self.resting = {order.venue_order_id: order for order in orders}
        self.naked: list[str] = []
        """Perpetuals whose stop went while a position was there."""
        self.turned = False
        self._script = script

    async def positions(self) -> tuple[HeldPosition, ...]:
        self._fail()
        return tuple(HeldPosition(asset, qty, 100.0, 100.0, None, None) for asset, qty in self.held.items() if qty)

    async def margin_in_use_usd(self) -> float:
        self._fail()
        return sum(abs(qty) for qty in self.held.values())

    async def open_orders(self, assets: Collection[str] | None = None) -> tuple[VenueOrder, ...]:
        self._fail()
        return tuple(self.resting.values())

    def unreadable(self) -> tuple[str, ...]:
        return ()

    def by_our_clock(self, venue_ns: int) -> int:
        return venue_ns

    def changed_grid(self, asset: str) -> str:
        return ""

    async def read_grids(self) -> None:
        return None

    def set_aside(self) -> Mapping[str, str]:
        return {}

    def remarks(self) -> tuple[str, ...]:
        return ()

    def most_at_market(self, position: HeldPosition) -> float | None:
        return None

    async def cancel_order(self, order: VenueOrder) -> None:
        if self._acts():
            if guards(order) and self.held.get(order.asset):
                self.naked.append(order.asset)
            self.resting.pop(order.venue_order_id, None)
        self._fail()

    async def close_position(self, position: HeldPosition, client_id: str) -> VenueOrder:
        asset, qty = position.asset, self.held.get(position.asset, 0.0)
        if not qty:
            raise Refused(RefusalKind.NOTHING_TO_REDUCE, "-2022", "nothing to reduce")
        if any(order.asset == asset and not guards(order) and order.reduce_only for order in self.resting.values()):
            raise Refused(RefusalKind.QUANTITY_RESERVED, "-4118", "held by other orders")
        if self._acts():
            self.turned = self.turned or abs(position.qty) > abs(qty)
            self.held[asset] = qty - position.qty
        self._fail()
        side = Side.SHORT if qty > 0 else Side.LONG
        return VenueOrder(
            client_id, client_id, asset, side, OrderStatus.FILLED, abs(qty), abs(qty), 100.0, True, False, None, None
        )

    def _acts(self) -> bool:
        """Whether this call reaches the venue."""
        self._failure, acts = next(self._script, (None, True))
        return self._failure is None or acts

    def _fail(self) -> None:
        failure = self.__dict__.pop("_failure", None) or next(self._script, (None, True))[0]
        if failure is not None:
            raise failure
