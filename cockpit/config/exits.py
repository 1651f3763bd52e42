"""The little of a config that a way out needs, read key by key: a mistake elsewhere in the file must not close it.

Nothing of the operator's own code is loaded for it, and where a part cannot be read the venue's usual terms stand in.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import ValidationError

from cockpit.config.base import Section
from cockpit.config.endpoints import EndpointsSection
from cockpit.config.execution import ExecutionSection
from cockpit.config.jsonfile import read_loosely, read_object
from cockpit.config.problems import ConfigError
from cockpit.config.venues import Venue

TAKER_FEE_BPS, MAKER_FEE_BPS = 5.0, 2.0

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


def exit_config(path: Path, venues: tuple[str, ...]) -> ExitConfig:
    """What this file says of these venues. Never raises: what cannot be read is among the findings."""
    findings: list[str] = []
    try:
        raw: Mapping[str, Any] = read_object(path)
    except ConfigError as error:
        raw = read_loosely(path)
        rest = "what can be read of it" if raw else "the venues' usual terms"
        findings.append(f"{error}: going on with {rest}")
    sections = raw.get("venues")
    sections = sections if isinstance(sections, Mapping) else {}
    return ExitConfig(
        venues={name: _venue(sections.get(name), f"{path}: venues.{name}", findings) for name in venues},
        execution=_read(ExecutionSection, raw.get("execution"), f"{path}: execution", findings, ExecutionSection()),
        endpoints=_read(EndpointsSection, raw.get("endpoints"), f"{path}: endpoints", findings, EndpointsSection()),
        findings=tuple(findings),
    )


def _venue(raw: object, where: str, findings: list[str]) -> Venue:
    """Whether it is the demo account is read even where the rest cannot be."""
    is_demo = isinstance(raw, Mapping) and raw.get("demo") is True
    usual = Venue(demo=is_demo, taker_fee_bps=TAKER_FEE_BPS, maker_fee_bps=MAKER_FEE_BPS, instruments={})
    return _read(Venue, raw, where, findings, usual)


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
