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
        self.printed = ""

    def printed_by(self, *arguments: str, code: int = 0, **environment: str) -> str:
        found = self.run(*arguments, **environment)
        self.printed += found.stdout + found.stderr
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
    assert "holds none yet: it is made at the first start" in profile.printed_by("validate", **profile.named)
    assert profile.printed_by("flatten", "--yes", **profile.named).endswith("nothing is open in the journal\n")
    profile.printed += profile.start_engine("--arm", **profile.named)
    profile.open_a_trade()
    assert json.loads(profile.printed_by("trades", "--json"))["source"] == "journal"
    profile.printed_by("stop", "--leave-stops")
    assert not (profile.home / "journal.sqlite").exists()

    # Another shell, which does not have the variable: the home knows.
    (trade, *_) = json.loads(profile.printed_by("trades", "--json"))["trades"]
    left = profile.printed_by("status", code=1)
    assert ("left open: " in left) == (trade["closed_ns"] is None)
    assert json.loads(profile.printed_by("report", "--json"))["approved"] >= 1
    assert "opens, version" in profile.printed_by("validate")
    assert json.loads(profile.printed_by("verdicts", "--json"))["verdicts"]

    profile.printed += profile.start_engine()
    profile.printed_by("flatten", "--yes")
    profile.printed_by("stop")
    assert profile.printed_by("flatten", "--yes").endswith("nothing is open in the journal\n")
    assert not (profile.home / "journal.sqlite").exists()
    assert PASSWORD not in profile.printed
    for path in profile.home.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_an_engine_of_another_home_is_refused_the_same_journal(profile: Profile, tmp_path: Path) -> None:
    profile.start_engine(**profile.named)
    other = Profile(tmp_path, profile.named["COCKPIT_JOURNAL_URL"])
    printed = other.printed_by("engine", "--port", "0", code=2, **profile.named)
    assert printed.startswith("cockpit: expected the journal at postgresql")
    assert "was another engine's: stop that one" in printed
    assert len(printed.splitlines()) == 1
    assert PASSWORD not in printed


def test_a_server_that_is_down_is_said_and_nothing_is_called_flat(cluster: Cluster, profile: Profile) -> None:
    cluster.stop()
    try:
        for arguments in (("engine", "--port", "0"), ("flatten", "--yes"), ("report",)):
            printed = profile.printed_by(*arguments, code=2, **profile.named)
            line = printed.splitlines()[-1]
            assert line.startswith("cockpit: expected "), printed
            assert "Traceback" not in printed
        assert "journal" in profile.printed_by("validate", code=1, **profile.named)
    finally:
        cluster.start()
    assert PASSWORD not in profile.printed


def test_an_at_sign_that_is_not_escaped_shows_no_part_of_the_password(profile: Profile) -> None:
    printed = profile.printed_by("report", code=2, COCKPIT_JOURNAL_URL="postgresql://me:half@hidden@localhost/journal")
    assert printed == (
        "cockpit: expected an @ of the journal's password as %40, was another @ in postgresql://me@localhost/journal\n"
    )
