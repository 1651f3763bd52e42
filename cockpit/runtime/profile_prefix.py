"""What marks this profile's orders at a venue: six characters, kept beside the journal they are counted in.

Order ids are counted on from what the journal holds. With an older journal put back they would be given again, and the
fills of the orders that had them before be taken for those of the new ones: then the prefix is made anew.
"""

import secrets
import string

from cockpit.config.ownership import put_file, read_file
from cockpit.config.places import Places
from cockpit.exchanges.base.order_ids import PREFIX_CHARS

FILE_NAME = "order_prefix"
ALPHABET = string.ascii_lowercase + string.digits
MOST_BYTES = 100


def forget_with_the_journal(places: Places) -> None:
    """Call it before the journal is opened: order ids are counted in it, so a new one must never meet an old prefix."""
    if not places.journal.exists():
        (places.home / FILE_NAME).unlink(missing_ok=True)


def forget_with_an_older_journal(places: Places, newest_session: int) -> None:
    """Call it once the journal is open: one that lacks the session which last used the prefix is not the one it was."""
    used_by = _used_by(places)
    if used_by is not None and newest_session < used_by:
        (places.home / FILE_NAME).unlink(missing_ok=True)


def used_in(places: Places, session_id: int) -> None:
    """Note that orders of this session bear the prefix. Raises `OSError`."""
    prefix = order_prefix(places)
    put_file(places.home / FILE_NAME, f"{prefix}\n{session_id}\n")


def _used_by(places: Places) -> int | None:
    """The newest session that used the prefix, where one is noted."""
    try:
        lines = _read(places).splitlines()
        return int(lines[1]) if len(lines) > 1 else None
    except (OSError, ValueError):
        return None


def order_prefix(places: Places) -> str:
    """This profile's prefix; made now where there is none, or none that could be one. Raises `OSError`."""
    found = known_prefix(places)
    if found is not None:
        return found
    made = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_CHARS))
    put_file(places.home / FILE_NAME, f"{made}\n")
    return made


def known_prefix(places: Places) -> str | None:
    """This profile's prefix if it has one that can be read."""
    try:
        found = _read(places).split("\n", 1)[0].strip()
    except (OSError, ValueError):
        return None
    return found if len(found) == PREFIX_CHARS and set(found) <= set(ALPHABET) else None


def _read(places: Places) -> str:
    """Raises `OSError` or `ValueError`."""
    return read_file(places.home / FILE_NAME, MOST_BYTES).decode("ascii")
