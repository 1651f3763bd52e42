"""Where an engine answers: its profile's Unix socket, or a URL with a token."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


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
    """An engine elsewhere. Raises ValueError for what is no http(s) URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"expected an http or https URL like http://127.0.0.1:8000, was {url!r}")
    return Address(url=url, token=token)
