"""API keys, from the environment or the system's keyring, never from a file; a secret's text never shows itself."""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from cockpit.config.exchange_names import NEED_PASSWORD

KEYRING_SERVICE = "cockpit"
KEYRING_WITHIN_S = 2.0
"""A keyring that waits for somebody to unlock it is not waited for any longer, and not asked again."""

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

        Only what this venue needs is looked up. Raises `MissingKeys` naming every variable that is not set.
        """
        prefix = f"COCKPIT_{venue.upper()}{'_DEMO' if of_demo else ''}"
        names = {"api_key": f"{prefix}_API_KEY", "secret": f"{prefix}_SECRET", "password": f"{prefix}_PASSWORD"}
        if venue not in NEED_PASSWORD:
            del names["password"]
        found = {part: self.find(name) for part, name in names.items()}
        missing = ", ".join(names[part] for part, secret in found.items() if secret is None)
        api_key, secret = found["api_key"], found["secret"]
        if missing or api_key is None or secret is None:
            silent = f" (it did not answer within {KEYRING_WITHIN_S:g} s)" if KEYRING.is_silent else ""
            raise MissingKeys(f"expected {missing}, was not set: export it or put it into the keyring{silent}")
        return VenueKeys(venue=venue, api_key=api_key, secret=secret, password=found.get("password"))

    def are_exported(self, venue: str) -> bool:
        """Whether the environment alone has that venue's keys: then nobody else needs to be asked."""
        parts = ("API_KEY", "SECRET", *(("PASSWORD",) if venue in NEED_PASSWORD else ()))
        return all(self._environ.get(f"COCKPIT_{venue.upper()}_{part}", "").strip() for part in parts)

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


class KeyringAsked:
    """The system's keyring, asked in a thread of its own: it may wait for ever, for a person or for a bus."""

    def __init__(self, within_s: float = KEYRING_WITHIN_S) -> None:
        self.is_silent = False
        self._within_s = within_s

    def password(self, name: str) -> str | None:
        """What it holds under that name; None without one, where it is locked or broken, or where it is silent."""
        if self.is_silent:
            return None
        found: list[str | None] = []
        asking = threading.Thread(target=lambda: found.append(_password(name)), name="keyring", daemon=True)
        asking.start()
        asking.join(self._within_s)
        self.is_silent = asking.is_alive()
        return found[0] if found else None


KEYRING = KeyringAsked()
"""One a process: a keyring that was silent once keeps nobody waiting again."""


def keyring_lookup(name: str) -> str | None:
    """What the system's keyring holds under that name; None without one, or where it is locked, broken or silent."""
    return KEYRING.password(name)


def keyring_is_possible(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether any keyring could answer: on a Linux server without a session bus the library's own kinds cannot, unless
    one is chosen or another is installed. Loading all of them to be told so takes an engine 13 MB.
    """
    from importlib.metadata import entry_points

    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    config = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "/") / ".config"
    return (
        platform != "linux"
        or any(environ.get(name) for name in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "PYTHON_KEYRING_BACKEND"))
        or Path(runtime, "bus").exists()
        or Path(config, "python_keyring", "keyringrc.cfg").exists()
        or any(not kind.value.startswith("keyring.") for kind in entry_points(group="keyring.backends"))
    )


def _password(name: str) -> str | None:
    if not keyring_is_possible(os.environ):
        return None
    try:
        import keyring

        return keyring.get_password(KEYRING_SERVICE, name)
    except Exception:
        # Keyring backends raise whatever their platform does; a machine without one simply has no keys there.
        return None
