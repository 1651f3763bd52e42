"""The road out without an engine: the keys, the venues, and nothing else that could be broken.

No code of others runs on it: not the operator's own setup files, and the keyring only for what the environment lacks,
beside the venues whose keys are known and never before them.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from cockpit.client.answers import one_line
from cockpit.commands.front import FLAT, NO, YES
from cockpit.config.endpoints import BadEndpoint
from cockpit.config.exits import ExitConfig, exit_config
from cockpit.config.secrets import KEYRING, MissingKeys, Secrets
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.registry import EXCHANGES, account_for
from cockpit.flatten.direct import PREFIX, flatten_directly
from cockpit.flatten.steps import FlattenStep
from cockpit.runtime.output import PrintLine

NOT_FLAT = "NOT FLAT: look at the venue, or run this again"

Confirm = Callable[[str], bool]


class Direct(NamedTuple):
    """The accounts that keys were found for, and what was found out on the way, a line each.

    `unasked`: venues that may hold something and cannot be asked, so that nobody may say flat.
    """

    accounts: dict[str, VenueAccount]
    findings: tuple[str, ...]
    unasked: tuple[str, ...] = ()


class DirectRoad:
    """`venue` alone, or every venue; without a readable config all the same."""

    def __init__(
        self, config: Path, venue: str, secrets: Secrets | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._secrets = secrets or Secrets(self._environ)
        names = tuple(name for name in EXCHANGES if venue in ("", name))
        self._config = exit_config(config, names)
        exported = [name for name in names if self._secrets.are_exported(name)]
        self.others = tuple(name for name in names if name not in exported)
        """Whose keys only the keyring may have."""
        self.exported = self._find(exported, self._config)

    def asking_the_keyring(self) -> Direct:
        """What the keyring has of the others. Waits for it, but not for long: not on the loop."""
        return self._find(self.others, self._config)

    @property
    def findings(self) -> tuple[str, ...]:
        """What could not be read of the config, a line each."""
        return tuple(one_line(finding) for finding in self._config.findings)

    def _find(self, names: tuple[str, ...] | list[str], config: ExitConfig) -> Direct:
        accounts: dict[str, VenueAccount] = {}
        findings: list[str] = []
        unasked: list[str] = []
        for name in names:
            try:
                accounts[name] = account_for(name, config, self._secrets.venue_keys(name), self._environ)
            except MissingKeys as error:
                findings.append(f"{name} is left out: {error}")
                unasked += [name] if KEYRING.is_silent else []
            except BadEndpoint as error:
                findings.append(f"{name} is left out: {error}")
                unasked.append(name)
            if name in accounts and name in config.unread_spot:
                known = "the config does not tell which coins this profile trades there"
                findings.append(f"{name}: only futures are looked at: {known}")
                unasked.append(f"{name} spot")
        return Direct(accounts, tuple(findings), tuple(unasked))


def flatten_venues(
    road: DirectRoad, prefix: str | None, notify: PrintLine, confirm: Confirm, is_sure: bool
) -> int | None:
    """0 only when every one of these venues was seen flat; None where no venue's keys were found: nothing was asked.

    Somebody who has to be asked first is told of every venue; `is_sure`: nobody is, and nobody waits for the keyring.
    """
    for finding in road.findings:
        notify(finding)
    found = road.exported
    later = road.others if is_sure and found.accounts else ()
    if road.others and not later:
        found = _joined(found, road.asking_the_keyring())
    if not found.accounts and not found.unasked:
        notify(f"no venue's keys are set: {'; '.join(found.findings)}")
        return None
    for finding in found.findings:
        notify(finding)
    names = ", ".join(found.accounts)
    if found.accounts and not confirm(
        f"Flatten directly on {names}: every position and order there, whoever placed it. Go on?"
    ):
        notify("not flattened: nothing was asked of any venue")
        return NO
    if found.accounts:
        notify(f"going to {names} directly; Ctrl+C gives up")
        _load_library(list(found.accounts))
    return YES if asyncio.run(_flatten(found, road if later else None, prefix or PREFIX, notify)) else NO


async def _flatten(found: Direct, later: DirectRoad | None, prefix: str, notify: PrintLine) -> bool:
    """Each venue on its own, those whose keys the keyring has as soon as it has told them."""

    def step(taken: FlattenStep) -> None:
        notify(one_line(taken.line))

    async def flatten(some: Direct) -> bool:
        for name in some.unasked:
            notify(f"{name} was not asked: what it holds is unknown")
        is_flat = not some.accounts or await flatten_directly(some.accounts, step, prefix)
        return is_flat and not some.unasked

    async def flatten_others(road: DirectRoad) -> bool:
        others = await asyncio.to_thread(road.asking_the_keyring)
        for finding in others.findings:
            notify(finding)
        if others.accounts:
            notify(f"going to {', '.join(others.accounts)} directly too")
            await asyncio.to_thread(_load_library, list(others.accounts))
        return await flatten(others)

    roads = [flatten(found), *([flatten_others(later)] if later is not None else [])]
    is_flat = all(await asyncio.gather(*roads))
    notify(FLAT if is_flat else NOT_FLAT)  # at once: a list that hangs in its thread is still waited for
    return is_flat


def _load_library(venues: list[str]) -> None:
    from cockpit.exchanges.base.library import load_library

    load_library(venues)


def _joined(one: Direct, other: Direct) -> Direct:
    return Direct({**one.accounts, **other.accounts}, one.findings + other.findings, one.unasked + other.unasked)
