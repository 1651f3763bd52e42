"""Every key of the config, made from its models: `python -m tests.docs.config_reference > docs/config.md`.

What reads a key is found in the sources: the rooms in which its name is asked of something.
"""

import ast
import functools
import json
import sys
import types
from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cockpit.config.model import CockpitConfig
from tests.docs.pages import PROJECT_ROOT, SHIPPED_CONFIG

UNITS = {
    "_usd": "USD", "_bps": "bps", "_pct": "%", "_ms": "ms", "_s": "s", "_hours": "h", "_days": "days",
    "_lamports": "lamports", "_sol": "SOL",
}  # fmt: skip
HEAD = """# The config, key by key

This page is made from the models that check the file: `python -m tests.docs.config_reference > docs/config.md`. A key
without a default must be there. `shipped` is the value in `config/tactical_scalp_config.json`, where it is one value.
`read in` names the rooms whose code asks for the key. Keys of the operator's own setups and feeds are theirs
([writing-a-setup.md](writing-a-setup.md)).
"""


class Key(NamedTuple):
    """A row of the page."""

    path: str
    unit: str
    takes: str
    default: str
    shipped: str
    read_in: str


@functools.cache
def asked_for() -> dict[str, set[str]]:
    """The names that each source file asks something for."""
    found: dict[str, set[str]] = {}
    for path in sorted((PROJECT_ROOT / "cockpit").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        found[path.relative_to(PROJECT_ROOT / "cockpit").as_posix()] = names
    return found


def read_in(path: str) -> str:
    """The rooms of the files that ask for the key and for the section it stands in; else of those that ask for it."""
    parts = [part.partition("[")[0].partition(" ")[0] for part in path.split(".") if not part.startswith("<")]
    sections = set(parts[:-1])
    files = [file for file, names in asked_for().items() if parts[-1] in names]
    near = [file for file in files if sections & asked_for()[file]] if sections else files
    return ", ".join(sorted({file.partition("/")[0].removesuffix(".py") for file in near or files}))


def plain(spot: Any) -> Any:
    while get_origin(spot) is Annotated:
        spot = get_args(spot)[0]
    return spot


def sections_of(spot: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models inside a type, with what stands between: `<ASSET>` for a key of a mapping, the kind in a union."""
    spot = plain(spot)
    if isinstance(spot, type) and issubclass(spot, BaseModel):
        yield "", spot
    elif get_origin(spot) is dict:
        for inside, model in sections_of(get_args(spot)[1]):
            yield f".<name>{inside}", model
    elif get_origin(spot) is list:
        for inside, model in sections_of(get_args(spot)[0]):
            yield f"[]{inside}", model
    elif get_origin(spot) in (Union, types.UnionType):
        for member in get_args(spot):
            for inside, model in sections_of(member):
                yield f" ({kind_of(model)}){inside}" if kind_of(model) else inside, model


def kind_of(model: type[BaseModel]) -> str:
    field = model.model_fields.get("kind")
    return str(get_args(plain(field.annotation))[0]) if field is not None and field.annotation else ""


def takes(spot: Any) -> str:
    """The type in a reader's words."""
    spot = plain(spot)
    names = {float: "number", int: "whole number", str: "text", bool: "true or false", types.NoneType: "nothing"}
    if spot in names:
        return names[spot]
    origin, inside = get_origin(spot), get_args(spot)
    if origin is Literal:
        return " or ".join(json.dumps(value) for value in inside)
    if origin is list:
        return f"list of {takes(inside[0])}"
    if origin is dict:
        return f"{takes(inside[1])} by name"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(takes(member) for member in inside))
    return "section" if isinstance(spot, type) and issubclass(spot, BaseModel) else "text"


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "—"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "as below"
    return f"`{json.dumps(value, default=lambda part: part.model_dump())}`"


def shipped_at(path: str) -> str:
    value: Any = json.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return ""
        value = value[part]
    return "" if isinstance(value, dict | list) else f"`{json.dumps(value)}`"


def keys(model: type[BaseModel], path: str = "", seen: tuple[type[BaseModel], ...] = ()) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        here = f"{path}.{field.alias or name}".lstrip(".")
        inner = list(sections_of(field.annotation))
        unit = next((unit for suffix, unit in UNITS.items() if name.endswith(suffix)), "")
        yield Key(here, unit, takes(field.annotation), default_of(field), shipped_at(here), read_in(here))
        for inside, section in inner:
            if section not in seen:
                yield from keys(section, f"{here}{inside}", (*seen, section))


def reference() -> str:
    """The whole page."""
    groups: dict[str, list[Key]] = defaultdict(list)
    for key in keys(CockpitConfig):
        groups[key.path.partition(".")[0].partition("[")[0].partition(" ")[0]].append(key)
    parts = [HEAD]
    for name, rows in groups.items():
        parts.append(
            f"\n## {name}\n\n| key | unit | takes | default | shipped | read in |\n|---|---|---|---|---|---|\n"
        )
        parts += [f"| `{key}` | {' | '.join(cells)} |\n" for key, *cells in rows]
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(reference())
