"""No account yet: its data is read, and orders are refused in words."""

from typing import Any

from cockpit.config.secrets import MissingKeys
from cockpit.exchanges.hyperliquid.client import VENUE


class HyperliquidAccount:
    """None can be made."""

    venue = VENUE

    def __new__(cls, *_: Any) -> Any:
        """Raises `MissingKeys`, always."""
        raise MissingKeys(f"{VENUE}: expected an exchange that takes orders, was one whose data alone is read so far")
