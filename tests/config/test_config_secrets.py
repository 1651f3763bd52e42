"""Secrets come from the environment or the keyring, and nothing that prints ever shows one."""

import logging
import sys
import threading
import traceback
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from cockpit.config.secrets import KeyringAsked, MissingKeys, Secrets, keyring_is_possible, keyring_lookup

CANARY = "canary-9b1f4e77"
OKX = {
    "COCKPIT_OKX_API_KEY": f"{CANARY}-key",
    "COCKPIT_OKX_SECRET": f"{CANARY}-secret",
    "COCKPIT_OKX_PASSWORD": f"{CANARY}-password",
}


def nothing(_: str) -> str | None:
    return None


def test_a_venues_keys_come_from_the_environment() -> None:
    keys = Secrets(OKX, nothing).venue_keys("okx")
    assert keys.api_key.get_secret_value() == f"{CANARY}-key"
    assert keys.secret.get_secret_value() == f"{CANARY}-secret"
    assert keys.password is not None
    assert keys.password.get_secret_value() == f"{CANARY}-password"


def test_binance_needs_no_password() -> None:
    environ = {"COCKPIT_BINANCE_API_KEY": "a", "COCKPIT_BINANCE_SECRET": "b"}
    assert Secrets(environ, nothing).venue_keys("binance").password is None


def test_what_the_environment_lacks_the_keyring_may_have() -> None:
    environ = {name: text for name, text in OKX.items() if name != "COCKPIT_OKX_SECRET"}
    keyring = {"COCKPIT_OKX_SECRET": "from the keyring", "COCKPIT_OKX_API_KEY": "not asked for"}
    keys = Secrets(environ, keyring.get).venue_keys("okx")
    assert keys.secret.get_secret_value() == "from the keyring"
    assert keys.api_key.get_secret_value() == f"{CANARY}-key"


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_variable_counts_as_not_set(blank: str) -> None:
    with pytest.raises(MissingKeys, match="expected COCKPIT_OKX_PASSWORD, was not set"):
        Secrets({**OKX, "COCKPIT_OKX_PASSWORD": blank}, nothing).venue_keys("okx")


def test_missing_keys_are_all_named_and_the_others_not_shown() -> None:
    with pytest.raises(MissingKeys) as caught:
        Secrets({"COCKPIT_OKX_API_KEY": CANARY}, nothing).venue_keys("okx")
    assert str(caught.value).startswith("expected COCKPIT_OKX_SECRET, COCKPIT_OKX_PASSWORD, was not set")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_line_end_from_a_shell_is_not_part_of_a_key() -> None:
    found = Secrets({"COINGLASS_API_KEY": "abc\n"}, nothing).coinglass_key()
    assert found is not None
    assert found.get_secret_value() == "abc"


def test_rpc_urls_are_split_and_kept_secret() -> None:
    urls = Secrets({"COCKPIT_RPC_URLS": f"https://a/{CANARY}, https://b/{CANARY},"}, nothing).rpc_urls()
    assert [url.get_secret_value() for url in urls] == [f"https://a/{CANARY}", f"https://b/{CANARY}"]
    assert CANARY not in repr(urls)
    assert Secrets({}, nothing).rpc_urls() == ()


def test_no_printing_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    secrets = Secrets({**OKX, "COINGLASS_API_KEY": CANARY}, nothing)
    keys = secrets.venue_keys("okx")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("canary").warning("%s %r %s", keys, keys, secrets.coinglass_key())
    shown = [repr(keys), str(keys), f"{keys.secret}", repr(secrets), str(secrets.coinglass_key()), caplog.text]
    try:
        raise RuntimeError(keys)
    except RuntimeError as error:
        shown.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    assert not [text for text in shown[:-1] if CANARY in text]
    frame_of_secrets = [line for line in shown[-1].splitlines() if "keys =" in line or "RuntimeError" in line]
    assert frame_of_secrets
    assert not [line for line in frame_of_secrets if CANARY in line]


def test_a_keyring_that_fails_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "some.other.Keyring")

    def locked(service: str, name: str) -> str:
        raise OSError(f"{service} {name}: locked")

    broken = types.ModuleType("keyring")
    monkeypatch.setattr(broken, "get_password", locked, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", broken)
    assert keyring_lookup("COCKPIT_OKX_SECRET") is None


def test_a_keyring_is_asked_under_our_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "some.other.Keyring")
    working = types.ModuleType("keyring")
    monkeypatch.setattr(working, "get_password", lambda service, name: f"{service}/{name}", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", working)
    assert keyring_lookup("COCKPIT_OKX_SECRET") == "cockpit/COCKPIT_OKX_SECRET"


def test_no_keyring_installed_means_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "some.other.Keyring")
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert keyring_lookup("COCKPIT_OKX_SECRET") is None


def test_only_what_the_venue_needs_is_asked_of_the_keyring() -> None:
    asked: list[str] = []

    def keyring(name: str) -> str | None:
        asked.append(name)
        return None

    Secrets({"COCKPIT_BINANCE_API_KEY": "a", "COCKPIT_BINANCE_SECRET": "b"}, keyring).venue_keys("binance")
    assert asked == []
    with pytest.raises(MissingKeys):
        Secrets({"COCKPIT_BINANCE_API_KEY": "a"}, keyring).venue_keys("binance")
    assert asked == ["COCKPIT_BINANCE_SECRET"]


def test_a_keyring_that_waits_is_given_up_and_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "some.other.Keyring")
    opened, asked = threading.Event(), list[str]()

    def waits(service: str, name: str) -> str:
        asked.append(name)
        opened.wait(60)
        return "too late"

    waiting = types.ModuleType("keyring")
    monkeypatch.setattr(waiting, "get_password", waits, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", waiting)
    keyring = KeyringAsked(within_s=0.05)
    assert (keyring.password("one"), keyring.password("another")) == (None, None)
    assert (keyring.is_silent, asked) == (True, ["one"])
    opened.set()


def test_on_a_server_without_a_session_bus_no_keyring_is_loaded(tmp_path: Path) -> None:
    bare = {"XDG_RUNTIME_DIR": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    assert not keyring_is_possible(bare, "linux")
    assert keyring_is_possible(bare, "darwin")
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "PYTHON_KEYRING_BACKEND"):
        assert keyring_is_possible({**bare, name: "x"}, "linux"), name


@pytest.mark.parametrize("file", ("bus", "python_keyring/keyringrc.cfg"))
def test_a_bus_or_a_chosen_kind_of_keyring_is_asked(tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    assert keyring_is_possible({"XDG_RUNTIME_DIR": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}, "linux")


def test_a_kind_of_keyring_that_somebody_installed_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = (EntryPoint("file", "keyrings.alt.file:PlaintextKeyring", "keyring.backends"),)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: others)
    assert keyring_is_possible({"XDG_RUNTIME_DIR": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}, "linux")
