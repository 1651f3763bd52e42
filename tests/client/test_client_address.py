"""Addresses: what is one, what is none, and that none ever shows a secret."""

from pathlib import Path

import pytest

from cockpit.client.address import local, remote

CANARY = "canary-77aa51"


@pytest.mark.parametrize(
    ("url", "http", "websocket"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "ws://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000", "ws://127.0.0.1:8000"),
        ("https://box.example", "https://box.example", "wss://box.example"),
        ("http://[::1]:8000", "http://[::1]:8000", "ws://[::1]:8000"),
        ("https://box.example/cockpit/", "https://box.example/cockpit", "wss://box.example/cockpit"),
    ],
)
def test_a_url_leads_to_calls_and_streams(url: str, http: str, websocket: str) -> None:
    address = remote(url)
    assert (address.http, address.websocket) == (http, websocket)
    assert str(address) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "localhost",
        "ftp://127.0.0.1",
        "ws://127.0.0.1:8000",
        "http://",
        "http://:8000",
        "http://127.0.0.1:",
        "http://127.0.0.1:eight",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://a b",
        "http://a\x00b",
        "http://127.0.0.1:8000?x=1",
        f"http://{CANARY}@127.0.0.1:8000",
        f"http://trader:{CANARY}@127.0.0.1:8000",
        f"http://trader:{CANARY}@[127.0.0.1:8000",
    ],
)
def test_what_is_no_url_is_said_without_secrets(url: str) -> None:
    with pytest.raises(ValueError, match="expected an http or https URL like") as caught:
        remote(url, CANARY)
    assert CANARY not in str(caught.value)


def test_a_token_never_shows() -> None:
    address = remote("http://127.0.0.1:8000", f"{CANARY}\n")
    assert CANARY not in f"{address} {address!r}"
    assert address.headers == {"Authorization": f"Bearer {CANARY}"}


@pytest.mark.parametrize("token", [f"{CANARY}\r\nX-Other: 1", f"{CANARY}é", f"{CANARY} two"])
def test_a_token_that_no_header_can_hold_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValueError, match="expected a token of printable ASCII") as caught:
        remote("http://127.0.0.1:8000", token)
    assert CANARY not in str(caught.value)


def test_a_socket_needs_no_token() -> None:
    address = local(Path("/run/engine.sock"))
    assert address.headers == {}
    assert str(address) == "/run/engine.sock"
    assert address.websocket == "ws://localhost"
