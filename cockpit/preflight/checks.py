"""The pre-flight checklist of one profile and mode: looks at everything, changes nothing."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from cockpit.config.model import CockpitConfig
from cockpit.config.ownership import against_home
from cockpit.config.places import LONGEST_SOCKET_PATH, Places
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Mode
from cockpit.gate.arithmetic import setup_arithmetic
from cockpit.preflight.account import drill_items, venue_items
from cockpit.preflight.checklist import Checklist, Item, failed, passed
from cockpit.preflight.config import config_items
from cockpit.preflight.journal import journal_items

# What this machine and profile tell before a start: whether the home can be used.


def home_item(places: Places) -> Item:
    """Whether the profile's home can be written, or made."""
    home = places.home
    if os.path.exists(home) and not home.is_dir():
        return failed("home", f"expected a directory at {home}, was a file: choose another --home")
    against = against_home(home)
    if against:
        return failed("home", f"expected a home of yours alone at {home}, was {against}: choose another --home")
    if in_the_way := places.in_the_way():
        return failed("home", f"expected a home to write to at {home}, was: {in_the_way}")
    if os.path.lexists(places.socket) and not places.socket.is_socket():
        return failed("home", f"expected {places.socket} to be a socket or absent, was another file: move it away")
    length = len(os.fsencode(places.socket))
    if length > LONGEST_SOCKET_PATH:
        found = f"expected a socket path of at most {LONGEST_SOCKET_PATH} bytes, was {length} ({places.socket})"
        return failed("home", f"{found}: choose a shorter --home")
    there = _nearest_existing(home)
    if not os.access(there, os.W_OK | os.X_OK):
        return failed("home", f"expected to write to {there}, was not allowed: choose another --home")
    return passed("home", f"{home} is writable" if os.path.exists(home) else f"{home} can be made")


def _nearest_existing(path: Path) -> Path:
    return next((part for part in (path, *path.parents) if os.path.lexists(part)), Path("/"))


def preflight(
    places: Places,
    config: CockpitConfig,
    mode: Mode,
    secrets: Secrets | None = None,
    environ: Mapping[str, str] | None = None,
) -> Checklist:
    """Look at everything before a start in `mode`. Nothing is written; in test and live the venues are asked.

    `environ` is where moved addresses are looked up. Call it where no event loop runs.
    """
    arithmetic = tuple(setup_arithmetic(config))
    items = [
        *config_items(config, mode, arithmetic),
        home_item(places),
        *journal_items(places.journal, config, mode),
        *venue_items(config, mode, secrets or Secrets(), environ),
        *drill_items(config, mode, places.journal, time.time_ns()),
    ]
    return Checklist(mode, places.home, places.config, tuple(items), arithmetic)
