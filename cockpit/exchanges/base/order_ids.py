"""Client ids: whose an order is can be read off the id that a venue keeps with it.

`ck`, six characters that name the profile, then our order id: `ckq7w2e9t000001e1`. Alphanumeric and at most 32 long,
which is what OKX allows (the stricter of the two).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from cockpit.domain.bounded import BoundedMap
from cockpit.exchanges.base.account import VenueFill, VenueOrder

# Whose an execution is: a venue lists executions under its own order ids, and our ids are learnt once an order.

REMEMBERED = 5_000


class OrderName(NamedTuple):
    """Under which id an order was placed ("" = none), and why the venue itself placed it ("" = it did not)."""

    client_id: str = ""
    forced: str = ""
    nets_with_ours: bool = True


class OrderNames:
    """Client ids by the venue's order ids. A triggered order goes by the id of the conditional one it came from."""

    def __init__(self) -> None:
        self._names: BoundedMap[str, OrderName] = BoundedMap(REMEMBERED)

    def learn(self, venue_order_id: str, order: VenueOrder | None) -> None:
        """What the venue said of that order; where it does not know it (yet), it will be asked again."""
        if order is None:
            return
        self._names[venue_order_id] = OrderName(order.client_id, order.detail, order.nets_with_ours)

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


MARK = "ck"
PREFIX_CHARS = 6
FLATTEN, OUTSIDE = "flatten-", "outside-"
"""What the engine knows orders by that it never sent: a flatten's closes, and others' orders that closed ours."""
LONGEST = 32
_PREFIX = re.compile(r"[0-9a-z]{6}")
_FLATTEN = re.compile(r"f([0-9]{13})")
PROBE = "probe"
_PROTECTION = re.compile(r"g[0-9]{13}")
_PROBE = re.compile(r"(?:ck)?probe[0-9]{14,20}")
_ANYBODYS = re.compile(r"ck([0-9a-z]{6})([0-9A-Za-z]+)")


class Whose(NamedTuple):
    """Who placed an order. `order_id` where it is ours, `cockpit` the prefix of another cockpit; both None: others."""

    order_id: str | None
    cockpit: str | None
    is_protection: bool = False
    """A stop of ours for a position that is not."""
    is_probe: bool = False
    """A far-away stop that only asked whether the venue takes stops, of any cockpit: never meant to stay."""


FOREIGN = Whose(None, None)
LEFT_PROBE = Whose(None, None, is_probe=True)


class OrderIds:
    """Turns order ids into client ids and back, without a memory: the same after every restart.

    The closes of a flatten are the venue's own business; their ids are numbered by the clock (milliseconds), so that
    none comes twice, and the engine knows them as `flatten-{venue}-{asset}-{number}`.
    """

    def __init__(self, prefix: str) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"expected a prefix of {PREFIX_CHARS} lowercase letters and digits, was {prefix!r}")
        self._prefix = prefix
        self._last_number = 0

    def client_id(self, order_id: str) -> str:
        """The client id of one of our order ids. Raises ValueError for one that no venue would take."""
        own = f"f{order_id.rpartition('-')[2]}" if order_id.startswith(FLATTEN) else order_id
        client_id = f"{MARK}{self._prefix}{own}"
        if not (own.isascii() and own.isalnum() and len(client_id) <= LONGEST):
            raise ValueError(f"expected a short alphanumeric order id, was {order_id!r}")
        return client_id

    def flatten_id(self, venue: str, asset: str, now_ns: int) -> str:
        """A new order id for a flatten's close."""
        self._last_number = max(self._last_number + 1, now_ns // 1_000_000)
        return f"{FLATTEN}{venue}-{asset}-{self._last_number:013d}"

    def protection_id(self, now_ns: int) -> str:
        """A new client id for a stop of a position that is not ours."""
        self._last_number = max(self._last_number + 1, now_ns // 1_000_000)
        return f"{MARK}{self._prefix}g{self._last_number:013d}"

    def whose(self, client_id: str, venue: str, asset: str) -> Whose:
        """Whose the order of that client id on this perpetual is."""
        if _PROBE.fullmatch(client_id):
            return LEFT_PROBE
        parts = _ANYBODYS.fullmatch(client_id)
        if parts is None:
            return FOREIGN
        prefix, own = parts.groups()
        if prefix != self._prefix:
            return Whose(None, prefix)
        if _PROTECTION.fullmatch(own):
            return Whose(None, None, is_protection=True)
        flatten = _FLATTEN.fullmatch(own)
        return Whose(f"{FLATTEN}{venue}-{asset}-{flatten.group(1)}" if flatten else own, None)
