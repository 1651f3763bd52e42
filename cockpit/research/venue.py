"""The paper venue of a backtest: the one that paper trading uses, with funding paid as it was in truth."""

from collections.abc import Sequence

from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, FundingRate, VenueEvent
from cockpit.paper.venue import PaperVenue
from cockpit.research.readings import is_payment


class HistoryVenue(PaperVenue):
    """A payment in the history is paid at its own rate and instant; between two nothing is scheduled."""

    __slots__ = ()

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """As the paper venue's."""
        if type(event) is FundingRate and is_payment(event):
            return self.pay_funding(event)
        return super().on_market(event)
