"""Following a dotted key through the config's models: which names are known where, and which steps are union tags."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel


def follow(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[list[str], Any]:
    """The readable key of a pydantic location (unions leave tags in it), and the annotation of the part it ends in."""
    key: list[str] = []
    spot: Any = model
    for part in location:
        if part == "[key]":
            continue
        tagged = _member_tagged(spot, part)
        if tagged is None:
            key.append(str(part))
            spot = _child(spot, part)
        else:
            spot = tagged
    return key, spot


def known_names(spot: Any) -> list[str]:
    """The keys a section knows; none for a part whose keys are free."""
    plain = _plain(spot)
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return [field.alias or name for name, field in plain.model_fields.items()]
    return []


def known_tags(spot: Any) -> list[str]:
    """The tags of a union of sections, e.g. the kinds of setups; none for any other part."""
    return [tag for _, tags in _tagged_members(spot) for tag in tags]


def value_at(root: Any, key: list[str]) -> Any:
    """The value at a dotted key of plain JSON; raises `KeyError` where there is none."""
    value = root
    for part in key:
        if isinstance(value, dict):
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(part)
    return value


def _plain(spot: Any) -> Any:
    while get_origin(spot) is Annotated:
        spot = get_args(spot)[0]
    if get_origin(spot) in (Union, types.UnionType):
        members = [member for member in get_args(spot) if member is not types.NoneType]
        if len(members) == 1:
            return _plain(members[0])
    return spot


def _tagged_members(spot: Any) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    plain = _plain(spot)
    for member in get_args(plain) if get_origin(plain) in (Union, types.UnionType) else ():
        if isinstance(member, type) and issubclass(member, BaseModel):
            for field in member.model_fields.values():
                if get_origin(field.annotation) is Literal:
                    yield member, get_args(field.annotation)


def _member_tagged(spot: Any, tag: int | str) -> type[BaseModel] | None:
    return next((member for member, tags in _tagged_members(spot) if tag in tags), None)


def _child(spot: Any, part: int | str) -> Any:
    plain = _plain(spot)
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        for name, field in plain.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
    if get_origin(plain) is dict:
        return get_args(plain)[1]
    if get_origin(plain) is list:
        return get_args(plain)[0]
    return None
