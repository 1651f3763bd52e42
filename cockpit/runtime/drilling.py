"""The drill: the smallest open, a stop, and out again, where no money is at stake, with the times it took.

Where a venue has no such place, what can be asked about an order is asked, and what that does not prove is said.
"""

import asyncio
from contextlib import suppress

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import Instrument
from cockpit.domain.kinds import OrderRole, OrderType, Side
from cockpit.domain.numbers import counted
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_MS, offset_price
from cockpit.engine.ladder import on_grid
from cockpit.exchanges.base.account import RefusalKind, Refused, VenueAccount, VenueFailure, VenueOrder
from cockpit.exchanges.base.order_ids import OrderIds
from cockpit.exchanges.base.timing import Timing
from cockpit.flatten.direct import flatten_directly
from cockpit.gate.sizing import least_qty
from cockpit.journal.drills import Drill, DrillStep
from cockpit.runtime.output import PrintLine

STOP_AWAY_BPS = 300.0
IN_WITHIN_S, OUT_WITHIN_S = 20.0, 35.0
"""A venue that does not answer ends a drill within a minute; what may be left there is said."""
FILL_POLLS = 50
POLL_EVERY_S = 0.1
DOUBLINGS = 12


class DrillFailed(Exception):
    """A step did not go as it must; the text says what was expected and what was found."""


class Drilling:
    """What a drill on one account keeps of its steps, and how it writes its orders."""

    def __init__(
        self, account: VenueAccount, config: CockpitConfig, prefix: str, notify: PrintLine, timing: Timing | None = None
    ) -> None:
        self._account = account
        self._config = config
        self._prefix = prefix
        self._notify = notify
        self._timing = timing or Timing()
        self._steps: list[DrillStep] = []
        self._number = self._timing.clock() // NS_PER_MS

    def _traded(self) -> list[str]:
        """The assets that trade there."""
        return [asset for asset, where in self._config.assets.items() if where.trade_on == self._account.venue]

    def _order(
        self,
        asset: str,
        role: OrderRole,
        order_type: OrderType,
        side: Side,
        qty: float,
        trigger_price: float | None = None,
    ) -> OrderRequest:
        self._number += 1
        return OrderRequest(
            order_id=f"d{self._number}",
            trade_id="drill",
            venue=self._account.venue,
            asset=asset,
            side=side,
            role=role,
            order_type=order_type,
            qty=qty,
            reduce_only=role is not OrderRole.ENTRY,
            decided_ns=self._timing.clock(),
            decision_price=0.0,
            trigger_price=trigger_price,
        )

    def _emit(self, name: str, began_ns: int, sentence: str) -> None:
        step = DrillStep(name, self._timing.since_s(began_ns) * 1_000.0, sentence)
        self._steps.append(step)
        self._notify(f"{step.took_ms:8.1f} ms  {self._account.venue} {name}: {sentence}")

    def _drill(self, began_ns: int, place: str, ok: bool) -> Drill:
        return Drill(began_ns, self._account.venue, place, ok, tuple(self._steps))


