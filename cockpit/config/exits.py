"""The little of a config that a way out needs, read key by key: a mistake elsewhere in the file must not close it.

Nothing of the operator's own code is loaded for it, and where a part cannot be read the venue's usual terms stand in.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import ValidationError

from cockpit.config.base import Section
from cockpit.config.endpoints import EndpointsSection
from cockpit.config.exchange_names import HAVE_SPOT
from cockpit.config.execution import ExecutionSection
from cockpit.config.jsonfile import read_loosely, read_object
from cockpit.config.problems import ConfigError
from cockpit.config.venues import Instrument, Venue

TAKER_FEE_BPS, MAKER_FEE_BPS = 5.0, 2.0
LEAST = 1e-8

Read = TypeVar("Read", bound=Section)


class AccountConfig(Protocol):
    """What a venue's account reads of a config."""

    @property
    def venues(self) -> Mapping[str, Venue]:
        """By the venue's name."""

    @property
    def execution(self) -> ExecutionSection:
        """How orders are carried out."""

    @property
    def endpoints(self) -> EndpointsSection:
        """Where the outside world is."""


class ExitConfig(NamedTuple):
    """It stands in for the whole config. `findings`: what could not be read, a line each."""

    venues: dict[str, Venue]
    execution: ExecutionSection
    endpoints: EndpointsSection
    findings: tuple[str, ...]
    unread_spot: tuple[str, ...] = ()
    """Venues that trade spot too, of which nobody could read whether this profile does, and in which coins."""


def exit_config(path: Path, venues: tuple[str, ...]) -> ExitConfig:
    """What this file says of these venues. Never raises: what cannot be read is among the findings."""
    findings: list[str] = []
    raw: Mapping[str, Any] = {}
    sections: Any = None
    try:
        raw = read_object(path)
        sections = raw.get("venues", {})
    except ConfigError as error:
        raw = read_loosely(path)
        sections = raw.get("venues")
        rest = "what can be read of it" if raw else "the venues' usual terms"
        findings.append(f"{error}: going on with {rest}")
    unread = [name for name in venues if name in HAVE_SPOT and not _has_instruments(sections, name)]
    sections = sections if isinstance(sections, Mapping) else {}
    return ExitConfig(
        unread_spot=tuple(unread),
        venues={name: _venue(sections.get(name), f"{path}: venues.{name}", findings) for name in venues},
        execution=_read(ExecutionSection, raw.get("execution"), f"{path}: execution", findings, ExecutionSection()),
        endpoints=_read(EndpointsSection, raw.get("endpoints"), f"{path}: endpoints", findings, EndpointsSection()),
        findings=tuple(findings),
    )


def _venue(raw: object, where: str, findings: list[str]) -> Venue:
    """Whether it is the demo account, and which coins are traded there, is read even where the rest cannot be."""
    is_demo = isinstance(raw, Mapping) and raw.get("demo") is True
    coins = {asset: _on_venues_terms(product) for asset, product in _spot_products(raw).items()}
    usual = Venue(demo=is_demo, taker_fee_bps=TAKER_FEE_BPS, maker_fee_bps=MAKER_FEE_BPS, instruments=coins)
    return _read(Venue, raw, where, findings, usual)


def _has_instruments(sections: object, name: str) -> bool:
    """Whether these sections say what is traded at that venue, nothing included."""
    if not isinstance(sections, Mapping):
        return False
    section = sections.get(name, {"instruments": {}})
    return isinstance(section, Mapping) and isinstance(section.get("instruments"), Mapping)


def _spot_products(section: object) -> dict[str, str]:
    """By asset, as far as they can be read."""
    listed = section.get("instruments") if isinstance(section, Mapping) else None
    listed = listed if isinstance(listed, Mapping) else {}
    told = {asset: one.get("spot_product") for asset, one in listed.items() if isinstance(one, Mapping)}
    return {asset: product for asset, product in told.items() if product == f"{asset}-USD"}


def _on_venues_terms(product: str) -> Instrument:
    """A way out goes by the lots that the venue itself lists."""
    return Instrument(lot=LEAST, min_qty=LEAST, tick_usd=LEAST, min_notional_usd=0.0, spot_product=product)


def _read(section: type[Read], raw: object, where: str, findings: list[str], usual: Read) -> Read:
    if raw is None:
        return usual
    try:
        return section.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        findings.append(f"{where}{'.' if key else ''}{key}: {first['msg']}: going on with the usual terms")
        return usual
