"""A value that remembers what was asked of it: which keys of a config, which parts of the gate's input."""

import types
from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import BaseModel

from cockpit.gate.inputs import GateInput
from cockpit.market.market import Market

OPENED = (BaseModel, msgspec.Struct, GateInput, Market, dict)
"""What is looked into; anything else is a value that was read."""


class Watched:
    """Stands for `target`; every value read through it is noted in `seen` under its dotted path."""

    def __init__(self, target: Any, seen: list[str], path: str = "") -> None:
        self._target, self._seen, self._path = target, seen, path

    def __getattr__(self, name: str) -> Any:
        method = getattr(type(self._target), name, None)
        if isinstance(method, types.FunctionType):
            if isinstance(self._target, Market):
                self._seen.append(self._at(name))
                return types.MethodType(method, self._target)
            return types.MethodType(method, self)
        if isinstance(method, property) and not isinstance(self._target, Market):
            assert method.fget is not None
            return method.fget(self)
        return self._give(name, getattr(self._target, name))

    def __getitem__(self, key: Any) -> Any:
        return self._give(key, self._target[key])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._target)

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self._target else default

    def _give(self, name: str, value: Any) -> Any:
        if isinstance(value, OPENED):
            return Watched(value, self._seen, self._at(name))
        self._seen.append(self._at(name))
        return value

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name
