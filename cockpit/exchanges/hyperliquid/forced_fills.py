"""Forced orders, which Hyperliquid has no public channel for: they are read off fills, and completed from the prints.

That a fill was forced is said in the fills of an address alone, of either side of it. The venue's own vaults take over
what is liquidated at last (`backstop`) and make markets in everything, so that their fills show who is being liquidated
when; every other print of that user at that instant, on that side, is of the same forced order. One that met none of
those vaults is not seen.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.frames import FrameContent, RowFields, whole
from cockpit.exchanges.hyperliquid.client import VENUE

VAULTS = (
    "0x2e3d94f0562703b25c83308a05046ddaf9a8dd14",
    "0xb0a55f13d22f66e6d495ac98113841b2326e9540",
    "0x010461c14e146ac35fe42271bdc1134ee31c703a",
    "0x31ca8395cf837de08b24da3f660e77761dfb974b",
    "0x469f690213c467c39a23efacfd2816896009d7d8",
    "0x5e177e5e39c0f4e421f5865a6d8beed8d921cb70",
    "0x2ed5c4484ea3ff8b57d5f2fb152a40d9f2b68308",
)
"""The liquidators and market makers of the venue's vault HLP. An address of ours may follow ten users at most."""
KEPT = 5_000
FIELDS = RowFields(VENUE, price="px", qty="sz")
SELLER, BUYER = "A", "B"

Instant = tuple[str, int, str, str]
"""Coin, milliseconds, user, and the side the user was on."""


class ForcedFills:
    """Every forced print once, whether its print or the fill that betrays it comes first."""

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._assets = assets
        self._emitted: Recent[int] = Recent(KEPT)
        self._forced: Recent[Instant] = Recent(KEPT)
        self._printed: BoundedMap[Instant, list[Mapping[str, Any]]] = BoundedMap(KEPT)

    def printed(self, asset: str, row: Mapping[str, Any], recv_ns: int) -> Iterator[FrameContent]:
        """A print: forced, where one of its users is being liquidated at that instant."""
        for user, side in zip(row.get("users") or (), (BUYER, SELLER), strict=False):
            instant = (str(row["coin"]), whole(row, "time"), str(user).lower(), side)
            self._printed[instant] = [*self._printed.get(instant, ()), row]
            if instant in self._forced:
                yield from self._emit_once(asset, row, side, recv_ns)

    def filled(self, user: str, row: Mapping[str, Any], recv_ns: int) -> Iterator[FrameContent]:
        """A fill of a vault, and every print of the same forced order that came before it."""
        asset, forced = self._assets.get(str(row["coin"])), row.get("liquidation")
        if asset is None or not forced:
            return
        liquidated, own = str(forced["liquidatedUser"]).lower(), user.lower()
        theirs = row["side"] if liquidated == own else SELLER if row["side"] == BUYER else BUYER
        instant = (str(row["coin"]), whole(row, "time"), liquidated, theirs)
        self._forced.add(instant)
        yield from self._emit_once(asset, row, theirs, recv_ns)
        for print_row in self._printed.get(instant, ()):
            yield from self._emit_once(asset, print_row, theirs, recv_ns)

    def _emit_once(self, asset: str, row: Mapping[str, Any], side: str, recv_ns: int) -> Iterator[FrameContent]:
        tid = whole(row, "tid")
        if tid in self._emitted:
            return
        self._emitted.add(tid)
        yield FIELDS.forced(asset, row, whole(row, "time") * NS_PER_MS, recv_ns, side == SELLER)
