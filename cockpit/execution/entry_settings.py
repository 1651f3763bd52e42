"""Leverage and margin mode were compared before arming; anybody may have changed them since: looked at each entry."""

from cockpit.config.execution import ExecutionSection
from cockpit.domain.kinds import VenueTopic
from cockpit.exchanges.base.account import NotSent, VenueFailure
from cockpit.exchanges.base.account_facts import TradeSettings
from cockpit.exchanges.base.timing import BackOff, within
from cockpit.execution.venue_context import VenueContext

# Price steps and lots that a venue changes while a session runs: no entry there, until the session is begun anew.
#
# The engine computes quantities and prices on the grid that it began with. Exits are written on the venue's own grid.

READ_EVERY_S = 300.0


class GridWatch:
    """Compares the grids that the account knows with those of its first list, and reads them anew now and then."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._refused: set[str] = set()

    def refused(self, asset: str) -> None:
        """The venue calls an order off its grid: no entry there before its list was read again."""
        self._refused.add(asset)
        self.compare()

    def compare(self) -> None:
        """Say where a grid is another than the engine's, and where it is that again."""
        context = self._context
        for asset in context.assets:
            changed = context.account.changed_grid(asset)
            if not changed and asset in self._refused:
                said = f"{context.venue} refused an order in {asset} as off its grid, which its list has as before"
                context.notify(VenueTopic.GRID, f"{said}: no entry there until it is read again", asset, is_grave=True)
            elif changed:
                said = f"{context.venue} has changed {asset}: {changed}"
                sentence = f"{said}: no entry there before the session is begun anew"
                context.notify(VenueTopic.GRID, sentence, asset, is_grave=True)
            else:
                what = f"{context.venue} lists {asset} as at first again"
                context.notify(VenueTopic.GRID, what, asset, is_over=True)

    async def run(self) -> None:
        """Read the lists anew, for ever: a change that no order has met yet is found too."""
        context = self._context
        while True:
            await context.timing.sleep(READ_EVERY_S)
            try:
                await within(context.pace.call_within_s, context.account.read_grids(), "contracts")
                self._refused.clear()
            except VenueFailure as failure:
                context.met(failure)
            self.compare()


class EntrySettings:
    """Read back and compared, never changed: a change reaches into what is open."""

    def __init__(self, context: VenueContext, execution: ExecutionSection) -> None:
        self._context = context
        self._margin_mode = execution.margin_mode
        self._max_leverage = execution.max_leverage

    async def refusal(self, asset: str) -> str:
        """Why no entry may start there, with both values; empty where the account is as the config wants it."""
        context = self._context
        try:
            found = await self._read(asset)
        except VenueFailure as failure:
            context.met(failure)
            return f"not sent: {asset}'s leverage and margin mode are not known: {failure}"
        where = f"not sent: {asset} on {context.venue}"
        margin_mode = "isolated" if found.is_isolated else "cross"
        if found.is_isolated is not None and margin_mode != self._margin_mode:
            return f"{where}: expected {self._margin_mode} margin, was {margin_mode}"
        if found.leverage > self._max_leverage:
            return f"{where}: expected a leverage of at most {self._max_leverage:g}, was {found.leverage:g}"
        return ""

    async def _read(self, asset: str) -> TradeSettings:
        """Asked again where it was turned away unread (a clock that was off, the line), as long as an entry may take.

        Raises `VenueFailure`.
        """
        context, began_ns = self._context, self._context.now_ns
        back_off = BackOff(context.pace.resend_first_s, context.pace.resend_longest_s)
        while True:
            try:
                asked = context.account.settings(asset)
                return await within(context.pace.settings_within_s, asked, "leverage and margin mode")
            except NotSent as failure:
                wait_s = max(failure.retry_after_s or 0.0, back_off.failed())
                if context.timing.since_s(began_ns) + wait_s > context.pace.send_entry_within_s:
                    raise
                # A clock that was off has been compared anew by now; what is left is to ask once more.
                await context.timing.sleep(0.0 if failure.is_clock else wait_s)
