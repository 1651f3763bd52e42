"""From a file (and `--set`) to a checked config, or one line that says what is wrong with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from cockpit.config.jsonfile import JsonSyntaxError, parse, read_object
from cockpit.config.keys import value_at
from cockpit.config.model import CockpitConfig
from cockpit.config.own_code import own_code
from cockpit.config.problems import ConfigError, Problem
from cockpit.config.show import shown
from cockpit.config.wording import Finding, findings, unknown_key

# `--set KEY=VALUE`: putting single values into a config before it is checked.

SOURCE = "--set"
_OTHER_SHARE = {"long_pct": "short_pct", "short_pct": "long_pct"}


class Override(NamedTuple):
    """One `--set`: the dotted key in parts, and its value as JSON (or as text where it is no JSON)."""

    key: tuple[str, ...]
    value: Any


class Applied(NamedTuple):
    """A config with its overrides in, and what they touched: the keys set, and the sections they began."""

    raw: dict[str, Any]
    keys: tuple[tuple[str, ...], ...]
    created: tuple[tuple[str, ...], ...]


def parse_override(text: str) -> Override:
    """`KEY=VALUE` with a dotted key. Raises `ConfigError` for anything else."""
    name, equals, value = text.partition("=")
    parts = tuple(name.strip().split("."))
    if not equals or not all(parts):
        finding = f"expected KEY=VALUE, was {shown(text)}"
        raise ConfigError([Problem(SOURCE, "", finding, "for example --set aave.required=false")])
    return Override(parts, _value(value.strip()))


def apply_overrides(raw: dict[str, Any], overrides: Sequence[Override]) -> Applied:
    """The raw config with every override in, later ones winning. Sections on the way that are absent are made.

    Setting only one of `long_pct` and `short_pct` sets the other to the rest of 100. Raises `ConfigError` where a key
    leads through something that is not a section.
    """
    changed = _copy(raw)
    keys: list[tuple[str, ...]] = []
    created: list[tuple[str, ...]] = []
    for override in _with_other_shares(overrides):
        section = _section(changed, override.key, created)
        _put(section, override)
        keys.append(override.key)
    return Applied(changed, tuple(keys), tuple(created))


def _value(text: str) -> Any:
    try:
        return parse(text, SOURCE)
    except JsonSyntaxError:
        return text


def _with_other_shares(overrides: Sequence[Override]) -> list[Override]:
    given = {override.key for override in overrides}
    complete: list[Override] = []
    for override in overrides:
        complete.append(override)
        other = (*override.key[:-1], _OTHER_SHARE.get(override.key[-1], ""))
        if override.key[:2] != ("market_context", "positioning") or not other[-1] or other in given:
            continue
        value = override.value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
            complete.append(Override(other, round(100.0 - value, 9)))
    return complete


def _section(raw: dict[str, Any], key: tuple[str, ...], created: list[tuple[str, ...]]) -> Any:
    """The object or list that holds the last part of `key`."""
    section: Any = raw
    for depth, part in enumerate(key[:-1], start=1):
        if isinstance(section, list):
            section = section[_index(section, key[:depth])]
        else:
            if section.get(part) is None:
                section[part] = {}
                created.append(key[:depth])
            section = section[part]
        if not isinstance(section, dict | list):
            finding = f"expected a section at {'.'.join(key[:depth])}, was {shown(section)}"
            raise ConfigError([Problem(SOURCE, ".".join(key), finding, "shorten the key")])
    return section


def _put(section: Any, override: Override) -> None:
    if isinstance(section, list):
        section[_index(section, override.key)] = override.value
    else:
        section[override.key[-1]] = override.value


def _index(section: list[Any], key: tuple[str, ...]) -> int:
    if key[-1].isdecimal() and int(key[-1]) < len(section):
        return int(key[-1])
    finding = f"expected a number from 0 to {len(section) - 1}, was '{key[-1]}'"
    raise ConfigError([Problem(SOURCE, ".".join(key), finding, "count the list's entries from 0")])


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_copy(child) for child in value]
    return value


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
