"""Kinds of setups and feeds that are not built in: an entry of such a kind is read by its own `Rules`.

Which class that is, the context of the validation tells (`own_code.py` finds it in a file); without one only what is
built in is known.
"""

from collections.abc import Callable
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, ValidatorFunctionWrapHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from cockpit.config.base import Section
from cockpit.config.keys import known_tags

FINDER = "own_rules"
"""The key of the validation context under which the finder stands."""
OWN_MODULE = "cockpit_own_"
"""How the modules of one's own are named."""

Finder = Callable[[str, type[Section], str], type[Section] | None]
"""The `Rules` of a kind in a folder, which must be of a base; None where there is no such kind."""


class OwnToo:
    """Annotation of a config part whose entries may be of a kind of one's own, kept in `folder`."""

    def __init__(self, folder: str, base: type[Section]) -> None:
        self._folder = folder
        self._base = base
        self._built_in: frozenset[str] = frozenset()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """What is built in is validated as ever; what is not, by its own class, with the same errors."""
        built_in, self._built_in = handler(source), frozenset(known_tags(source))
        writer = core_schema.wrap_serializer_function_ser_schema(_written, schema=built_in)
        return core_schema.with_info_wrap_validator_function(self._read, built_in, serialization=writer)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """An editor is told the keys of what is built in, and lets a kind of one's own have any."""
        built_in = handler(schema)
        own = {
            "type": "object",
            "description": f"of your own: {self._folder}/KIND.py beside the config",
            "properties": {"kind": {"type": "string", "not": {"enum": sorted(self._built_in)}}},
            "required": ["kind"],
        }
        return {"anyOf": [built_in, own]} if self._built_in else own

    def _read(self, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        finder: Finder | None = (info.context or {}).get(FINDER)
        kind = value.get("kind") if isinstance(value, dict) else None
        if finder is not None and isinstance(kind, str) and kind not in self._built_in:
            rules = finder(self._folder, self._base, kind)
            if rules is not None:
                return rules.model_validate(value, context=info.context)
        if isinstance(value, self._base):
            return value
        if kind is not None and not self._built_in:
            raise ValueError(f"kind: expected a file {self._folder}/KIND.py beside the config, was {kind!r}")
        return handler(value)


def _written(section: Section, handler: Any) -> Any:
    """What a file of one's own declares is written by its class; the rest as ever."""
    is_own = type(section).__module__.startswith(OWN_MODULE)
    return section.model_dump(by_alias=True) if is_own else handler(section)