class DrillRun(Drilling):
    """One drill on one account, which must be a demo one or on this machine. Run it once."""

    def __init__(
        self, account: VenueAccount, config: CockpitConfig, prefix: str, notify: PrintLine, timing: Timing | None = None
    ) -> None:
        super().__init__(account, config, prefix, notify, timing)
        self._ids = OrderIds(prefix)
        self._is_open = False

    async def run(self) -> Drill:
        """Every step, and the way out whatever became of the others. Never raises what a venue did."""
        began_ns = self._timing.clock()
        is_done = False
        try:
            async with asyncio.timeout(IN_WITHIN_S):
                await self._in()
            is_done = True
        except (DrillFailed, VenueFailure) as error:
            self._emit("FAILED", began_ns, str(error))
        except TimeoutError:
            self._emit("FAILED", began_ns, f"expected every step within {IN_WITHIN_S:g} s, was not")
        place = "demo" if self._account.is_demo else "loopback" if self._account.is_loopback else "real"
        if not self._is_open:
            await self._account.close()
            return self._drill(began_ns, place, False)
        return self._drill(began_ns, place, await self._out() and is_done)

    async def _out(self) -> bool:
        """Whatever became of the way in. Only a venue that says so is flat."""
        out_ns, account = self._timing.clock(), self._account
        try:
            async with asyncio.timeout(OUT_WITHIN_S):
                is_flat = await flatten_directly(
                    {account.venue: account}, lambda step: self._notify(step.line), self._prefix, self._timing
                )
        except TimeoutError:
            is_flat = False
        self._emit("FLATTEN", out_ns, "the venue said flat twice" if is_flat else "the venue was NOT seen flat")
        return is_flat

    @property
    def is_allowed(self) -> bool:
        """Whether no money is at stake there."""
        return self._account.is_demo or self._account.is_loopback

    async def _in(self) -> None:
        if not self.is_allowed:
            raise DrillFailed(f"expected a demo or loopback account on {self._account.venue}, was a real one")
        began_ns = self._timing.clock()
        await self._account.open()
        self._is_open = True
        held = await self._account.positions()
        self._emit("OPEN THE ACCOUNT", began_ns, f"{counted(len(held), 'position')} there")
        asset = self._traded()[0]
        instrument = self._config.instrument(asset, self._account.venue)
        entry = await self._enter(asset, instrument)
        await self._protect(entry, instrument)

    async def _enter(self, asset: str, instrument: Instrument) -> VenueOrder:
        """The smallest order that the venue takes: doubled until it is not too small."""
        began_ns, qty = self._timing.clock(), instrument.min_qty
        for _ in range(DOUBLINGS):
            order = self._order(asset, OrderRole.ENTRY, OrderType.MARKET, Side.LONG, qty)
            client_id = self._ids.client_id(order.order_id)
            try:
                await self._account.place(order, client_id)
            except Refused as refused:
                if refused.kind is not RefusalKind.TOO_SMALL:
                    raise
                qty *= 2
                continue
            filled = await self._filled(asset, client_id)
            self._emit("ENTRY", began_ns, f"{filled.filled_qty:g} {asset} at {filled.average_price:g}")
            return filled
        raise DrillFailed(f"expected {self._account.venue} to take {qty:g} {asset}, was too small for it")

    async def _filled(self, asset: str, client_id: str) -> VenueOrder:
        found: VenueOrder | None = None
        for _ in range(FILL_POLLS):
            with suppress(VenueFailure):
                found = await self._account.find(asset, client_id, False)
            if found is not None and found.status.is_final and found.filled_qty > 0:
                return found
            await self._timing.sleep(POLL_EVERY_S)
        status = "not found" if found is None else found.status.value
        raise DrillFailed(f"expected the entry filled within {FILL_POLLS * POLL_EVERY_S:g} s, was {status}")

    async def _protect(self, entry: VenueOrder, instrument: Instrument) -> None:
        began_ns = self._timing.clock()
        trigger = on_grid(offset_price(entry.average_price, -STOP_AWAY_BPS), Side.LONG, instrument.tick_usd)
        stop = self._order(
            entry.asset, OrderRole.STOP, OrderType.STOP_MARKET, Side.SHORT, entry.filled_qty, trigger_price=trigger
        )
        client_id = self._ids.client_id(stop.order_id)
        await self._account.place(stop, client_id)
        self._emit("STOP", began_ns, f"{entry.filled_qty:g} {entry.asset} at {trigger:g}")
        listed = [order.client_id for order in await self._account.open_orders([entry.asset])]
        if client_id not in listed:
            raise DrillFailed(f"expected the stop in {self._account.venue}'s list, was not there")
        self._emit("STOP SEEN", began_ns, "rests in the venue's own list")


PREVIEWED = "preview"
"""Where such a drill was: nothing was placed."""
PROVES = "key, permission, address and the venue's own judgement of each order's shape, size and price step"
PROVES_NOT = "NOT that an order is carried out, that a stop rests or triggers, nor that a close or a flatten works"


class PreviewDrill(Drilling):
    """The drill of a venue without a demo account: entry, stop and close are asked about, and none of them is placed.

    An exit of nothing may be refused for want of a position: the venue has understood it then, and that is said.
    """

    async def run(self) -> Drill:
        """Every order of every asset that trades there. Never raises what the venue did."""
        began_ns, account = self._timing.clock(), self._account
        is_done = False
        try:
            async with asyncio.timeout(IN_WITHIN_S):
                await account.open()
                held = await account.positions()
                self._emit("OPEN THE ACCOUNT", began_ns, f"{counted(len(held), 'position')} there")
                for asset in self._traded():
                    await self._ask_about(asset, self._config.instrument(asset, account.venue))
            is_done = True
        except (DrillFailed, VenueFailure) as error:
            self._emit("FAILED", began_ns, str(error))
        except TimeoutError:
            self._emit("FAILED", began_ns, f"expected every answer within {IN_WITHIN_S:g} s, was not")
        finally:
            await account.close()
        self._emit("PREVIEW ONLY", began_ns, f"proves {PROVES}; {PROVES_NOT}" if is_done else "proves nothing")
        return self._drill(began_ns, PREVIEWED, is_done)

    async def _ask_about(self, asset: str, instrument: Instrument) -> None:
        began_ns = self._timing.clock()
        price = await self._account.mark_price(asset)
        trigger = on_grid(offset_price(price, -STOP_AWAY_BPS), Side.LONG, instrument.tick_usd)
        qty = least_qty(instrument, trigger) if instrument.is_spot else instrument.min_qty
        entry = self._order(asset, OrderRole.ENTRY, OrderType.MARKET, Side.LONG, qty)
        stop = self._order(asset, OrderRole.STOP, OrderType.STOP_MARKET, Side.SHORT, qty, trigger_price=trigger)
        close = self._order(asset, OrderRole.CLOSE, OrderType.MARKET, Side.SHORT, qty)
        for order, what in ((entry, f"{qty:g} {asset}"), (stop, f"{qty:g} {asset} at {trigger:g}"), (close, "it all")):
            answer = await self._answer(order)
            self._emit(f"{order.role.value.upper()} {asset}", began_ns, f"{what}: {answer}")

    async def _answer(self, order: OrderRequest) -> str:
        try:
            found = await self._account.preview(order)
        except Refused as refused:
            if order.reduce_only and refused.kind is RefusalKind.NOTHING_TO_REDUCE:
                return f"understood, and refused while nothing is open ({refused.code})"
            raise
        fee = "no fee told" if found.fee_usd is None else f"fee {found.fee_usd:.2f} USD"
        return "; ".join(("would be taken", fee, *(f"warns: {warning}" for warning in found.warnings)))
