"""From a file (and `--set`) to a checked config, or one line that says what is wrong with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cockpit.config.jsonfile import read_object
from cockpit.config.keys import value_at
from cockpit.config.model import CockpitConfig
from cockpit.config.overrides import SOURCE, Applied, Override, apply_overrides, parse_override
from cockpit.config.own_code import own_code
from cockpit.config.problems import ConfigError, Problem
from cockpit.config.wording import Finding, findings, unknown_key


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> CockpitConfig:
    """The config in this file with every `KEY=VALUE` of `overrides` in.

    Raises `ConfigError`, whose text is one line naming file, key, what was expected and what was found: show it and
    exit with 2.
    """
    raw = read_object(Path(path))
    return check(raw, str(path), [parse_override(text) for text in overrides], Path(path).resolve().parent)


def check(
    raw: dict[str, Any], source: str, overrides: Sequence[Override] = (), beside: Path | None = None
) -> CockpitConfig:
    """The config made of these plain values; setups and feeds of one's own are looked for in `beside`.

    Raises `ConfigError` naming `source`, or `--set` if that set the key.
    """
    applied = apply_overrides(raw, overrides)
    try:
        return CockpitConfig.model_validate(applied.raw, context=own_code(beside))
    except ValidationError as error:
        found = findings(CockpitConfig, applied.raw, error.errors(include_url=False))
    raise ConfigError([_problem(finding, source, raw, applied) for finding in found])


def _problem(finding: Finding, source: str, raw: dict[str, Any], applied: Applied) -> Problem:
    if finding.kind == "missing":
        finding = _misnamed_entry(finding, raw, applied)
    by_override = any(_overlap(finding.key, key) for key in applied.keys)
    return Problem(SOURCE if by_override else source, ".".join(finding.key), finding.text, finding.advice)


def _misnamed_entry(finding: Finding, raw: dict[str, Any], applied: Applied) -> Finding:
    """What an override began but did not complete is a misspelt name of an entry that exists."""
    for created in applied.created:
        if created == finding.key[: len(created)]:
            siblings = value_at(raw, list(created[:-1]))
            return unknown_key(created, list(siblings) if isinstance(siblings, dict) else [])
    return finding


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one key holds the other. The whole file (no key) belongs to nobody's override."""
    length = min(len(one), len(other))
    return length > 0 and one[:length] == other[:length]
