"""The road out without an engine: the keys, the venues, and nothing else that could be broken."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cockpit.client.answers import one_line
from cockpit.commands.front import NO, YES
from cockpit.config.endpoints import BadEndpoint
from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places, shipped_config_path
from cockpit.config.problems import ConfigError
from cockpit.config.secrets import MissingKeys, Secrets
from cockpit.exchanges.base.account import VenueAccount
from cockpit.flatten.direct import PREFIX
from cockpit.runtime.profile_prefix import known_prefix

Say = Callable[[str], None]
Confirm = Callable[[str], bool]
LoadConfig = Callable[[], CockpitConfig]


class Direct(NamedTuple):
    """The accounts that keys were found for, and what was found out on the way, a line each."""

    accounts: dict[str, VenueAccount]
    findings: tuple[str, ...]


def find_direct(
    load: LoadConfig, venue: str, secrets: Secrets | None = None, environ: Mapping[str, str] | None = None
) -> Direct:
    """An account for every venue whose keys are set, or for `venue` alone; without a readable config all the same."""
    from cockpit.exchanges.registry import KINDS, account_for

    keys, known = secrets or Secrets(), os.environ if environ is None else environ
    shipped = load_config(shipped_config_path())
    config, findings = shipped, list[str]()
    try:
        config = load()
    except ConfigError as error:
        findings.append(f"{one_line(str(error))}: going on with the shipped config")
    accounts: dict[str, VenueAccount] = {}
    for name in KINDS:
        if venue not in ("", name):
            continue
        try:
            used = config if name in config.venues else shipped
            accounts[name] = account_for(name, used, keys.venue_keys(name), known)
        except (MissingKeys, BadEndpoint) as error:
            findings.append(f"{name} is left out: {error}")
    return Direct(accounts, tuple(findings))


def flatten_venues(places: Places, direct: Direct, say: Say, confirm: Confirm) -> int:
    """0 only when every one of these venues was seen flat."""
    for finding in direct.findings:
        say(finding)
    names = ", ".join(direct.accounts)
    if not confirm(f"Flatten directly on {names}: every position and order there, whoever placed it. Go on?"):
        say("not flattened: nothing was asked of any venue")
        return NO

    from cockpit.exchanges.base.library import load_library
    from cockpit.flatten.direct import flatten_directly

    say(f"going to {names} directly; Ctrl+C gives up")
    load_library()
    prefix = known_prefix(places) or PREFIX
    is_flat = asyncio.run(flatten_directly(direct.accounts, lambda step: say(one_line(step.line)), prefix))
    say("FLAT: every venue said so" if is_flat else "NOT FLAT: look at the venue, or run this again")
    return YES if is_flat else NO
