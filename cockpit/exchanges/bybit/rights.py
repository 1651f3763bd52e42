"""What a key of Bybit's may do, by the venue's own word ("Get API Key Information")."""

from collections.abc import Mapping
from typing import Any

MOVING_MONEY = ("Wallet", "FiatP2P", "FiatBybitPay", "FiatBitPay", "FiatGlobalPay", "BitCard")
"""Groups of permissions by which money leaves the account: transfers, withdrawals, payments to others."""
HARMLESS = frozenset({"SubMemberTransferList"})


def can_trade(rights: Mapping[str, Any]) -> bool:
    """Whether it may order: it is not read-only, and has the right to contracts."""
    granted = rights["permissions"]
    return int(rights["readOnly"]) == 0 and "Order" in (granted.get("ContractTrade") or ())


def dangerous(rights: Mapping[str, Any]) -> tuple[str, ...]:
    """The permissions that let it move money out."""
    granted = rights["permissions"]
    names = (str(name) for group in MOVING_MONEY for name in granted.get(group) or ())
    return tuple(dict.fromkeys(name for name in names if name not in HARMLESS))


def is_ip_restricted(rights: Mapping[str, Any]) -> bool:
    """Whether it works from named addresses alone; `*` is any."""
    return any(address != "*" for address in rights.get("ips") or ())
