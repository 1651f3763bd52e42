"""Leverage and margin mode were compared before arming; anybody may have changed them since: looked at each entry."""

from cockpit.config.execution import ExecutionSection
from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.base.timing import within
from cockpit.execution.venue_context import VenueContext


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
            asked = context.account.settings(asset)
            found = await within(context.pace.settings_within_s, asked, "leverage and margin mode")
        except VenueFailure as failure:
            context.met(failure)
            return f"not sent: {asset}'s leverage and margin mode are not known: {failure}"
        where = f"not sent: {asset} on {context.venue}"
        margin_mode = "isolated" if found.is_isolated else "cross"
        if margin_mode != self._margin_mode:
            return f"{where}: expected {self._margin_mode} margin, was {margin_mode}"
        if found.leverage > self._max_leverage:
            return f"{where}: expected a leverage of at most {self._max_leverage:g}, was {found.leverage:g}"
        return ""
