"""The only place where an account that can sign is made; it is made for test and live, never for paper."""

from collections.abc import Collection, Iterable, Mapping

from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import MissingKeys, Secrets, VenueKeys
from cockpit.domain.kinds import Mode
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.timing import Timing


class PaperSignsNothing(Exception):
    """Somebody asked for a signing account in paper mode: a defect, nothing was made."""


def trading_venues(config: CockpitConfig, also: Collection[str] = ()) -> tuple[str, ...]:
    """The venues that a real mode needs keys for: where assets trade, and where something is open (`also`)."""
    return tuple(sorted({where.trade_on for where in config.assets.values()} | set(also)))


def accounts_of(
    config: CockpitConfig,
    venues: Iterable[str],
    mode: Mode,
    secrets: Secrets,
    environ: Mapping[str, str],
    timing: Timing | None = None,
) -> dict[str, VenueAccount]:
    """An account for each venue, not opened yet. `timing` is the session's, where there is one.

    Raises `PaperSignsNothing`, `MissingKeys` naming all that is missing, or `BadEndpoint` for an address that must not
    be used.
    """
    if mode is Mode.PAPER:
        raise PaperSignsNothing("expected test or live mode for an account that signs, was paper")
    keys = _keys(venues, secrets)

    from cockpit.exchanges.registry import account_for

    return {venue: account_for(venue, config, keys[venue], environ, timing) for venue in keys}


def _keys(venues: Iterable[str], secrets: Secrets) -> dict[str, VenueKeys]:
    found: dict[str, VenueKeys] = {}
    missing: list[str] = []
    for venue in venues:
        try:
            found[venue] = secrets.venue_keys(venue)
        except MissingKeys as error:
            missing.append(str(error))
    if missing:
        raise MissingKeys("; ".join(missing))
    return found
