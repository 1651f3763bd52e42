"""Conditional orders that were triggered, followed to the orders they became.

The venue gives such an order an id of its own, and its words may come before the word that says whose it is.
"""

from typing import TypeVar

from cockpit.exchanges.base.account import OrderUpdate

MOST_ORDERS = 500
WORDS_KEPT = 20

Held = TypeVar("Held")


class TriggeredOrders:
    """Renames the words about a triggered order to the client id of the conditional order it came from."""

    def __init__(self) -> None:
        self._client_ids: dict[str, str] = {}
        self._words: dict[str, list[OrderUpdate]] = {}

    def client_id(self, venue_order_id: str, told: str) -> str:
        """Under which id of ours an order goes; `told` where it came from no conditional one."""
        return self._client_ids.get(venue_order_id, told)

    def renamed(self, word: OrderUpdate) -> OrderUpdate:
        """The word under our id; remembered, should its origin be told later."""
        order_id = word.order.venue_order_id
        known = self._client_ids.get(order_id)
        self._remember(order_id, word)
        return word if known is None else _under(word, known)

    def told(self, order_id: str, client_id: str) -> list[OrderUpdate]:
        """The venue said what a conditional order became; returns what was said of that before, under our id."""
        if order_id in self._client_ids:
            return []
        self._client_ids[order_id] = client_id
        _forget_oldest(self._client_ids)
        return [_under(word, client_id) for word in self._words.get(order_id, ())]

    def has_spoken(self, order_id: str) -> bool:
        """Whether the order that it became was spoken of already: then its own word counts, not the trigger's."""
        return order_id in self._words

    def _remember(self, order_id: str, word: OrderUpdate) -> None:
        self._words[order_id] = [*self._words.get(order_id, ()), word][-WORDS_KEPT:]
        _forget_oldest(self._words)


def _under(word: OrderUpdate, client_id: str) -> OrderUpdate:
    fill = None if word.fill is None else word.fill._replace(client_id=client_id)
    return word._replace(order=word.order._replace(client_id=client_id), fill=fill)


def _forget_oldest(held: dict[str, Held]) -> None:
    while len(held) > MOST_ORDERS:
        del held[next(iter(held))]
