"""Builds every setup the config names."""

from collections.abc import Callable, Iterator

from cockpit.config.model import CockpitConfig
from cockpit.config.problems import ConfigError, Problem
from cockpit.config.setups import (
    LowerBandLong,
    OwnSetup,
    PriorityFeeFade,
    SetupSection,
    SqueezeGuard,
    UpperBandShort,
)
from cockpit.market.market import Market
from cockpit.setups.base import Setup
from cockpit.setups.lower_band_long import LowerBandLongSetup
from cockpit.setups.priority_fee_fade import PriorityFeeFadeSetup
from cockpit.setups.squeeze_guard import SqueezeGuardSetup
from cockpit.setups.upper_band_short import UpperBandShortSetup


def build_setups(config: CockpitConfig, market: Market) -> list[Setup]:
    """Every setup in the config's order, one machine an asset. A disabled one is built too: it is OFF and silent.

    Raises `ConfigError` for rules of one's own whose `machine` is no setup: its text is a line for the operator.
    """
    return [setup for name, section in config.setups.items() for setup in _machines(name, section, config, market)]


def _machines(name: str, section: SetupSection, config: CockpitConfig, market: Market) -> Iterator[Setup]:
    match section:
        case LowerBandLong():
            yield LowerBandLongSetup(name, section, config, market)
        case UpperBandShort():
            yield UpperBandShortSetup(name, section, config, market)
        case PriorityFeeFade():
            yield PriorityFeeFadeSetup(name, section, config, market)
        case SqueezeGuard():
            for asset in section.assets:
                yield SqueezeGuardSetup(name, asset, section, config, market)
        case OwnSetup():
            yield _own_machine(name, section, config, market)


def _own_machine(name: str, rules: OwnSetup, config: CockpitConfig, market: Market) -> Setup:
    machine = getattr(rules, "machine", None)
    if not (isinstance(machine, type) and issubclass(machine, Setup)):
        finding = f"expected Rules.machine of setups/{rules.kind}.py to be a Setup, was {machine!r}"
        raise ConfigError([Problem("config", f"setups.{name}", finding, "see docs/writing-a-setup.md")])
    make: Callable[..., Setup] = machine
    try:
        return make(name, rules, config, market)
    except TypeError as error:  # a method is missing, or its constructor wants other things
        finding = f"expected {machine.__name__}(name, rules, config, market) of setups/{rules.kind}.py to be made"
        hint = "see docs/writing-a-setup.md"
        raise ConfigError([Problem("config", f"setups.{name}", f"{finding}, was {error}", hint)]) from error
