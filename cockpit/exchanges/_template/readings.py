"""What the venue's REST says about positioning, funding and open interest."""

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.exchanges._template.client import VENUE
from cockpit.exchanges.base.public_readings import RestReadings
from cockpit.exchanges.base.trouble import FeedTrouble


class TemplateReadings(RestReadings):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer.

    What the venue does not tell stays as it is here; `Abilities` of its row of `exchange_names` says so too.
    """

    accounts_label = f"{VENUE} accounts"
    interest_label = VENUE

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that is long and short."""
        raise FeedTrouble(f"{VENUE}: expected positioning of {asset}, the venue tells none")

    async def funding(self, asset: str) -> FundingRate:
        """The running rate over 8 h (`over_8h_bps`), with its own interval and the next payment."""
        raise NotImplementedError("readings: funding over 8 h")

    async def open_interest(self, asset: str) -> OpenInterest:
        """The change over a day, and what it is worth."""
        raise FeedTrouble(f"{VENUE}: expected open interest of {asset} a day ago, the venue tells none")
