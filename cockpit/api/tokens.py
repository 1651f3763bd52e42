"""The profile's API token: made on first start, readable by its owner only, compared in constant time, never shown."""

import hmac
import os
import secrets
import stat
from pathlib import Path

from pydantic import SecretStr

from cockpit.config.ownership import opened_here

TOKEN_BYTES = 32
SHORTEST = 32


class TokenError(Exception):
    """The token file cannot be used. Its text says what to do: show it, and do not start without a token."""


class Token:
    """What a caller must show. Its text is never printed: compare with `matches`."""

    __slots__ = ("_secret",)

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    def matches(self, candidate: str) -> bool:
        """Whether this is the token, found out in constant time."""
        known = self._secret.get_secret_value().encode()
        return hmac.compare_digest(known, candidate.encode("utf-8", "surrogateescape"))

    def __repr__(self) -> str:
        return "Token(**********)"


def load_token(path: Path) -> Token:
    """The profile's token, made where there is none. Raises `TokenError` for a file others can read, or none at all."""
    try:
        if not path.exists():
            _make(path)
        with open(path, encoding="utf-8", opener=opened_here) as file:
            found = os.fstat(file.fileno())
            mode = stat.S_IMODE(found.st_mode)
            text = file.read().strip()
    except (OSError, ValueError) as error:
        raise TokenError(f"expected a readable token at {path}, was: {error}") from error
    if found.st_uid != os.geteuid():
        raise TokenError(f"expected {path} to be yours (user {os.geteuid()}), was user {found.st_uid}'s: remove it")
    if mode & 0o077:
        raise TokenError(f"expected {path} to be 0600, was {mode:04o}: remove it (a new one is made) or chmod 600 it")
    if len(text) < SHORTEST:
        raise TokenError(f"expected at least {SHORTEST} characters in {path}, was {len(text)}: remove it, one is made")
    return Token(SecretStr(text))


def _make(path: Path) -> None:
    """Write beside it and rename, so that a crash leaves no empty token behind."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
