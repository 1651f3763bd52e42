"""A profile whose journal is in PostgreSQL: every command works with it, and none shows the password of its URL."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_cluster import Cluster
from sqlalchemy import make_url

from tests.commands.running_engine import Shell

PASSWORD = "tiger-in-the-url"


class Profile(Shell):
    """A home and the database of its journal."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home)
        self.named = {"COCKPIT_JOURNAL_URL": with_password(url)}
        self.said = ""

    def says(self, *arguments: str, code: int = 0, **environment: str) -> str:
        found = self.run(*arguments, **environment)
        self.said += found.stdout + found.stderr
        assert found.returncode == code, found.stdout + found.stderr
        return found.stdout + found.stderr


def with_password(url: str) -> str:
    return make_url(url).set(password=PASSWORD).render_as_string(hide_password=False)


@pytest.fixture
def profile(url: str) -> Iterator[Profile]:
    made = Profile(Path(tempfile.mkdtemp(prefix="cp-", dir="/tmp")), url)
    yield made
    made.clean_up()
    shutil.rmtree(made.home)


@pytest.mark.timeout(240)
def test_every_command_works_with_it(profile: Profile) -> None:
    assert "holds none yet: it is made at the first start" in profile.says("validate", **profile.named)
    assert profile.says("flatten", "--yes", **profile.named).endswith("nothing is open in the journal\n")
    profile.said += profile.start_engine("--arm", **profile.named)
    profile.open_a_trade()
    assert json.loads(profile.says("trades", "--json"))["source"] == "journal"
    profile.says("stop", "--leave-stops")
    assert not (profile.home / "journal.sqlite").exists()

    # Another shell, which does not have the variable: the home knows.
    (trade, *_) = json.loads(profile.says("trades", "--json"))["trades"]
    left = profile.says("status", code=1)
    assert ("left open: " in left) == (trade["closed_ns"] is None)
    assert json.loads(profile.says("report", "--json"))["approved"] >= 1
    assert "opens, version" in profile.says("validate")
    assert json.loads(profile.says("verdicts", "--json"))["verdicts"]

    profile.said += profile.start_engine()
    profile.says("flatten", "--yes")
    profile.says("stop")
    assert profile.says("flatten", "--yes").endswith("nothing is open in the journal\n")
    assert not (profile.home / "journal.sqlite").exists()
    assert PASSWORD not in profile.said
    for path in profile.home.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_an_engine_of_another_home_is_refused_the_same_journal(profile: Profile, tmp_path: Path) -> None:
    profile.start_engine(**profile.named)
    other = Profile(tmp_path, profile.named["COCKPIT_JOURNAL_URL"])
    said = other.says("engine", "--port", "0", code=2, **profile.named)
    assert said.startswith("cockpit: expected the journal at postgresql")
    assert "was another engine's: stop that one" in said
    assert len(said.splitlines()) == 1
    assert PASSWORD not in said


def test_a_server_that_is_down_is_said_and_nothing_is_called_flat(cluster: Cluster, profile: Profile) -> None:
    cluster.stop()
    try:
        for arguments in (("engine", "--port", "0"), ("flatten", "--yes"), ("report",)):
            said = profile.says(*arguments, code=2, **profile.named)
            line = said.splitlines()[-1]
            assert line.startswith("cockpit: expected "), said
            assert "Traceback" not in said
        assert "journal" in profile.says("validate", code=1, **profile.named)
    finally:
        cluster.start()
    assert PASSWORD not in profile.said


def test_an_at_sign_that_is_not_escaped_shows_no_part_of_the_password(profile: Profile) -> None:
    said = profile.says("report", code=2, COCKPIT_JOURNAL_URL="postgresql://me:half@hidden@localhost/journal")
    assert said == (
        "cockpit: expected an @ of the journal's password as %40, was another @ in postgresql://me@localhost/journal\n"
    )
