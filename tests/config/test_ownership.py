"""What others own or may write is neither run nor trusted, and it is said whose it is and with which mode."""

import logging
import os
from pathlib import Path

import pytest

from cockpit.api.tokens import TokenError, load_token
from cockpit.config.base import Section
from cockpit.config.journal_place import JournalPlace
from cockpit.config.own_code import own_rules
from cockpit.config.ownership import against_home, against_running
from cockpit.config.places import Places
from cockpit.preflight.checks import home_item
from cockpit.runtime.detached import start_detached
from cockpit.runtime.logs import log_to
from cockpit.runtime.output import output_of

OTHER = 54_321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def setup_file(tmp_path: Path) -> Path:
    folder = tmp_path / "setups"
    folder.mkdir(mode=0o755)
    path = folder / "dip_buyer.py"
    path.write_text("raise SystemExit('it was run')", encoding="utf-8")
    return path


@pytest.mark.parametrize(("mode", "of_folder"), [(0o666, 0o755), (0o602, 0o755), (0o644, 0o777)])
def test_a_setup_file_that_others_may_write_is_not_run(setup_file: Path, mode: int, of_folder: int) -> None:
    setup_file.chmod(mode)
    setup_file.parent.chmod(of_folder)
    wrong = mode if mode != 0o644 else of_folder
    with pytest.raises(ValueError, match=rf"owner \(user {os.geteuid()}\) only, was mode {wrong:04o}: chmod o-w"):
        own_rules(Section, setup_file.parent, "dip_buyer")


@as_root
@pytest.mark.parametrize("of_folder", [False, True])
def test_a_setup_file_of_somebody_else_is_not_run(setup_file: Path, of_folder: bool) -> None:
    os.chown(setup_file.parent if of_folder else setup_file, OTHER, OTHER)
    with pytest.raises(ValueError, match=rf"to be yours \(user 0\), was user {OTHER}'s, mode 0[67]"):
        own_rules(Section, setup_file.parent, "dip_buyer")


def test_our_own_is_run(setup_file: Path) -> None:
    assert against_running(setup_file) == ""
    with pytest.raises(SystemExit, match="it was run"):
        own_rules(Section, setup_file.parent, "dip_buyer")


def places(home: Path) -> Places:
    return Places(home, home / "c.json")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_home_that_others_may_write_to_is_refused_and_validate_says_so(tmp_path: Path, mode: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(mode)
    with pytest.raises(PermissionError, match=f"mode {mode:04o}, which others may write to"):
        places(home).make_home()
    item = home_item(places(home))
    assert not item.ok and f"mode {mode:04o}" in item.detail


@as_root
def test_a_home_made_by_somebody_else_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, OTHER, OTHER)
    assert f"user {OTHER}, mode 0700" in against_home(home)
    with pytest.raises(PermissionError, match="not yours"):
        places(home).make_home()
    assert not home_item(places(home)).ok


def test_a_home_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    places(home).make_home()
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_socket_path_that_is_too_long_is_said_before_the_start(tmp_path: Path) -> None:
    item = home_item(places(tmp_path / ("x" * 120)))
    assert not item.ok and "expected a socket path of at most 100 bytes, was" in item.detail


@pytest.mark.parametrize("name", ["logs/engine.log", "logs/engine.out", "token", "journal.place"])
def test_nothing_is_read_or_written_through_a_link_that_was_planted(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("x" * 64, encoding="utf-8")
    victim.chmod(0o600)
    profile = places(tmp_path / "home")
    profile.make_home()
    (profile.home / name).symlink_to(victim)
    match name:
        case "logs/engine.log":
            handler = log_to(profile.engine_log, "cockpit.test_of_links")
            logging.getLogger("cockpit.test_of_links").error("a line")
            handler.close()
            logging.getLogger("cockpit.test_of_links").removeHandler(handler)
        case "logs/engine.out":
            with pytest.raises(OSError, match="symbolic links"):
                start_detached(profile, (), output_of(profile.engine_log.parent))
        case "token":
            with pytest.raises(TokenError, match="expected a readable token"):
                load_token(profile.token)
        case _:
            with pytest.raises(OSError, match="symbolic links"):
                JournalPlace(profile.home / "journal.sqlite", "postgresql://db/x").note()
    assert victim.read_text(encoding="utf-8") == "x" * 64
