"""From defaults, files and the environment to the frozen configuration, with errors that point at the key."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from assistant.config.layers import Layer, environment_layer, merge, read_file, substitute, yaml_layer
from assistant.config.schema import AssistantConfig, Config, DeviceConfig, ModelSection
from assistant.errors import ConfigError
from assistant.paths import config_file

__all__ = ["Loaded", "load", "validate"]

S = TypeVar("S")


class Loaded:
    """A configuration that was read, and where each of its keys was written."""

    def __init__(self, config: Config, layer: Layer) -> None:
        self.config = config
        self.layer = layer

    def options(self, model: str, wanted: type[S]) -> S:
        """Validate the options of a model by its engine's struct; raises ConfigError that points at the key."""
        return validate(self.config.models[model].options, wanted, ("models", model), self.layer)

    def service(self, name: str, wanted: type[S]) -> S:
        """Validate the section of a service by its struct; raises ConfigError that points at the key."""
        return validate(self.config.services[name], wanted, ("services", name), self.layer)


def load(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Read the configuration: the embedded default, the file, `conf.d/*.yaml` beside it, the environment.

    A *file* that is named must exist; the usual one may be missing. Raises ConfigError.
    """
    layer = yaml_layer(files("assistant.config").joinpath("default.yaml").read_text("utf-8"), "default")
    main = file or config_file()
    found = [main] if file or "INGLENOOK_CONFIG" in environment or main.exists() else []
    for part in [*found, *sorted((main.parent / "conf.d").glob("*.yaml"))]:
        above = read_file(part)
        layer = merge(_fresh_models(layer, above), above)
    variables = environment_layer(environment, layer.tree)
    layer = merge(_fresh_models(layer, variables), variables)
    tree = {key: substitute(value, layer.place((key,)), environment) for key, value in layer.tree.items()}
    layer = Layer(tree, layer.places)
    return Loaded(_config(layer), layer)


def _fresh_models(below: Layer, above: Layer) -> Layer:
    """Drop what a model inherits where *above* gives it another engine, whose options are others."""
    models = dict(below.tree.get("models", {}))
    for name, section in (above.tree.get("models") or {}).items():
        engine = section.get("engine") if isinstance(section, dict) else None
        if engine and isinstance(models.get(name), dict) and models[name].get("engine") != engine:
            del models[name]
    return Layer({**below.tree, "models": models}, below.places)


def _config(layer: Layer) -> Config:
    tree = dict(layer.tree)
    models = _each(tree.pop("models", {}), ("models",), _model, layer)
    assistants = _each(
        tree.pop("assistants", {}), ("assistants",), lambda v, p, la: validate(v, AssistantConfig, p, la), layer
    )
    devices = _each(tree.pop("devices", {}), ("devices",), lambda v, p, la: validate(v, DeviceConfig, p, la), layer)
    rest = validate(tree, Config, (), layer)
    config = msgspec.structs.replace(rest, models=models, assistants=assistants, devices=devices)
    _check_references(config, layer)
    return config


def _each(sections: Any, path: tuple[str, ...], read: Any, layer: Layer) -> dict[str, Any]:
    if not isinstance(sections, dict):
        raise ConfigError(f"{layer.place(path)}: {path[0]}: expected a mapping of names", hint="see docs/config.md")
    found = {}
    for name, section in sections.items():
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", str(name)):
            raise ConfigError(
                f"{layer.place((*path, name))}: {path[0]}: {str(name)[:70]!r} is no name",
                hint="use letters, digits, dots, hyphens and underscores",
            )
        found[str(name)] = read(section, (*path, name), layer)
    return found


def _model(section: Any, path: tuple[str, ...], layer: Layer) -> ModelSection:
    if not isinstance(section, dict) or not isinstance(section.get("engine"), str):
        raise ConfigError(
            f"{layer.place(path)}: {'.'.join(path)}: a model needs an engine",
            hint=f"{path[-1]}: {{engine: NAME, …}}; `assistant plugins list` names the engines",
        )
    options = {key: value for key, value in section.items() if key != "engine"}
    return ModelSection(engine=section["engine"], options=options)


def validate(value: Any, wanted: type[S], path: tuple[str, ...], layer: Layer) -> S:
    """Convert plain data to a struct; raises ConfigError naming place, key, fault, and the nearest valid key."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `$")
        keys = tuple(part for part in re.split(r"[.\[\]]+", at.rstrip("`")) if part and part != "...")
        if unknown := re.search(r"unknown field `(.+?)`", message):
            key = unknown[1]
            valid = _fields(wanted, keys)
            near = get_close_matches(key, valid, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"valid keys: {', '.join(sorted(valid))}"
            full = (*path, *keys, key)
            raise ConfigError(f"{layer.place(full)}: {'.'.join(full)}: there is no such key", hint=hint) from None
        full = (*path, *keys)
        given = _at(value, keys)
        shown = f" ({given!r:.60})" if given is not None else ""
        text = message[:1].lower() + message[1:].replace("`", "")
        raise ConfigError(
            f"{layer.place(full)}: {'.'.join(full) or 'top level'}: {text}{shown}",
            hint="`assistant config schema` shows every key and its type",
        ) from None


def _at(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _fields(struct: Any, keys: tuple[str, ...]) -> list[str]:
    """Return the fields of the struct that *keys* lead to; of every nested struct where that is unclear."""
    for key in keys:
        hints = {f.name: f.type for f in msgspec.structs.fields(struct)} if hasattr(struct, "__struct_fields__") else {}
        struct = hints.get(key, struct)
    if hasattr(struct, "__struct_fields__"):
        return [f.encode_name for f in msgspec.structs.fields(struct)]
    nested = [part for part in getattr(struct, "__args__", ()) if hasattr(part, "__struct_fields__")]
    return [f.encode_name for part in nested for f in msgspec.structs.fields(part)]


def _check_references(config: Config, layer: Layer) -> None:
    """Raise ConfigError where an assistant or a device names a model or an assistant that is not there."""

    def check(path: tuple[str, ...], name: str, known: Mapping[str, Any], what: str) -> None:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
            raise ConfigError(f"{layer.place(path)}: {'.'.join(path)}: there is no {what} {name!r}", hint=hint)

    for name, assistant in config.assistants.items():
        chat = [assistant.chat] if isinstance(assistant.chat, str) else assistant.chat
        for key, ids in {"stt": [assistant.stt], "chat": chat, "tts": [assistant.tts]}.items():
            for model in ids:
                check(("assistants", name, key), model, config.models, "model")
    for name, device in config.devices.items():
        for key in ("source", "sink", "wake", "vad"):
            check(("devices", name, key), getattr(device, key), config.models, "model")
        for wanted in device.assistants:
            check(("devices", name, "assistants"), wanted, config.assistants, "assistant")
    if not config.assistants:
        raise ConfigError("assistants: there is none", hint="remove `assistants: null`, or add one")
