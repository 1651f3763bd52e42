"""The keys of the registered sources: read again when their files change, compared in constant time, never shown."""

import base64
import binascii
import hmac
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from cockpit.api.signing import WINDOW_S, hex_signature, parts_of
from cockpit.config.ownership import opened_here
from cockpit.config.signal_sources import SignalSource

SHORTEST = 32
MOST_KEYS = 4
PUBLIC_KEY_BYTES = 32
FORM = "t=<unix seconds>,v1=<signature of 't.METHOD.path.body'>"
NO_ONE = "expected a registered source with a key of this kind, was another"


class _File(NamedTuple):
    """A file's keys, and how it looked when they were read."""

    seen: tuple[int, int, int]
    keys: tuple[SecretStr, ...]


class SourceKeys:
    """`directory` holds `NAME.keys`: up to four keys a line each, all of them good, so that a new one can be given out
    before the old one is taken away. `clock` gives unix seconds.
    """

    def __init__(self, directory: Path, sources: Mapping[str, SignalSource], clock: Callable[[], float]) -> None:
        self._directory = directory
        self._sources = sources
        self._clock = clock
        self._files: dict[str, _File] = {}

    def __repr__(self) -> str:
        return "SourceKeys(**********)"

    def by_token(self, candidate: str) -> str | None:
        """Whose token it is. Every source's keys are compared, so that the time tells nothing."""
        given = candidate.encode("utf-8", "surrogateescape")
        found = None
        for name, source in self._sources.items():
            for key in self._keys(name) if source.auth == "token" else ():
                if hmac.compare_digest(key.get_secret_value().encode(), given):
                    found = name
        return found

    def signature_refusal(self, name: str, header: str | None, method: str, path: str, body: bytes) -> str | None:
        """Why this call is not signed well by that source, or None. Says nothing of what it should have been."""
        source = self._sources.get(name)
        if source is None or source.auth == "token":
            return NO_ONE
        stamp, given = parts_of(header or "")
        if stamp is None or given is None:
            return f"expected x-cockpit-signature: {FORM}, was {'something else' if header else 'none'}"
        age_s = self._clock() - stamp
        if abs(age_s) > WINDOW_S:
            return f"expected a signature from within {WINDOW_S:g} s, was {age_s:+.0f} s old"
        message = signed_message(stamp, method, path, body)
        check = _is_hmac if source.auth == "hmac" else _is_ed25519
        if any(check(key, message, given) for key in self._keys(name)):
            return None
        return f"expected a signature of this call by a key of {name}, was another"

    def _keys(self, name: str) -> tuple[SecretStr, ...]:
        """The source's keys as they are on disk now; none where the file is not there, or is open to others."""
        path = self._directory / f"{name}.keys"
        try:
            found = path.stat(follow_symlinks=False)
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._files.get(name)
            if known is None or known.seen != seen:
                known = self._files[name] = _File(seen, _read(path))
        except OSError:
            self._files.pop(name, None)
            return ()
        return known.keys


def signed_message(stamp: int, method: str, path: str, body: bytes) -> bytes:
    """What a source signs: a call is good for its time, its method and its path alone."""
    return f"{stamp}.{method}.{path}.".encode() + body


def _read(path: Path) -> tuple[SecretStr, ...]:
    with open(path, encoding="utf-8", errors="replace", opener=opened_here) as file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            return ()
        lines = [line.strip() for line in file.read(10_000).splitlines()]
    return tuple(SecretStr(line) for line in lines if len(line) >= SHORTEST)[:MOST_KEYS]


def _is_hmac(key: SecretStr, message: bytes, given: str) -> bool:
    return hmac.compare_digest(hex_signature(key, message).encode(), given.encode("utf-8", "replace"))


def _is_ed25519(key: SecretStr, message: bytes, given: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = base64.b64decode(key.get_secret_value(), validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(given), message)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
