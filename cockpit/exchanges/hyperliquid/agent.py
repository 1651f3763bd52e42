"""Whose key it is: an agent's, and nobody else's. The account's own key could move its money out, and is refused.

The account may be a user's, or a sub-account or vault of his: what it is, the venue says of its address, and an order
for one of the latter names it.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.account import KeysLost

VENUE = "hyperliquid"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_KEY = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
AGENT, USER, MISSING = "agent", "user", "missing"
OF_A_USER = frozenset({"subAccount", "vault"})
MAKE_ONE = "make an API wallet at the venue and give its key"


def checked_keys(keys: VenueKeys, address_of: Callable[[str], str]) -> str:
    """The address that the key signs for, where account and key are an address and another one's key.

    Raises `KeysLost` in words that hold neither.
    """
    account, secret = keys.api_key.get_secret_value(), keys.secret.get_secret_value()
    if not _ADDRESS.fullmatch(account):
        raise KeysLost(
            f"{VENUE}: expected the account's address (0x and 40 hex digits) as its API key, was another text"
        )
    if not _KEY.fullmatch(secret):
        raise KeysLost(f"{VENUE}: expected an agent's private key (64 hex digits) as its secret, was another text")
    agent = address_of(secret)
    if agent.lower() == account.lower():
        raise KeysLost(f"{VENUE}: expected an agent's key, was the account's own, which can withdraw: {MAKE_ONE}")
    return agent


async def vault_of(account: str, agent: str, role_of: Callable[[str], Awaitable[Any]]) -> str | None:
    """The account's address where its orders must name it, None where it is a user of his own.

    Raises `KeysLost` where the key is no agent's for that account.
    """
    signer, owner = await role_of(agent), await role_of(account)
    if signer["role"] != AGENT:
        what = "of no account" if signer["role"] == MISSING else f"a {signer['role']}'s own, which can withdraw"
        raise KeysLost(f"{VENUE}: expected an agent's key, was {what}: {MAKE_ONE}")
    master = str(signer["data"]["user"]).lower()
    if owner["role"] == USER:
        if master != account.lower():
            raise KeysLost(f"{VENUE}: expected an agent of {account}, was one of {master}")
        return None
    if owner["role"] not in OF_A_USER:
        raise KeysLost(f"{VENUE}: expected the address of a user, a sub-account or a vault, was {owner['role']}")
    told = str((owner.get("data") or {}).get("master") or master).lower()
    if told != master:
        raise KeysLost(f"{VENUE}: expected an agent of {told}, whose {owner['role']} that is, was one of {master}")
    return account
