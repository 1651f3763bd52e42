"""API keys, from the environment or the system's keyring, never from a file; a secret's text never shows itself."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

KEYRING_SERVICE = "cockpit"
NEED_PASSWORD = frozenset({"okx"})
"""Venues whose keys come with a passphrase."""

Lookup = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class VenueKeys:
    """A venue's API key, complete. Reading one of them takes `.get_secret_value()`, on purpose."""

    venue: str
    api_key: SecretStr
    secret: SecretStr
    password: SecretStr | None


class MissingKeys(Exception):
    """A venue's keys are absent or incomplete. Its text names what to set: show it; nothing can be signed without."""


class Secrets:
    """Looks secrets up by the names the operator sets: first the environment, then the keyring (service "cockpit")."""

    def __init__(self, environ: Mapping[str, str] | None = None, keyring: Lookup | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._keyring = keyring or keyring_lookup

    def venue_keys(self, venue: str, *, of_demo: bool = False) -> VenueKeys:
        """The keys of a venue, or those of its demo account beside them (`COCKPIT_<VENUE>_DEMO_...`).

        Raises `MissingKeys` naming every variable that is not set.
        """
        prefix = f"COCKPIT_{venue.upper()}{'_DEMO' if of_demo else ''}"
        names = {"api_key": f"{prefix}_API_KEY", "secret": f"{prefix}_SECRET", "password": f"{prefix}_PASSWORD"}
        found = {part: self.find(name) for part, name in names.items()}
        api_key, secret, password = found["api_key"], found["secret"], found["password"]
        if api_key is None or secret is None or (password is None and venue in NEED_PASSWORD):
            needed = [part for part in names if part != "password" or venue in NEED_PASSWORD]
            missing = ", ".join(names[part] for part in needed if found[part] is None)
            raise MissingKeys(f"expected {missing}, was not set: export it or put it into the keyring")
        return VenueKeys(venue=venue, api_key=api_key, secret=secret, password=password)

    def coinglass_key(self) -> SecretStr | None:
        """The Coinglass key, if there is one."""
        return self.find("COINGLASS_API_KEY")

    def birdeye_key(self) -> SecretStr | None:
        """The Birdeye key, if there is one."""
        return self.find("BIRDEYE_API_KEY")

    def rpc_urls(self) -> tuple[SecretStr, ...]:
        """The Ethereum RPC endpoints, which often carry a key in their path; empty when none is set."""
        urls = self.find("COCKPIT_RPC_URLS")
        parts = urls.get_secret_value().split(",") if urls else []
        return tuple(SecretStr(part.strip()) for part in parts if part.strip())

    def find(self, name: str) -> SecretStr | None:
        """The secret of that name, or None where neither the environment nor the keyring has it."""
        text = self._environ.get(name, "").strip() or (self._keyring(name) or "").strip()
        return SecretStr(text) if text else None


def keyring_lookup(name: str) -> str | None:
    """What the system's keyring holds under that name; None without one, or where it is locked or broken."""
    try:
        import keyring

        return keyring.get_password(KEYRING_SERVICE, name)
    except Exception:
        # Keyring backends raise whatever their platform does; a machine without one simply has no keys there.
        return None
