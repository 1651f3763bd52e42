"""Which journal a profile has, who knows it, and that its password is not shown."""

from pathlib import Path

import pytest

from cockpit.config.journal_place import NOTE, JournalPlace, find_journal, without_password

URL = "postgresql://me:secret@db.example/journal"


def test_without_a_word_it_is_the_file_in_the_home(tmp_path: Path) -> None:
    place = find_journal(tmp_path / "journal.sqlite", {})
    assert (place.where, str(place), place.spill) == (
        tmp_path / "journal.sqlite",
        str(tmp_path / "journal.sqlite"),
        tmp_path / "journal.spill",
    )
    assert not place.exists()
    place.file.touch()
    assert place.exists() and place.is_emptied_file()


def test_the_variable_names_a_database_which_the_home_then_knows(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    place = find_journal(file, {"COCKPIT_JOURNAL_URL": URL})
    assert (place.where, place.exists(), place.is_emptied_file()) == (URL, True, False)
    assert "secret" not in f"{place} {place!r} {place.name}"
    place.note()
    note = tmp_path / NOTE
    assert note.read_text() == "postgresql://me@db.example/journal\n"
    assert note.stat().st_mode & 0o077 == 0
    assert find_journal(file, {}).where == "postgresql://me@db.example/journal"


def test_the_variable_takes_a_profile_back_to_its_file(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    find_journal(file, {"COCKPIT_JOURNAL_URL": URL}).note()
    own = find_journal(file, {"COCKPIT_JOURNAL_URL": "file"})
    assert own == JournalPlace(file)
    own.note()
    assert find_journal(file, {}) == JournalPlace(file)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, "postgresql://me@db.example/journal"),
        ("postgresql://me:half@secret@db/x", "postgresql://me@db/x"),
        ("postgresql://me:a/secret@db/x", "postgresql://me@db/x"),
        ("postgresql://me@/x?host=/run&password=secret&port=1", "postgresql://me@/x?host=/run&password=***&port=1"),
        ("postgresql://db:5432/x", "postgresql://db:5432/x"),
    ],
)
def test_no_part_of_a_password_is_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
