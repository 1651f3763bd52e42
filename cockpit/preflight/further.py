"""What the way on asks for: the live market, then test, then live, each with what is missing and what to do.

What only a venue can tell (permissions, clock, position mode) is not asked here: `cockpit validate --mode test` does.
"""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import MissingKeys, Secrets
from cockpit.domain.kinds import Mode
from cockpit.preflight.account import drill_items
from cockpit.preflight.config import config_items
from cockpit.preflight.journal import journal_items


class Missing(NamedTuple):
    """One thing that is not there, in a sentence that says what to do. `needed` is False where it goes without."""

    name: str
    sentence: str
    needed: bool


class Stage(NamedTuple):
    """One stage of the way, the command that begins it, and what it still lacks."""

    name: str
    command: str
    missing: tuple[Missing, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing that is needed is missing."""
        return not any(one.needed for one in self.missing)


def stages(places: Places, config: CockpitConfig, secrets: Secrets | None = None) -> tuple[Stage, ...]:
    """The stages after paper on the simulated market. Nothing is written and no network is used."""
    keys = secrets or Secrets()
    live_data = Stage("live data", "cockpit --feed live", tuple(_sources(config, keys)))
    return live_data, *(
        Stage(mode.value, f"cockpit validate --mode {mode.value}", tuple(_lacking(places, config, mode, keys)))
        for mode in (Mode.TEST, Mode.LIVE)
    )


def stages_json(found: tuple[Stage, ...]) -> list[dict[str, Any]]:
    return [
        {"stage": stage.name, "ready": stage.ready, "missing": [one._asdict() for one in stage.missing]}
        for stage in found
    ]


def _sources(config: CockpitConfig, keys: Secrets) -> Iterator[Missing]:
    """The exchanges need no key; the other sources switch themselves on when theirs is given."""
    if config.aave.address is None:
        yield Missing("health factor", "set aave.address and COCKPIT_RPC_URLS to watch one", needed=False)
    elif not keys.rpc_urls():
        yield Missing("health factor", "set COCKPIT_RPC_URLS: aave.address is set, no RPC is", needed=True)
    if keys.coinglass_key() is None:
        yield Missing("Coinglass", "set COINGLASS_API_KEY; until then short % is the exchanges'", needed=False)
    if not config.solana.hot_accounts:
        yield Missing("Solana fees", "set solana.hot_accounts; until then the fee fade never triggers", needed=False)
    if keys.birdeye_key() is None:
        yield Missing("Birdeye", "set BIRDEYE_API_KEY to compare SOL with its price on chain", needed=False)


def _lacking(places: Places, config: CockpitConfig, mode: Mode, keys: Secrets) -> Iterator[Missing]:
    """What that mode's own checklist fails on, as far as nobody else has to be asked."""
    now_ns = time.time_ns()
    items = chain(
        config_items(config, mode, ()),
        journal_items(places.journal, config, mode),
        drill_items(config, mode, places.journal, now_ns),
    )
    for venue in sorted({where.trade_on for where in config.assets.values()}):
        try:
            keys.venue_keys(venue)
        except MissingKeys as error:
            yield Missing(f"keys.{venue}", str(error), needed=True)
    for item in items:
        if not item.ok:
            yield Missing(item.name, item.detail, needed=True)
