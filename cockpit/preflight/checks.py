"""The pre-flight checklist of one profile and mode: looks at everything, changes nothing."""

import time
from collections.abc import Mapping

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Mode
from cockpit.gate.arithmetic import setup_arithmetic
from cockpit.preflight.account import drill_items, venue_items
from cockpit.preflight.checklist import Checklist
from cockpit.preflight.config import config_items
from cockpit.preflight.journal import journal_items
from cockpit.preflight.profile import home_item


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
