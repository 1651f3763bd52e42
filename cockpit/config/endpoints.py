"""Where the outside world is reached: each address as its operator gives it, or moved by the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, create_model

from cockpit.config import exchange_names
from cockpit.config.base import Section

ENCRYPTED = {"https": "http", "wss": "ws"}
"""Each encrypted scheme and the plain one that may stand in for it on this machine itself."""

VARIABLES = {
    **exchange_names.VARIABLES,
    "coinglass_url": "COCKPIT_COINGLASS_URL",
    "birdeye_url": "COCKPIT_BIRDEYE_URL",
    "solana_url": "COCKPIT_SOLANA_URL",
    "jito_url": "COCKPIT_JITO_URL",
}
"""The environment variable that moves each address."""


class BadEndpoint(ValueError):
    """An address that must not be used. Its text names the address's key but never its path, which may hold a key."""


def checked_url(url: str, key: str, scheme: str = "https") -> str:
    """`url` without its trailing slash, if it is encrypted (`scheme` is https or wss) or leads to this machine only.

    Raises `BadEndpoint` for anything else: have the operator correct `key`.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        raise BadEndpoint(f"{key}: expected {scheme}://HOST, was no URL") from None
    if not host or not port_is_one or parts.username is not None:
        raise BadEndpoint(f"{key}: expected {scheme}://HOST without a user in it, was {_shown(parts)}")
    plain = parts.scheme == ENCRYPTED[scheme]
    if parts.scheme != scheme and not (plain and is_loopback(host)):
        raise BadEndpoint(
            f"{key}: expected {scheme}:// ({ENCRYPTED[scheme]}:// only to this machine), was {_shown(parts)}"
        )
    return url.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine itself, by its very text: nothing is looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme or '?'}://{parts.hostname or '?'}"


def _https(url: str) -> str:
    return checked_url(url, "endpoints")


def _wss(url: str) -> str:
    return checked_url(url, "endpoints", "wss")


HttpsUrl = Annotated[str, AfterValidator(_https)]
WssUrl = Annotated[str, AfterValidator(_wss)]


def _moved(key: str) -> Any:
    return (WssUrl | None if key.endswith("_ws_url") else HttpsUrl | None, None)


_ExchangeEndpoints: Any = create_model(
    "_ExchangeEndpoints", __base__=Section, **{key: _moved(key) for key in exchange_names.VARIABLES}
)
"""`<exchange>_rest_url` and `<exchange>_ws_url` of every exchange there is."""


class EndpointsSection(_ExchangeEndpoints):  # type: ignore[misc]
    """Addresses other than the usual ones: absent = the venue's own. An address with a key in it belongs in the
    environment, not in this file.
    """

    coinglass_url: HttpsUrl = "https://open-api-v4.coinglass.com"
    birdeye_url: HttpsUrl = "https://public-api.birdeye.so"
    solana_url: HttpsUrl = "https://api.mainnet-beta.solana.com"
    jito_url: HttpsUrl = "https://bundles.jito.wtf"


@dataclass(frozen=True, slots=True)
class VenueUrls:
    """Where one exchange is; None = where its client library says."""

    rest: str | None = None
    ws: str | None = None


def find_endpoints(section: EndpointsSection, environ: Mapping[str, str]) -> EndpointsSection:
    """The config's addresses with those of the environment put over them.

    Raises `BadEndpoint` for a variable that holds no address that may be used.
    """
    moved = {}
    for key, variable in VARIABLES.items():
        url = environ.get(variable, "").strip()
        if url:
            moved[key] = checked_url(url, variable, "wss" if key.endswith("_ws_url") else "https")
    found: EndpointsSection = section.model_copy(update=moved)
    return found


def venue_urls(endpoints: EndpointsSection, venue: str) -> VenueUrls:
    """Where that exchange is; its own addresses for a venue whose address cannot be moved."""
    rest: str | None = getattr(endpoints, f"{venue}_rest_url", None)
    ws: str | None = getattr(endpoints, f"{venue}_ws_url", None)
    return VenueUrls(rest, ws)
