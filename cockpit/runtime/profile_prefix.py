"""What marks this profile's orders at a venue: six characters, made once and kept beside the journal."""

import secrets
import string

from cockpit.config.places import Places
from cockpit.exchanges.base.order_ids import PREFIX_CHARS

FILE_NAME = "order_prefix"
ALPHABET = string.ascii_lowercase + string.digits


def forget_with_the_journal(places: Places) -> None:
    """Call it before the journal is opened: order ids are counted in it, so a new one must never meet an old prefix."""
    if not places.journal.exists():
        (places.home / FILE_NAME).unlink(missing_ok=True)


def order_prefix(places: Places) -> str:
    """This profile's prefix; made now where there is none, or none that could be one. Raises `OSError`."""
    path = places.home / FILE_NAME
    found = known_prefix(places)
    if found is not None:
        return found
    made = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_CHARS))
    path.write_text(f"{made}\n", encoding="ascii")
    path.chmod(0o600)
    return made


def known_prefix(places: Places) -> str | None:
    """This profile's prefix if it has one that can be read."""
    try:
        found = (places.home / FILE_NAME).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return found if len(found) == PREFIX_CHARS and set(found) <= set(ALPHABET) else None
