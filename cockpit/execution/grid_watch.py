"""Price steps and lots that a venue changes while a session runs: no entry there, until the session is begun anew.

The engine computes quantities and prices on the grid that it began with. Exits are written on the venue's own grid.
"""

from cockpit.domain.kinds import VenueTopic
from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.base.timing import within
from cockpit.execution.venue_context import VenueContext

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
