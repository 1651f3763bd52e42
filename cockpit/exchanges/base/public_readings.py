"""What an exchange's REST says without keys, beside its stream."""

from typing import Protocol

from cockpit.domain.events import FundingRate, OpenInterest, Positioning


class PublicReadings(Protocol):
    """Asks for one asset at a time. Every method raises `FeedTrouble` where there is no usable answer.

    `accounts_label` and `interest_label` name the sources of positioning and open interest.
    """

    @property
    def accounts_label(self) -> str:
        """Whose accounts are counted, and over which bars."""

    @property
    def interest_label(self) -> str:
        """Whose open interest it is."""

    async def positioning(self, asset: str) -> Positioning:
        """The newest share of accounts that is long and short, in percent, stamped with its bar's end."""

    async def funding(self, asset: str) -> FundingRate:
        """The running rate over 8 h in bps, with the interval it is charged at and the next payment."""

    async def open_interest(self, asset: str) -> OpenInterest:
        """The change over 24 h in percent, and what it is worth in USD."""
