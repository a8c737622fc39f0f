"""Values as bytes and back: msgpack in which each dataclass carries its name.

msgspec encodes dataclasses but cannot tell the members of a union apart when it decodes them; the name does.
Only the value types below can come back, so nothing that arrives can make anything else.
"""

import dataclasses
from collections.abc import Mapping
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from assistant import audio, chat, speech, vision
from assistant.errors import AssistantError

__all__ = ["VALUES", "decode", "encode"]

_TAG = "$"
"""The key under which a value carries its name; the empty name stands for a mapping that has this key itself."""


def _values(*modules: ModuleType) -> dict[str, type]:
    found = (getattr(module, name) for module in modules for name in module.__all__)
    return {v.__name__: v for v in found if isinstance(v, type) and dataclasses.is_dataclass(v)}


VALUES = _values(audio, chat, speech, vision)
"""Every type that may cross an engine's boundary, by name."""
_FIELDS = {name: get_type_hints(value) for name, value in VALUES.items()}
"""The types of their fields."""


def encode(value: Any) -> bytes:
    """Encode a value type, or plain data of such; raises TypeError for anything else, a callable for one."""
    try:
        return msgspec.msgpack.encode(_plain(value))
    except (OverflowError, RecursionError, UnicodeEncodeError) as error:
        raise TypeError(f"{type(value).__name__} cannot be encoded: {error}") from None


def decode(data: bytes) -> Any:
    """Decode what `encode` made; raises AssistantError for anything else, such as a field of another type."""
    try:
        return _value(msgspec.msgpack.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise AssistantError(f"not an encoded value: {error}") from None


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and type(value).__name__ in VALUES:
        fields = dataclasses.fields(value)
        return {_TAG: type(value).__name__} | {f.name: _plain(getattr(value, f.name)) for f in fields}
    if isinstance(value, Mapping):
        items = {str(key): _plain(item) for key, item in value.items()}
        return {_TAG: "", "items": items} if _TAG in items else items
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, int):  # also an IntEnum, a bool
        return value if isinstance(value, bool) else int(value)
    if value is None or isinstance(value, str | bytes | float):
        return value
    raise TypeError(f"{type(value).__name__} cannot cross an engine's boundary")


def _value(data: Any) -> Any:
    if isinstance(data, list):
        return [_value(item) for item in data]
    if not isinstance(data, dict):
        return _plain(data)
    if _TAG not in data:
        return {key: _value(item) for key, item in data.items()}
    if data[_TAG] == "":
        return {key: _value(item) for key, item in data["items"].items()}
    name, kinds = data[_TAG], _FIELDS[data[_TAG]]
    fields = {key: _fitting(item, kinds[key], f"{name}.{key}") for key, item in data.items() if key != _TAG}
    return VALUES[name](**fields)


def _fitting(data: Any, kind: Any, where: str) -> Any:
    """Return what *data* stands for in the field *where* of type *kind*; raises TypeError for another type."""
    try:
        if get_origin(kind) is tuple:
            return tuple([_fitting(item, get_args(kind)[0], where) for item in msgspec.convert(data, list)])
        value = _value(data)
        kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        if not any(dataclasses.is_dataclass(k) for k in kinds):
            return msgspec.convert(value, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise TypeError(f"{where}: {error}") from None
    if type(value) not in kinds:  # msgspec takes no union of dataclasses, and any mapping for one of them
        raise TypeError(f"{where}: {type(value).__name__} does not belong there")
    return value
