"""Where an engine answers: its profile's Unix socket, or a URL with a token."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Address:
    """Exactly one of `socket` (a Unix socket's path) and `url` (http or https); the token never shows in a repr."""

    socket: Path | None = None
    url: str = ""
    token: str = field(default="", repr=False)

    @property
    def http(self) -> str:
        """The base URL for calls; the host of a Unix socket's is a name only."""
        return self.url.rstrip("/") if self.url else "http://localhost"

    @property
    def websocket(self) -> str:
        """The base URL for streams."""
        parts = urlsplit(self.http)
        return urlunsplit(("wss" if parts.scheme == "https" else "ws", parts.netloc, parts.path, "", ""))

    @property
    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def __str__(self) -> str:
        return self.url or str(self.socket)


def local(socket: Path) -> Address:
    """The engine of a profile on this machine."""
    return Address(socket=socket)


def remote(url: str, token: str = "") -> Address:
    """An engine elsewhere. Raises ValueError, whose text never holds a secret, for what is no http(s) URL or token."""
    problem = _problem(url)
    if problem:
        raise ValueError(f"expected an http or https URL like http://127.0.0.1:8000, was {problem}")
    token = token.strip()
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError("expected a token of printable ASCII without spaces, was something else")
    return Address(url=url, token=token)


def _problem(url: str) -> str:
    """What is wrong with a URL; what it says before an @ may be a password, so that is not shown."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is not None or not parts.netloc.endswith(":")
    except ValueError as error:
        return f"one that cannot be read ({error})" if "@" not in url else "one that cannot be read"
    if parts.username is not None or parts.password is not None:
        return "one with a user or password in it: give the token apart"
    if parts.scheme not in ("http", "https") or not _host_of(parts) or not has_port:
        return repr(url)
    return repr(url) + " (with a query or fragment)" if parts.query or parts.fragment else ""


def _host_of(parts: SplitResult) -> str | None:
    """The host's name, or None where there is none that a name could be."""
    host = parts.hostname
    return host if host and host.isprintable() and not any(char in host for char in " %<>\\^`{|}") else None
