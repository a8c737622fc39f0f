"""From defaults, files and the environment to the frozen configuration, with errors that point at the key."""

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs

from assistant.config.assistants import PRESETS, AssistantConfig, DeviceConfig
from assistant.config.faults import validate
from assistant.config.layers import Layer, environment_layer, merge, read_file, substitute, yaml_layer
from assistant.config.roles import check_references
from assistant.config.schema import Config, ModelSection
from assistant.errors import ConfigError
from assistant.paths import config_file
from assistant.providers.config import ProviderConfig

__all__ = ["Loaded", "load"]

S = TypeVar("S")


class Loaded:
    """A configuration that was read, and where each of its keys was written."""

    def __init__(self, config: Config, layer: Layer, folder: Path) -> None:
        self.config = config
        self.layer = layer
        self.folder = folder
        """Where the configuration file lies, or would."""

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
    return Loaded(_config(substitute(layer, environment), layer), layer, main.parent)


def _fresh_models(below: Layer, above: Layer) -> Layer:
    """Drop what a model inherits where *above* gives it another engine, whose options are others."""
    models, sections = below.tree.get("models"), above.tree.get("models")
    if not isinstance(models, dict) or not isinstance(sections, dict):
        return below
    models = dict(models)
    for name, section in sections.items():
        engine = section.get("engine") if isinstance(section, dict) else None
        if engine and isinstance(models.get(name), dict) and models[name].get("engine") != engine:
            del models[name]
    return Layer({**below.tree, "models": models}, below.places)


def _config(tree: dict[str, Any], layer: Layer) -> Config:
    models = _each(tree.pop("models", {}), "models", _model, layer)
    assistants = _each(tree.pop("assistants", {}), "assistants", _assistant, layer)
    devices = _each(tree.pop("devices", {}), "devices", partial(_section, DeviceConfig), layer)
    providers = _each(tree.pop("providers", {}), "providers", partial(_section, ProviderConfig), layer)
    rest = validate(tree, Config, (), layer)
    config = structs.replace(rest, models=models, assistants=assistants, devices=devices, providers=providers)
    check_references(config, layer)
    return config


def _each(sections: Any, key: str, read: Callable[[Any, tuple[str, ...], Layer], S], layer: Layer) -> dict[str, S]:
    """Read every section of a mapping from names to sections."""
    if not isinstance(sections, dict):
        raise ConfigError(f"{layer.place((key,))}: {key}: expected a mapping of names", hint="see docs/config.md")
    for name in sections:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            raise ConfigError(
                f"{layer.place((key, name))}: {key}: {name[:70]!r} is no name",
                hint="use letters, digits, dots, hyphens and underscores",
            )
    return {name: read(section, (key, name), layer) for name, section in sections.items()}


def _section(wanted: type[S], section: Any, path: tuple[str, ...], layer: Layer) -> S:
    return validate(section, wanted, path, layer)


def _assistant(section: Any, path: tuple[str, ...], layer: Layer) -> AssistantConfig:
    """Read an assistant; what the preset of its endpoint sets lies below what is written beside it."""
    assistant = validate(section, AssistantConfig, path, layer)
    written = section.get("endpoint") or {} if isinstance(section, dict) else {}
    preset = {key: value for key, value in PRESETS[assistant.endpoint.preset].items() if key not in written}
    return structs.replace(assistant, endpoint=structs.replace(assistant.endpoint, **preset))


def _model(section: Any, path: tuple[str, ...], layer: Layer) -> ModelSection:
    if not isinstance(section, dict) or not isinstance(section.get("engine"), str):
        raise ConfigError(
            f"{layer.place(path)}: {'.'.join(path)}: a model needs an engine",
            hint=f"{path[-1]}: {{engine: NAME, …}}; `assistant plugins list` names the engines",
        )
    options = {key: value for key, value in section.items() if key != "engine"}
    return ModelSection(engine=section["engine"], options=options)
