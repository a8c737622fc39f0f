"""Put the paths of model files in the place of their names in an engine's configuration."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from assistant.errors import ModelError
from assistant.models.catalogue import Catalogue
from assistant.models.store import Store

__all__ = ["locate", "resolve", "wanted"]

C = TypeVar("C", bound=msgspec.Struct)

_SUFFIXES = frozenset({".bin", ".gguf", ".onnx", ".tflite"})


def resolve(config: C, store: Store) -> C:
    """Return *config* with the absolute path of the file or folder in each `ModelRef`, however deep.

    Raises ModelError that names the field where a model is not in the catalogue, not pulled, or not at its path.
    """
    return _mapped(config, lambda name: str(locate(name, store)))


def wanted(config: msgspec.Struct, catalogue: Catalogue) -> set[str]:
    """Return the ids of the catalogue that *config* names; raises ModelError where a name is neither id nor path."""
    ids = set()

    def note(name: str) -> str:
        if not _is_path(name):
            catalogue[name]
            ids.add(name)
        return name

    _mapped(config, note)
    return ids


def locate(name: str, store: Store) -> Path:
    """Return where the model is that *name* means: an id of the catalogue, or a path, told by its slash or suffix."""
    if not _is_path(name):
        return store.path(name)
    try:
        path = Path(name).expanduser().absolute()
        if path.is_file() or path.is_dir():
            return path
    except (OSError, RuntimeError, ValueError):
        pass  # too long, no such user, a NUL in it
    raise ModelError(f"there is no file {name[:200]!a}", hint="check the path, or name an id: assistant models list")


def _is_path(name: str) -> bool:
    return "/" in name or name.startswith("~") or Path(name).suffix.lower() in _SUFFIXES


def _mapped(config: C, change: Callable[[str], str]) -> C:
    mapped: C = _walk(config, inspect.type_info(type(config)), change, "")
    return mapped


def _walk(value: Any, kind: inspect.Type, change: Callable[[str], str], where: str) -> Any:
    """Return *value* with every model's name changed; *kind* says where they are."""
    match kind:
        case inspect.Metadata(extra={"model": True}) if isinstance(value, str):
            try:
                return change(value)
            except ModelError as error:
                raise ModelError(f"{where}: {error}", hint=error.hint) from None
        case inspect.Metadata():
            return _walk(value, kind.type, change, where)
        case inspect.UnionType():
            for option in kind.types:
                value = _walk(value, option, change, where)
            return value
        case inspect.StructType() if isinstance(value, kind.cls):
            prefix = f"{where}." if where else ""
            fields = {
                f.name: _walk(getattr(value, f.name), f.type, change, prefix + f.encode_name) for f in kind.fields
            }
            return msgspec.structs.replace(value, **fields)
        case inspect.DictType() if isinstance(value, Mapping):
            return {key: _walk(item, kind.value_type, change, f"{where}.{key}") for key, item in value.items()}
        case inspect.ListType() | inspect.VarTupleType() if isinstance(value, list | tuple):
            items = (_walk(item, kind.item_type, change, f"{where}[{n}]") for n, item in enumerate(value))
            return type(value)(items)
        case _:
            return value
