"""A person trading by hand on the same account: on the venue's own screen, so through no REST call of ours.

Binance names such orders `web_...` or `ios_...` or `android_...` (client ids seen in ccxt 4.5.90's comments); OKX
leaves the client id empty.
"""

from decimal import Decimal
from typing import Protocol

from tests.loopback_second.amounts import ZERO
from tests.loopback_second.clock import Clock
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.market import Market
from tests.loopback_second.matching import Matching, Ticket
from tests.loopback_second.records import Key, Order, Position, Trigger
from tests.loopback_second.triggers import Triggers

Number = Decimal | float | str


class Screen(Protocol):
    """What hands need of a venue."""

    clock: Clock
    market: Market
    ledger: Ledger
    matching: Matching
    triggers: Triggers
    stop_kind: str
    target_kind: str

    def mode_of(self, instrument: str) -> str: ...
    def change_leverage(self, instrument: str, mode: str, leverage: int) -> None: ...
    def change_margin_mode(self, instrument: str, mode: str) -> None: ...
    def hand_name(self) -> str: ...


class Hands:
    def __init__(self, venue: Screen) -> None:
        self.venue = venue

    def market(
        self, instrument: str, side: str, qty: Number, mode: str = "", pos_side: str = "", reduce_only: bool = False
    ) -> Order:
        return self._place(instrument, side, qty, "MARKET", ZERO, mode, pos_side, reduce_only)

    def limit(
        self, instrument: str, side: str, qty: Number, price: Number, mode: str = "", reduce_only: bool = False
    ) -> Order:
        return self._place(instrument, side, qty, "LIMIT", Decimal(str(price)), mode, "", reduce_only)

    def _place(
        self,
        instrument: str,
        side: str,
        qty: Number,
        kind: str,
        price: Decimal,
        mode: str,
        pos_side: str,
        reduce_only: bool,
    ) -> Order:
        return self.venue.matching.place(
            Ticket(
                instrument=instrument,
                side=side.upper(),
                kind=kind,
                qty=Decimal(str(qty)),
                price=price,
                mode=mode or self.venue.mode_of(instrument),
                pos_side=pos_side,
                reduce_only=reduce_only,
                client_id=self.venue.hand_name(),
                source="hand",
            )
        )

    def position(self, instrument: str, mode: str = "", pos_side: str = "") -> Position:
        key = self.venue.matching.key_of(instrument, mode or self.venue.mode_of(instrument), pos_side)
        return self.venue.ledger.position(key)

    def close(self, instrument: str, share: Number = 1, mode: str = "", pos_side: str = "") -> Order:
        """All of it, or a share rounded down to the lot."""
        held = self.position(instrument, mode, pos_side)
        lot = self.venue.market.instruments[instrument].lot
        qty = abs(held.qty) * Decimal(str(share)) // lot * lot
        return self.market(instrument, self._against(held), qty, held.key.mode, self._side(held.key), self._reduces())

    def flip(self, instrument: str, mode: str = "") -> Order:
        """The same size on the other side, one order."""
        held = self.position(instrument, mode)
        return self.market(instrument, self._against(held), abs(held.qty) * 2, held.key.mode)

    def stop(
        self, instrument: str, side: str, qty: Number, price: Number, mode: str = "", pos_side: str = ""
    ) -> Trigger:
        return self._conditional(
            instrument, side, qty, self.venue.stop_kind, mode, pos_side, stop_px=Decimal(str(price))
        )

    def target(self, instrument: str, side: str, qty: Number, price: Number, mode: str = "") -> Trigger:
        return self._conditional(instrument, side, qty, self.venue.target_kind, mode, "", target_px=Decimal(str(price)))

    def algo(self, instrument: str, side: str, qty: Number, kind: str, mode: str = "") -> Trigger:
        """OKX's twap, iceberg and chase: listed under their own kind, they wait for no price here."""
        return self._conditional(instrument, side, qty, kind, mode, "", reduce_only=False)

    def _conditional(
        self,
        instrument: str,
        side: str,
        qty: Number,
        kind: str,
        mode: str,
        pos_side: str,
        stop_px: Decimal | None = None,
        target_px: Decimal | None = None,
        reduce_only: bool = True,
    ) -> Trigger:
        venue = self.venue
        return venue.triggers.place(
            Trigger(
                id=venue.triggers.next_id(),
                client_id=venue.hand_name(),
                instrument=instrument,
                side=side.upper(),
                kind=kind,
                qty=Decimal(str(qty)),
                stop_px=stop_px,
                target_px=target_px,
                watches="mark",
                order_px=None,
                mode=mode or venue.mode_of(instrument),
                pos_side=pos_side or venue.matching.rules.net_side,
                reduce_only=reduce_only and self._reduces(),
                created_ms=venue.clock.ms(),
                born_s=venue.clock.mono_s(),
                source="hand",
            )
        )

    def cancel(self, what: Order | Trigger) -> None:
        if isinstance(what, Trigger):
            self.venue.triggers.cancel(what)
        else:
            self.venue.matching.cancel(what)

    def cancel_all(self, instrument: str = "") -> None:
        for order in self.venue.matching.open_orders(instrument):
            self.cancel(order)
        self.cancel_stops(instrument)

    def cancel_stops(self, instrument: str = "") -> None:
        for trigger in self.venue.triggers.resting(instrument):
            self.cancel(trigger)

    def leverage(self, instrument: str, leverage: int, mode: str = "") -> None:
        self.venue.change_leverage(instrument, mode or self.venue.mode_of(instrument), leverage)

    def margin_mode(self, instrument: str, mode: str) -> None:
        self.venue.change_margin_mode(instrument, mode)

    def position_mode(self, hedged: bool) -> None:
        """The venue lets it be changed only while nothing is open."""
        if self.venue.matching.open_orders() or self.venue.ledger.open_positions():
            raise ValueError("expected no open orders and no positions")
        self.venue.matching.rules.hedged = hedged

    @staticmethod
    def _against(held: Position) -> str:
        if not held.qty:
            raise ValueError(f"expected a position in {held.key}, was none")
        return "SELL" if held.direction > 0 else "BUY"

    def _side(self, key: Key) -> str:
        return key.side if self.venue.matching.rules.hedged else ""

    def _reduces(self) -> bool:
        return not self.venue.matching.rules.hedged
