"""The pre-flight checklist of one profile and mode: looks at everything, changes nothing."""

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import Secrets
from cockpit.domain.kinds import Mode
from cockpit.gate.arithmetic import setup_arithmetic
from cockpit.runtime.checklist import Checklist
from cockpit.runtime.preflight_config import config_items
from cockpit.runtime.preflight_journal import journal_items
from cockpit.runtime.preflight_profile import home_item, money_items


def preflight(places: Places, config: CockpitConfig, mode: Mode, secrets: Secrets | None = None) -> Checklist:
    """Look at everything before a start in `mode`. Nothing is written and no network is used."""
    arithmetic = tuple(setup_arithmetic(config))
    items = [
        *config_items(config, mode, arithmetic),
        home_item(places),
        *journal_items(places.journal, config, mode),
        *money_items(config, mode, secrets or Secrets()),
    ]
    return Checklist(mode, places.home, places.config, tuple(items), arithmetic)
