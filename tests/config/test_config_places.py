"""One profile: a home directory with fixed names in it, and a config file."""

import stat
from pathlib import Path

import pytest

from cockpit.config.places import CONFIG_NAME, NoHome, Places, default_home, find_places, shipped_config_path


def test_names_in_a_home() -> None:
    places = Places(Path("/h"), Path("c.json"))
    assert {
        "journal": places.journal.file,
        "socket": places.socket,
        "token": places.token,
        "lock": places.lock,
        "log": places.engine_log,
        "api logs": places.api_logs,
        "recordings": places.recordings,
    } == {
        "journal": Path("/h/journal.sqlite"),
        "socket": Path("/h/engine.sock"),
        "token": Path("/h/token"),
        "lock": Path("/h/engine.lock"),
        "log": Path("/h/logs/engine.log"),
        "api logs": Path("/h/logs/api"),
        "recordings": Path("/h/recordings"),
    }


ENVIRON = {"COCKPIT_HOME": "/env/home", "COCKPIT_CONFIG": "/env/c.json"}


@pytest.mark.parametrize(
    ("home", "config", "environ", "expected"),
    [
        (Path("/o"), Path("/o.json"), ENVIRON, ("/o", "/o.json")),
        (None, None, ENVIRON, ("/env/home", "/env/c.json")),
        (Path("/o"), None, ENVIRON, ("/o", "/env/c.json")),
        (None, None, {"COCKPIT_HOME": "", "COCKPIT_CONFIG": ""}, (str(default_home()), str(shipped_config_path()))),
    ],
)
def test_options_go_before_the_environment_and_that_before_the_defaults(
    home: Path | None, config: Path | None, environ: dict[str, str], expected: tuple[str, str]
) -> None:
    places = find_places(home, config, environ)
    assert (str(places.home), str(places.config)) == expected


def test_a_tilde_is_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    assert find_places(Path("~/p"), None, {}).home == Path("/home/op/p")


def test_the_shipped_config_is_found() -> None:
    assert shipped_config_path().name == CONFIG_NAME
    assert shipped_config_path().is_file()


def test_a_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    places = Places(tmp_path / "home", Path("c.json"))
    places.make_home()
    places.make_home()
    assert stat.S_IMODE(places.home.stat().st_mode) == 0o700
    assert places.api_logs.is_dir()
    assert places.recordings.is_dir()


def test_a_user_without_a_home_is_told_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NoHome, match="give --home DIR or COCKPIT_HOME"):
        find_places(None, None, {})
    assert find_places(Path("/h"), Path("/c"), {}).home == Path("/h")
