"""`cockpit drill`: can I get out? Tried where no money is at stake, timed, and kept in the journal."""

import asyncio
import os
import secrets as randomness
from collections.abc import Callable, Mapping, Sequence

from cockpit.client.answers import one_line
from cockpit.commands.front import NO, YES
from cockpit.config.endpoints import BadEndpoint
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.proxies import without_proxies
from cockpit.config.secrets import MissingKeys, Secrets
from cockpit.domain.kinds import Mode
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.registry import EXCHANGES, account_for
from cockpit.execution.accounts import trading_venues
from cockpit.journal.drills import Drill, keep_drill
from cockpit.runtime.drilling import PREVIEWED, DrillRun, PreviewDrill
from cockpit.runtime.lock import is_held, read_holder
from cockpit.runtime.output import PrintLine

Confirm = Callable[[str], bool]


def drill_now(places: Places, config: CockpitConfig, notify: PrintLine, confirm: Confirm, *, venue: str) -> int:
    """0 when every venue that trades (or `venue` alone) was opened, protected and left again; 1 otherwise.

    Raises `JournalError` where the outcome cannot be kept.
    """
    if proxies := without_proxies(os.environ):
        notify(proxies)
    mode = read_holder(places.lock).get("mode") if is_held(places.lock) else None
    if mode not in (None, Mode.PAPER.value):
        notify(f"no drill: expected no engine in a real mode on this profile, was {mode}: the drill would flatten it")
        return NO
    venues = [venue] if venue else list(trading_venues(config))
    try:
        accounts = [account_to_drill(name, config, Secrets(), os.environ) for name in venues]
    except (MissingKeys, BadEndpoint, KeyError) as error:
        notify(f"no drill: {one_line(str(error))}")
        return NO
    if not confirm(_question(accounts)):
        notify("no drill: nothing was asked of any venue")
        return NO

    from cockpit.exchanges.base.library import load_library

    load_library(account.venue for account in accounts)
    places.make_home()
    is_ok = True
    for account in accounts:
        prefix = randomness.token_hex(3)
        run = PreviewDrill if EXCHANGES[account.venue].abilities.drills_by_preview else DrillRun
        drill = asyncio.run(run(account, config, prefix, lambda line: notify(one_line(line))).run())
        keep_drill(places.journal, drill)
        notify(f"{account.venue}: {_outcome(drill)}")
        is_ok = is_ok and drill.ok
    return YES if is_ok else NO


def _question(accounts: Sequence[VenueAccount]) -> str:
    asked = [one.venue for one in accounts if EXCHANGES[one.venue].abilities.drills_by_preview]
    tried = [account for account in accounts if account.venue not in asked]
    parts = []
    if tried:
        where = ", ".join(f"{account.venue} ({'loopback' if account.is_loopback else 'demo'})" for account in tried)
        parts.append(f"Drill on {where}: opens the smallest position there, then closes everything there.")
    if asked:
        parts.append(
            f"Drill on {', '.join(asked)}: asks the real account about an entry, a stop and a close, sends none."
        )
    return f"{' '.join(parts)} Go on?"


def _outcome(drill: Drill) -> str:
    if drill.place == PREVIEWED:
        return (
            "would take our orders; that one can get out was not tried" if drill.ok else "NOT PROVEN that it takes them"
        )
    return "one can get out" if drill.ok else "NOT PROVEN that one can get out"


def account_to_drill(venue: str, config: CockpitConfig, secrets: Secrets, environ: Mapping[str, str]) -> VenueAccount:
    """The account where no money is at stake: moved to this machine, or the venue's demo account with its own keys.

    Its usual one where nothing is placed.

    Raises `MissingKeys`, `BadEndpoint`, or `KeyError` for a venue that takes no real orders.
    """
    if EXCHANGES[venue].abilities.drills_by_preview:
        return account_for(venue, config, secrets.venue_keys(venue), environ)
    try:
        usual = account_for(venue, config, secrets.venue_keys(venue), environ)
        if usual.is_loopback or usual.is_demo:
            return usual
    except MissingKeys:
        pass
    section = config.venues[venue].model_copy(update={"demo": True})
    demo = config.model_copy(update={"venues": {**config.venues, venue: section}})
    return account_for(venue, demo, secrets.venue_keys(venue, of_demo=True), environ)
