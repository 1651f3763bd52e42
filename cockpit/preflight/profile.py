"""What this machine and profile tell before a start: whether the home can be used."""

import os
from pathlib import Path

from cockpit.config.ownership import against_home
from cockpit.config.places import LONGEST_SOCKET_PATH, Places
from cockpit.preflight.checklist import Item, failed, passed


def home_item(places: Places) -> Item:
    """Whether the profile's home can be written, or made."""
    home = places.home
    if home.exists() and not home.is_dir():
        return failed("home", f"expected a directory at {home}, was a file: choose another --home")
    against = against_home(home)
    if against:
        return failed("home", f"expected a home of yours alone at {home}, was {against}: choose another --home")
    length = len(os.fsencode(places.socket))
    if length > LONGEST_SOCKET_PATH:
        found = f"expected a socket path of at most {LONGEST_SOCKET_PATH} bytes, was {length} ({places.socket})"
        return failed("home", f"{found}: choose a shorter --home")
    there = _nearest_existing(home)
    if not os.access(there, os.W_OK | os.X_OK):
        return failed("home", f"expected to write to {there}, was not allowed: choose another --home")
    return passed("home", f"{home} is writable" if home.exists() else f"{home} can be made")


def _nearest_existing(path: Path) -> Path:
    return next((part for part in (path, *path.parents) if part.exists()), Path("/"))
