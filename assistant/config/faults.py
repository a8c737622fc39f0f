"""Turn plain data into structs, with errors that say where in the configuration the fault lies."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from assistant.config.layers import Layer
from assistant.errors import ConfigError

__all__ = ["validate"]

S = TypeVar("S")
Keys = tuple[str, ...]

_ANY = "..."
"""How msgspec writes a key that the owner of the configuration chose."""


def validate(value: Any, wanted: type[S], path: Keys, layer: Layer) -> S:
    """Convert plain data to a struct; raises ConfigError naming place, key, fault, and the nearest valid key."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        fault = str(error)
    message, _, at = fault.replace(" - at `key` in `$", " - at `$").partition(" - at `$")
    keys = _named(value, wanted, tuple(re.findall(r"\.\.\.|[^.\[\]`]+", at)), fault)
    if unknown := re.search(r"unknown field `(.+?)`", message):
        full = (*path, *keys, unknown[1])
        valid = sorted(_fields(wanted, keys))
        near = get_close_matches(unknown[1], valid, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"valid keys: {', '.join(valid) or 'none'}"
        raise ConfigError(f"{layer.place(full)}: {'.'.join(full)}: there is no such key", hint=hint)
    full = (*path, *keys)
    given = _at(layer.tree, full)  # as it was written, because a secret may stand in its place by now
    shown = re.sub(r"//[^/@]*@", "//(hidden)@", f" ({given!r:.60})") if full and given is not None else ""
    text = message[:1].lower() + message[1:].replace("`", "")
    raise ConfigError(
        f"{layer.place(full)}: {'.'.join(full) or 'top level'}: {text}{shown}",
        hint="`assistant config schema` shows every key and its type",
    )


def _named(value: Any, wanted: type, keys: Keys, fault: str) -> Keys:
    """Put the names into *keys* that msgspec leaves out, by looking which part of *value* has the fault by itself."""
    for at, key in enumerate(keys):
        if key == _ANY:
            box = _at(value, keys[:at])
            parts = (name for name in box if _fault(_only(value, keys[:at], name), wanted) == fault)
            keys = (*keys[:at], next(parts, _ANY), *keys[at + 1 :])
    return keys


def _fault(value: Any, wanted: type) -> str:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _only(value: Any, keys: Keys, name: str) -> Any:
    """Return *value* with nothing but *name* in the mapping at *keys*."""
    if not keys:
        return {name: value[name]}
    if isinstance(value, list):
        return [_only(item, keys[1:], name) if str(at) == keys[0] else item for at, item in enumerate(value)]
    return {**value, keys[0]: _only(value[keys[0]], keys[1:], name)}


def _at(value: Any, keys: Keys) -> Any:
    for key in keys:
        if isinstance(value, list) and key.isdigit():
            value = dict(enumerate(value)).get(int(key))
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _fields(wanted: type, keys: Keys) -> set[str]:
    """Return the names of the fields of the structs that *keys* lead to."""
    kinds = [inspect.type_info(wanted)]
    for key in keys:
        kinds = [inner for kind in kinds for inner in _inside(kind, key)]
    structs = [kind for outer in kinds for kind in _plain(outer) if isinstance(kind, inspect.StructType)]
    return {field.encode_name for struct in structs for field in struct.fields}


def _inside(outer: inspect.Type, key: str) -> Iterator[inspect.Type]:
    for kind in _plain(outer):
        match kind:
            case inspect.StructType():
                yield from (field.type for field in kind.fields if field.encode_name == key)
            case inspect.DictType():
                yield kind.value_type
            case inspect.ListType() | inspect.VarTupleType():
                yield kind.item_type


def _plain(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Yield the types that a union or an annotated type stands for."""
    if isinstance(kind, inspect.UnionType):
        for part in kind.types:
            yield from _plain(part)
    elif isinstance(kind, inspect.Metadata):
        yield from _plain(kind.type)
    else:
        yield kind
