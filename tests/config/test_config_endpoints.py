"""Addresses can be moved, but only to where nobody can listen in."""

import pytest
from pydantic import ValidationError

from cockpit.config.endpoints import (
    VARIABLES,
    BadEndpoint,
    EndpointsSection,
    VenueUrls,
    checked_url,
    find_endpoints,
    is_loopback,
    venue_urls,
)

ENCRYPTED = [
    ("https://fapi.example.com", "https"),
    ("https://fapi.example.com:8443/path", "https"),
    ("wss://stream.example.com", "wss"),
]
LOOPBACK = [
    ("http://127.0.0.1:9000", "https"),
    ("http://localhost:9000", "https"),
    ("http://[::1]:9000", "https"),
    ("ws://127.0.0.8:9000", "wss"),
]


@pytest.mark.parametrize(("url", "scheme"), ENCRYPTED + LOOPBACK)
def test_an_encrypted_address_or_this_machine_is_taken(url: str, scheme: str) -> None:
    assert checked_url(url + "/", "endpoints.x", scheme) == url


@pytest.mark.parametrize(
    ("url", "scheme", "was"),
    [
        ("http://fapi.example.com", "https", "http://fapi.example.com"),
        ("http://10.0.0.1:9000", "https", "http://10.0.0.1"),
        ("http://localhost.example.com", "https", "http://localhost.example.com"),
        ("http://127.0.0.1.example.com", "https", "http://127.0.0.1.example.com"),
        ("ws://stream.example.com", "wss", "ws://stream.example.com"),
        ("https://stream.example.com", "wss", "https://stream.example.com"),
        ("ftp://127.0.0.1", "https", "ftp://127.0.0.1"),
        ("fapi.example.com", "https", r"\?://\?"),
        ("https://alice:hunter2@example.com", "https", "https://example.com"),
    ],
)
def test_anything_else_is_refused_with_what_it_was(url: str, scheme: str, was: str) -> None:
    with pytest.raises(BadEndpoint, match=f"^endpoints.x: expected {scheme}://.*was {was}$"):
        checked_url(url, "endpoints.x", scheme)


@pytest.mark.parametrize("url", ["https://example.com:99999", "https://[::1", "https://example.com:port"])
def test_what_is_no_url_is_called_that(url: str) -> None:
    with pytest.raises(BadEndpoint, match=r"^endpoints.x: expected https://HOST, was no URL$"):
        checked_url(url, "endpoints.x")


def test_a_refusal_never_shows_a_key_in_the_address() -> None:
    with pytest.raises(BadEndpoint) as refused:
        checked_url("http://alice:hunter2@example.com/v2/canary?key=canary", "endpoints.x")
    for secret in ("canary", "alice", "hunter2"):
        assert secret not in str(refused.value)


def test_the_environment_moves_an_address_and_wins_over_the_config() -> None:
    section = EndpointsSection(okx_rest_url="https://config.example.com")
    moved = {"COCKPIT_OKX_REST_URL": "http://127.0.0.1:1/", "COCKPIT_OKX_WS_URL": "ws://127.0.0.1:2"}
    found = find_endpoints(section, moved)
    assert venue_urls(found, "okx") == VenueUrls("http://127.0.0.1:1", "ws://127.0.0.1:2")
    assert venue_urls(found, "binance") == VenueUrls(None, None)
    assert find_endpoints(section, {}) == section


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_a_bad_variable_is_named(variable: str) -> None:
    with pytest.raises(BadEndpoint, match=f"^{variable}: expected "):
        find_endpoints(EndpointsSection(), {variable: "http://example.com"})


def test_the_config_refuses_a_bad_address() -> None:
    with pytest.raises(ValidationError, match="expected https://"):
        EndpointsSection(coinglass_url="http://example.com")


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_what_is_this_machine_itself(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here
