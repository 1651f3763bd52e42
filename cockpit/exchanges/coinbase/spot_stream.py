"""The user channel of a spot account: of orders that carry our mark, and in the order that their swap asks for."""

from collections.abc import Iterable
from typing import Any

from cockpit.exchanges.base.account import OrderUpdate, StreamUpdate
from cockpit.exchanges.coinbase.spot_books import SpotBooks, mark_of
from cockpit.exchanges.coinbase.spot_orders import SpotParser
from cockpit.exchanges.coinbase.user_stream import AsksExecutions, CoinbaseStream


class SpotStream(CoinbaseStream):
    """`hold` an asset while a stop there leaves for a sale: what is told of it meanwhile is read, and passed on by
    `release`, but for the stop that another has taken the place of.
    """

    def __init__(self, account: AsksExecutions, parser: SpotParser, books: SpotBooks) -> None:
        super().__init__(account, parser)
        self._books = books
        self._held: dict[str, list[OrderUpdate]] = {}

    def hold(self, asset: str) -> None:
        self._held[asset] = []

    def release(self, asset: str) -> None:
        for update in self._held.pop(asset, []):
            self._emit(update)

    def _event(self, event: Any, ts_ns: int) -> Iterable[StreamUpdate]:
        rows = [row for row in event.get("orders") or () if mark_of(str(row.get("client_order_id") or "")) is not None]
        return super()._event({"orders": rows}, ts_ns)

    def _emit(self, update: StreamUpdate) -> None:
        if not isinstance(update, OrderUpdate):
            super()._emit(update)
            return
        held = self._held.get(update.order.asset)
        if held is not None:
            held.append(update)
        elif not self._books.is_superseded(update.order.venue_order_id):
            super()._emit(update)
        elif update.fill is not None:
            newest = self._books.by_id(update.order.client_id)
            order = None if newest is None else self._orders.get(newest.order_id)
            super()._emit(update if order is None else update._replace(order=order))
