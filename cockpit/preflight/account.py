"""What the venues themselves say before a start in test or live: asked over the network, nothing is changed there."""

import asyncio
import os
from collections.abc import Iterable, Mapping

from cockpit.config.endpoints import BadEndpoint
from cockpit.config.journal_place import JournalPlace
from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import MissingKeys, Secrets
from cockpit.domain.kinds import Mode
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.library import load_library
from cockpit.exchanges.registry import EXCHANGES
from cockpit.execution.accounts import accounts_of, trading_venues
from cockpit.journal.drills import drills_lacking
from cockpit.preflight.account_checks import account_items, opened
from cockpit.preflight.checklist import Item, failed, passed, warned

NOT_ASKED = ("permissions", "clock", "position mode", "stop capability")


def venue_items(
    config: CockpitConfig, mode: Mode, secrets: Secrets, environ: Mapping[str, str] | None = None
) -> list[Item]:
    """One item after another of what every trading venue says; none in paper mode, which asks nobody."""
    if mode is Mode.PAPER:
        return []
    known = os.environ if environ is None else environ
    venues = trading_venues(config)
    keyed = [venue for venue in venues if _keys_item(venue, secrets).ok]
    items = [_keys_item(venue, secrets) for venue in venues]
    items += [item for venue in venues if venue not in keyed for item in _unasked(venue)]
    try:
        accounts = accounts_of(config, keyed, mode, secrets, known)
    except BadEndpoint as error:
        return [*items, failed("endpoints", str(error))]
    if accounts:
        load_library(accounts)
        items += asyncio.run(_asked(accounts, config))
    return items


def drill_items(config: CockpitConfig, mode: Mode, journal: JournalPlace, now_ns: int) -> list[Item]:
    """Whether the way out was tried today; only live asks for it."""
    if mode is not Mode.LIVE or not config.execution.drill_before_live:
        return []
    lacking = drills_lacking(journal, trading_venues(config), now_ns)
    if lacking:
        return [failed("drill", lacking)]
    done = "done today on every venue that trades"
    asked = [venue for venue in trading_venues(config) if EXCHANGES[venue].abilities.drills_by_preview]
    if not asked:
        return [passed("drill", done)]
    return [warned("drill", f"{done}; on {', '.join(asked)} by previews alone: that one can get out was not tried")]


def _keys_item(venue: str, secrets: Secrets) -> Item:
    try:
        secrets.venue_keys(venue)
    except MissingKeys as error:
        return failed(f"keys.{venue}", str(error))
    return passed(f"keys.{venue}", "set; never shown")


def _unasked(venue: str) -> Iterable[Item]:
    for name in NOT_ASKED:
        yield failed(f"{name}.{venue}", f"not checked: no {venue} keys")


async def _asked(accounts: Mapping[str, VenueAccount], config: CockpitConfig) -> list[Item]:
    try:
        unreached = await opened(accounts)
        absent = {item.name.partition(".")[2] for item in unreached}
        reached = {venue: account for venue, account in accounts.items() if venue not in absent}
        return [*unreached, *(await account_items(reached, config))]
    finally:
        await asyncio.gather(*(account.close() for account in accounts.values()), return_exceptions=True)
