"""Read YAML and the environment as trees that remember where each value was written, and lay them over each other."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from assistant.errors import ConfigError

__all__ = ["Layer", "environment_layer", "merge", "yaml_layer"]

Path_ = tuple[str, ...]
_PREFIX = "INGLENOOK__"
_SIZE = 1_000_000
_DEPTH = 20


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
    if len(text) > _SIZE:
        raise ConfigError(f"{name}: larger than {_SIZE} characters", hint="is this the right file?")
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        places: dict[Path_, str] = {}
        if node is not None:
            _note_places(node, (), name, places)
        tree = loader.construct_document(node) if node is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(
            f"{name}{line}: not valid YAML: {getattr(error, 'problem', error)}",
            hint="check indentation, colons and quotes",
        ) from None
    finally:
        loader.dispose()  # type: ignore[no-untyped-call]
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}: expected a mapping of keys, got {type(tree).__name__}", hint="see docs/config.md")
    return Layer(tree, places)


def _note_places(node: yaml.Node, path: Path_, name: str, places: dict[Path_, str]) -> None:
    if len(path) > _DEPTH:
        raise ConfigError(f"{name}:{node.start_mark.line + 1}: nested deeper than {_DEPTH} levels")
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        line = f"{name}:{key.start_mark.line + 1}"
        if key.value in seen:
            raise ConfigError(f"{line}: the key {key.value!r} stands here twice", hint="keep one of them")
        seen.add(key.value)
        places[(*path, key.value)] = line
        _note_places(value, (*path, key.value), name, places)


def environment_layer(environment: Mapping[str, str], below: Mapping[str, Any]) -> Layer:
    """Read `INGLENOOK__STT__MODEL=…` as `stt.model`.

    Names of variables know neither lower case nor hyphens, so a part stands for the key of *below* that it spells, and
    for its own lower case otherwise. Values are YAML, so numbers and lists can be given.
    """
    tree: dict[str, Any] = {}
    places: dict[Path_, str] = {}
    for variable, value in sorted(environment.items()):
        if not variable.startswith(_PREFIX):
            continue
        path: list[str] = []
        known: Any = below
        branch = tree
        for part in variable.removeprefix(_PREFIX).split("__"):
            path.append(_spelled(part, known))
            known = known.get(path[-1]) if isinstance(known, Mapping) else None
        for key in path[:-1]:
            branch = branch.setdefault(key, {})
            if not isinstance(branch, dict):
                raise ConfigError(f"{variable}: another variable already sets {'.'.join(path[:-1])}")
        try:
            branch[path[-1]] = yaml.safe_load(value)
        except yaml.YAMLError:
            branch[path[-1]] = value
        places[tuple(path)] = variable
    return Layer(tree, places)


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
        return yaml_layer(file.read_text("utf-8"), str(file))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}", hint="check the path and its permissions") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 at byte {error.start}", hint="save the file as UTF-8") from None


def substitute(value: Any, place: str, environment: Mapping[str, str] = os.environ) -> Any:
    """Replace `${NAME}` by a variable and `${file:PATH}` by a file's first line, in every string of *value*."""
    if isinstance(value, dict):
        return {key: substitute(item, place, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, place, environment) for item in value]
    if not isinstance(value, str):
        return value

    def secret(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("file:"):
            try:
                return Path(name[5:]).expanduser().read_text("utf-8").partition("\n")[0].strip()
            except OSError as error:
                raise ConfigError(f"{place}: {name[5:]}: {error.strerror}", hint="check the path") from None
        if name not in environment:
            raise ConfigError(f"{place}: the variable {name} is not set", hint=f"export {name}=…, or write the value")
        return environment[name]

    return re.sub(r"\$\{([^}]+)\}", secret, value)
