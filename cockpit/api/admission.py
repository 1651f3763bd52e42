"""Who is let in: host names against DNS rebinding, origins against other sites, tokens against everybody."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from cockpit.api.tokens import Token
from cockpit.config.endpoints import is_loopback
from cockpit.domain.kinds import Mode

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SHOWN = 80
OWN_SITES = ("none", "same-origin")


class Headers:
    """A request's headers by lower-case name; a header sent twice counts as neither."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._found: dict[str, str | None] = {}
        for name, value in raw:
            key = name.decode("latin-1").lower()
            self._found[key] = None if key in self._found else value.decode("latin-1")

    def get(self, name: str) -> str | None:
        """The header's value, or None where there is none (or two)."""
        return self._found.get(name)

    def has(self, name: str) -> bool:
        """Whether it was sent at all."""
        return name in self._found


@dataclass(frozen=True, slots=True)
class Listener:
    """One place where the API listens. The Unix socket's file is 0600: who reaches it may read the token too."""

    name: str
    bound_host: str = ""
    is_socket: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.is_socket or is_loopback(self.bound_host)


class Admission:
    """Judges the headers of a call at one listener. `mode` is asked each time: a climb closes what paper left open."""

    def __init__(self, listener: Listener, token: Token, mode: Callable[[], Mode]) -> None:
        self.listener = listener
        self._token = token
        self._mode = mode

    @property
    def needs_token(self) -> bool:
        """Paper on loopback and the Unix socket need none; anything else does."""
        if self.listener.is_socket:
            return False
        return not self.listener.is_loopback or self._mode() is not Mode.PAPER

    def matches(self, candidate: str) -> bool:
        return self._token.matches(candidate)

    def host_refusal(self, headers: Headers) -> str | None:
        """Why this Host header is refused, or None. A name of somebody else's that leads here is DNS rebinding."""
        if self.listener.is_socket:
            return None
        value = headers.get("host")
        name = _host_name(value or "")
        if name is not None and self._is_known(name):
            return None
        return f"expected a Host of this machine (localhost, 127.0.0.1, [::1]), was {_shown(value)}"

    def origin_refusal(self, headers: Headers, method: str = "GET") -> str | None:
        """Why this Origin is refused, or None. Programs send none; a browser's must be the page we served.

        A browser that says no Origin still says whether another site made the call. Following a link is no such call.
        """
        if self.listener.is_socket:
            return None
        site = headers.get("sec-fetch-site") if headers.has("sec-fetch-site") else OWN_SITES[0]
        follows_link = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        if site not in OWN_SITES and not follows_link:
            return f"expected no call made by another site, was Sec-Fetch-Site: {_shown(site)}"
        if not headers.has("origin"):
            return None
        origin, host = headers.get("origin"), headers.get("host")
        parts = _split(origin or "")
        if parts is not None and parts.scheme in ("http", "https") and parts.netloc.lower() == (host or "").lower():
            return None
        return f"expected no Origin or that of this host, was {_shown(origin)}"

    def shows_token(self, headers: Headers) -> bool:
        """Whether a call shows the token, needed here or not."""
        shown = self.bearer(headers)
        return shown is not None and self.matches(shown)

    def bearer(self, headers: Headers) -> str | None:
        """The token a caller shows in `Authorization: Bearer`, or None."""
        scheme, _, value = (headers.get("authorization") or "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" and value.strip() else None

    def _is_known(self, name: str) -> bool:
        if name in LOOPBACK_NAMES or name == self.listener.bound_host.lower():
            return True
        # Bound beyond loopback the machine has addresses and a name of its own; an address cannot be rebound.
        return not self.listener.is_loopback and (_is_address(name) or name == socket.gethostname().lower())


def _host_name(value: str) -> str | None:
    """The name in a Host header, without port and brackets, lower case; None for what is no host."""
    parts = _split(f"//{value}")
    if parts is None or parts.path or parts.query or parts.fragment or "@" in value:
        return None
    try:
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _shown(value: str | None) -> str:
    return repr(value[:SHOWN]) if value else "none"
