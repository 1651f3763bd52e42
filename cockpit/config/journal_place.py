"""Which journal a profile has: the SQLite file in its home, or a PostgreSQL database that its operator named.

COCKPIT_JOURNAL_URL names it. The first engine that runs on it notes it in the home, without its password, so that no
other shell takes the file for this profile's journal: a password comes from the environment, PGPASSWORD or ~/.pgpass.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.config.ownership import opened_here, read_file

VARIABLE = "COCKPIT_JOURNAL_URL"
OWN_FILE = "file"
"""As the value of that variable: the profile's own file again."""
NOTE = "journal.place"
MOST_BYTES = 10_000
_PASSWORD = re.compile(r"(?<=://)([^:@/?#]*):.*@")
"""To the last @: one in a password that was not written as %40 is part of it."""
_PASSWORD_OPTION = re.compile(r"([?&]password=)[^&#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """A journal's file, or the URL of its database; `file` names the profile's file either way. Shows no password."""

    file: Path
    url: str = field(default="", repr=False)

    def __str__(self) -> str:
        return without_password(self.url) if self.url else str(self.file)

    @property
    def where(self) -> str | Path:
        """What it is opened by, a password included."""
        return self.url or self.file

    @property
    def name(self) -> str:
        """In short."""
        return str(self) if self.url else self.file.name

    @property
    def spill(self) -> Path:
        """Where what the database would not take waits: in the home, whatever the database is."""
        return self.file.with_suffix(".spill")

    def exists(self) -> bool:
        """Whether there may be one. Whether there is anything in a database only asking it tells."""
        return bool(self.url) or may_exist(self.file)

    def is_emptied_file(self) -> bool:
        """Whether its file is there with nothing in it: what it held is gone."""
        return not self.url and self.file.exists() and self.file.stat().st_size == 0

    def note(self) -> None:
        """Keep in the home which one it is, for whoever comes without the variable. Raises `OSError`."""
        path = self.file.with_name(NOTE)
        if not self.url:
            path.unlink(missing_ok=True)
            return
        with open(path, "w", encoding="utf-8", opener=opened_here) as file:
            file.write(f"{without_password(self.url)}\n")


def find_journal(file: Path, environ: Mapping[str, str] | None = None) -> JournalPlace:
    """The one that COCKPIT_JOURNAL_URL names, else the one noted beside `file`, else `file`."""
    named = (os.environ if environ is None else environ).get(VARIABLE, "").strip()
    if not named:
        try:
            named = read_file(file.with_name(NOTE), MOST_BYTES).decode().strip()
        except (OSError, ValueError):
            named = ""
    return JournalPlace(file, "" if named == OWN_FILE else named)


def may_exist(path: Path) -> bool:
    """Whether anything is there, a link whose disk is away included, or nobody may look: that is no sign of nothing."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def link_to_nowhere(path: Path) -> str:
    """What is to be said of a link whose journal is not there, perhaps for want of its disk. Empty: no such link."""
    if not os.path.islink(path) or os.path.exists(path):
        return ""
    return f"a link to {path.readlink()}, where nothing is: bring its disk back, or remove the link to begin anew"


def without_password(url: str) -> str:
    """The same URL as others may see it."""
    return _PASSWORD_OPTION.sub(r"\1***", _PASSWORD.sub(r"\1@", url))
