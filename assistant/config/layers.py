"""Read YAML and the environment as trees that remember where each value was written, and lay them over each other."""

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from assistant.errors import ConfigError

__all__ = ["Layer", "environment_layer", "merge", "read_file", "substitute", "yaml_layer"]

Path_ = tuple[str, ...]
_PREFIX = "INGLENOOK__"
_SIZE = 1_000_000
_DEPTH = 20
_NODES = 20_000
"""Nodes of a file with every alias written out: ten short lines of aliases can stand for billions."""
_LINE = 10_000
"""Bytes of the first line of a file with a secret."""
_TEXT_KEYS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


@dataclass(frozen=True, slots=True)
class Layer:
    """A tree of configuration and the place of each of its keys."""

    tree: dict[str, Any]
    """Mappings, lists and scalars."""
    places: dict[Path_, str] = field(default_factory=dict)
    """`file:line` or the variable's name, by the path of keys."""

    def place(self, path: Path_) -> str:
        """Return where the value at *path*, or the nearest thing above it, was written."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, "configuration")


def yaml_layer(text: str, name: str) -> Layer:
    """Read YAML; raises ConfigError that names *name* and the line for anything that is no plain mapping."""
    places: dict[Path_, str] = {}
    tree = _parsed(text, name, places)
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}: expected a mapping of keys, got {type(tree).__name__}", hint="see docs/config.md")
    return Layer(tree, places)


def _parsed(text: str, name: str, places: dict[Path_, str]) -> Any:
    """Return what YAML says, an empty mapping where it says nothing, and note in *places* where each key stands."""
    if len(text) > _SIZE:
        raise ConfigError(f"{name}: larger than {_SIZE} characters", hint="is this the right file?")
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return {}
            _note_places(node, (), name, places, itertools.count(1))
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:  # a ValueError is a date or a number that there cannot be
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigError(
            f"{name}{line}: not valid YAML: {what}", hint="check indentation, colons and quotes"
        ) from None
    except RecursionError:
        raise _too_deep(name) from None


def _note_places(node: yaml.Node, path: Path_, name: str, places: dict[Path_, str], count: Iterator[int]) -> None:
    """Note where each key stands; raise ConfigError for a tree that is too large, or has other keys than texts."""
    place = f"{name}:{node.start_mark.line + 1}"
    if len(path) > _DEPTH:
        raise _too_deep(place)
    if next(count) > _NODES:
        raise ConfigError(f"{place}: more than {_NODES} values", hint="aliases (*name) count as what they stand for")
    if isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            _note_places(item, (*path, str(at)), name, places, count)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        line = f"{name}:{key.start_mark.line + 1}"
        if key.tag not in _TEXT_KEYS:
            raise ConfigError(f"{line}: a key must be text, not {_written(key)}", hint="put it into quotes")
        if key.value in seen:
            raise ConfigError(f"{line}: the key {key.value!r} stands here twice", hint="keep one of them")
        seen.add(key.value)
        places[(*path, key.value)] = line
        _note_places(value, (*path, key.value), name, places, count)


def _too_deep(place: str) -> ConfigError:
    return ConfigError(f"{place}: nested deeper than {_DEPTH} levels", hint="see docs/config.md")


def _written(node: yaml.Node) -> str:
    return f"{node.value!r:.40}" if isinstance(node, yaml.ScalarNode) else "a list or a mapping"


def environment_layer(environment: Mapping[str, str], below: Mapping[str, Any]) -> Layer:
    """Read `INGLENOOK__STT__MODEL=…` as `stt.model`.

    Names of variables know neither lower case nor hyphens, so a part stands for the key of *below* that it spells, and
    for its own lower case otherwise. Values are YAML, so numbers and lists can be given.
    """
    layer = Layer({})
    for variable, value in sorted(environment.items()):
        if not variable.startswith(_PREFIX):
            continue
        path: list[str] = []
        known: Any = below
        for part in variable.removeprefix(_PREFIX).split("__"):
            if not part:
                raise ConfigError(f"{variable}: a part of the key is empty", hint=f"for example {_PREFIX}HTTP__PORT")
            path.append(_spelled(part, known))
            known = known.get(path[-1]) if isinstance(known, Mapping) else None
        _set(layer, tuple(path), _read(value, variable), variable)
    return layer


def _read(value: str, variable: str) -> Any:
    """Return the value of a variable: YAML where it is, text otherwise."""
    try:
        return _parsed(value, variable, {}) if value.strip() else None
    except ConfigError:
        return value


def _set(layer: Layer, path: Path_, value: Any, variable: str) -> None:
    """Set a key in *layer*; raise ConfigError where another variable already sets it, or something above or below."""
    for other, place in layer.places.items():
        if other[: len(path)] == path[: len(other)]:
            raise ConfigError(f"{variable}: {place} already sets {'.'.join(other)}", hint="keep one of them")
    branch = layer.tree
    for key in path[:-1]:
        branch = branch.setdefault(key, {})
    branch[path[-1]] = value
    layer.places[path] = variable


def _spelled(part: str, known: Any) -> str:
    keys = known if isinstance(known, Mapping) else {}
    return next((key for key in keys if re.sub(r"\W", "_", str(key)).lower() == part.lower()), part.lower())


def merge(below: Layer, above: Layer) -> Layer:
    """Lay one layer over another: mappings merge deeply, lists and scalars replace, null removes."""
    places = dict(below.places)
    for path in _replaced(below.tree, above.tree):
        places = {known: place for known, place in places.items() if known[: len(path)] != path}
    return Layer(_merged(below.tree, above.tree), places | above.places)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = _merged({}, value) if isinstance(value, dict) else value
    return result


def _replaced(below: dict[str, Any], above: dict[str, Any], path: Path_ = ()) -> Iterator[Path_]:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            yield from _replaced(below[key], value, (*path, key))
        elif key in below:
            yield (*path, key)


def read_file(file: Path) -> Layer:
    """Read one file of the configuration; raises ConfigError where it cannot be read."""
    try:
        with file.open("rb") as data:
            return yaml_layer(data.read(4 * _SIZE + 1).decode("utf-8-sig"), str(file))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}", hint="check the path and its permissions") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 at byte {error.start}", hint="save the file as UTF-8") from None


def substitute(layer: Layer, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the tree with `${NAME}` replaced by a variable and `${file:PATH}` by a file's first line."""

    def replaced(value: Any, path: Path_) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item, (*path, str(at))) for at, item in enumerate(value)]
        if isinstance(value, str):
            return re.sub(r"\$\{([^}]+)\}", lambda match: secret(match[1], path), value)
        return value

    def secret(name: str, path: Path_) -> str:
        where = f"{layer.place(path)}: {'.'.join(path)}"
        if name.startswith("file:"):
            return _first_line(name[5:], where)
        if name not in environment:
            raise ConfigError(f"{where}: the variable {name} is not set", hint=f"export {name}=…, or write the value")
        return environment[name]

    tree: dict[str, Any] = replaced(layer.tree, ())
    return tree


def _first_line(name: str, where: str) -> str:
    try:
        with Path(name).expanduser().open("rb") as file:
            return file.readline(_LINE).decode("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{where}: {name}: {error.strerror}", hint="check the path") from None
    except (ValueError, RuntimeError):  # not UTF-8, a NUL in the path, no such user
        raise ConfigError(f"{where}: {name[:200]!a} cannot be read as text", hint="check the path") from None
