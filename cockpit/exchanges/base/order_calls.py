"""Orders at a venue that keeps conditional ones in a service of their own: cancelled, looked up, their executions read.

What one service cancels, finds or lists the other does not see; a conditional order that is triggered becomes a plain
one under another id. A wing names its endpoints and keys, and says what its rows mean.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from cockpit.exchanges.base.account import HeldPosition, Refused, VenueFill, VenueOrder
from cockpit.exchanges.base.account_lists import ORDERS, POSITIONS
from cockpit.exchanges.base.ccxt_account import CcxtAccount
from cockpit.exchanges.base.rows import as_list, names_in


class Parser(Protocol):
    """Reads the venue's rows, whether asked for or streamed."""

    def order(self, row: Any) -> VenueOrder | None:
        """A plain order."""

    def algo(self, row: Any) -> VenueOrder | None:
        """A conditional order, by what its own service says."""

    def triggered_as(self, row: Any) -> str:
        """The venue's id of the plain order that a conditional one became, "" while it waits."""

    def fill(self, row: Any, client_id: str) -> VenueFill | None:
        """An execution."""

    def position(self, row: Any) -> HeldPosition | None:
        """An open position."""


class OrderCalls(CcxtAccount):
    """`not_open` are the codes by which the venue says that it knows no such order, or that it is over."""

    not_open: frozenset[str]
    order_endpoint: str
    algo_endpoint: str
    market_key: str
    client_id_key: str
    order_id_key: str
    algo_client_id_key: str
    fee_coin_key: str
    parser: Parser

    def row_of(self, answer: Any) -> Any:
        """The one row that was asked for, out of the answer; None where it holds none."""
        return answer

    @abstractmethod
    async def executions_of(self, ids: dict[str, str]) -> Sequence[Any]:
        """The rows of one order's executions, oldest first."""

    async def _cancel(self, endpoint: str, ids: dict[str, str] | list[dict[str, str]]) -> None:
        try:
            await self.send(endpoint, ids)
        except Refused as refused:
            if refused.code not in self.not_open:
                raise

    async def find(self, asset: str, client_id: str, is_conditional: bool) -> VenueOrder | None:
        """One order by our id; a triggered stop is followed to the order it became."""
        market_id = self.listing(asset).market_id
        if not is_conditional:
            return await self._order({self.market_key: market_id, self.client_id_key: client_id})
        row = await self._row(self.algo_endpoint, {self.algo_client_id_key: client_id})
        if row is None:
            return None
        with self.judged():
            order_id, algo = self.parser.triggered_as(row), self.parser.algo(row)
        turned_into = await self._order(self._ids(market_id, order_id)) if order_id else None
        if turned_into is None or algo is None:
            return algo
        followed = turned_into._replace(client_id=client_id, trigger_price=algo.trigger_price)
        self._names.learn(order_id, followed)
        return followed

    def _ids(self, market_id: str, order_id: str) -> dict[str, str]:
        return {self.market_key: market_id, self.order_id_key: order_id}

    async def _order(self, ids: dict[str, str]) -> VenueOrder | None:
        row = await self._row(self.order_endpoint, ids)
        with self.judged():
            return None if row is None else self.parser.order(row)

    async def _row(self, endpoint: str, ids: dict[str, str]) -> Any:
        try:
            answer = await self.ask(endpoint, ids)
        except Refused as refused:
            if refused.code in self.not_open:
                return None
            raise
        with self.judged():
            return self.row_of(answer)

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of it; none while it waits for its trigger."""
        if order.is_conditional:
            return ()
        rows = await self.executions_of(self._ids(self.listing(order.asset).market_id, order.venue_order_id))
        with self.judged():
            await self._prices.learn(names_in(rows, self.fee_coin_key))
            return tuple(self.lists.read("executions", rows, lambda row: self.parser.fill(row, order.client_id)))

    async def _orders_in(self, plain: Sequence[Any], algo: Sequence[Any]) -> list[VenueOrder]:
        """The open orders in the rows of both services, those left out that only asked whether stops are taken."""
        await self.lists.learn(names_in((*plain, *algo), self.market_key))
        rows = [*((self.parser.order, row) for row in plain), *((self.parser.algo, row) for row in algo)]
        found = self.lists.read(ORDERS, rows, lambda one: one[0](one[1]))
        return [order for order in found if not self._probe.is_out(order.client_id)]

    async def _positions_in(self, rows: Iterable[Any]) -> tuple[HeldPosition, ...]:
        rows = as_list(rows)
        await self.lists.learn(names_in(rows, self.market_key))
        return tuple(self.lists.read(POSITIONS, rows, self.parser.position))
