"""What this machine and profile tell before a start: the home, and for real money the keys and what venues know."""

import os
from collections.abc import Iterator
from pathlib import Path

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import MissingKeys, Secrets
from cockpit.domain.kinds import Mode
from cockpit.runtime.checklist import Item, failed, passed

ASKED_OF_VENUES = {
    "permissions": "that the key may trade and may not withdraw",
    "clock": "how far this machine's clock is from the venue's",
    "position mode": "one-way or hedged",
    "stop capability": "that a reduce-only stop rests on the venue",
}


def home_item(places: Places) -> Item:
    """Whether the profile's home can be written, or made."""
    home = places.home
    if home.exists() and not home.is_dir():
        return failed("home", f"expected a directory at {home}, was a file: choose another --home")
    there = _nearest_existing(home)
    if not os.access(there, os.W_OK | os.X_OK):
        return failed("home", f"expected to write to {there}, was not allowed: choose another --home")
    return passed("home", f"{home} is writable" if home.exists() else f"{home} can be made")


def money_items(config: CockpitConfig, mode: Mode, secrets: Secrets) -> Iterator[Item]:
    """What test and live need beyond paper. What only a venue can tell fails until something asks the venue."""
    if mode is Mode.PAPER:
        return
    venues = sorted({where.trade_on for where in config.assets.values()})
    for venue in venues:
        yield _keys(venue, secrets)
    for name, what in ASKED_OF_VENUES.items():
        yield failed(
            name, f"expected {', '.join(venues)} to say {what}, was not asked: this version has no venue connection"
        )


def _keys(venue: str, secrets: Secrets) -> Item:
    try:
        secrets.venue_keys(venue)
    except MissingKeys as error:
        return failed(f"keys.{venue}", str(error))
    return passed(f"keys.{venue}", "set; never shown")


def _nearest_existing(path: Path) -> Path:
    return next((part for part in (path, *path.parents) if part.exists()), Path("/"))
