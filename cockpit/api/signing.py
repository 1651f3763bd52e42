"""Signed signals: an HMAC over time and body, beside the token, so that nobody between can change or repeat one."""

import hashlib
import hmac
from collections.abc import Callable

from pydantic import SecretStr

HEADER = "x-cockpit-signature"
SECRET_NAME = "COCKPIT_SIGNAL_SECRET"
WINDOW_S = 30.0
LONGEST_HEADER = 200
FORM = "t=<unix seconds>,v1=<hex HMAC-SHA256 of 't.body'>"


class SignalSignature:
    """Checks `X-Cockpit-Signature: t=<unix>,v1=<hex>`. `clock` gives unix seconds.

    A signed signal needs an `id`: within the window the engine answers a repeated id as before, and trades nothing.
    """

    def __init__(self, secret: SecretStr, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock

    def refusal(self, header: str | None, body: bytes) -> str | None:
        """Why this body is not signed well, or None. Says nothing about what the signature should have been."""
        if not header:
            return f"expected {HEADER}: {FORM}, was none"
        stamp, given = parts_of(header)
        if stamp is None or given is None:
            return f"expected {HEADER}: {FORM}, was something else"
        age_s = self._clock() - stamp
        if abs(age_s) > WINDOW_S:
            return f"expected a signature from within {WINDOW_S:g} s, was {age_s:+.0f} s old"
        if not hmac.compare_digest(sign(self._secret, stamp, body), given):
            return "expected a signature of this body by the shared secret, was another"
        return None

    def __repr__(self) -> str:
        return "SignalSignature(**********)"


def sign(secret: SecretStr, stamp: int, body: bytes) -> str:
    """The hex signature of a body sent at `stamp` (unix seconds)."""
    return hex_signature(secret, str(stamp).encode() + b"." + body)


def hex_signature(secret: SecretStr, message: bytes) -> str:
    """HMAC-SHA256, as hex."""
    return hmac.new(secret.get_secret_value().encode(), message, hashlib.sha256).hexdigest()


def parts_of(header: str) -> tuple[int | None, str | None]:
    """The stamp and the signature; None for what is not there or not of that form."""
    if len(header) > LONGEST_HEADER or not header.isascii():
        return None, None
    fields = dict(part.strip().partition("=")[::2] for part in header.split(","))
    stamp = fields.get("t", "")
    return (int(stamp) if stamp.isdigit() and len(stamp) <= 12 else None), fields.get("v1") or None
