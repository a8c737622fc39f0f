"""Fit the models to the languages that are spoken: what their options are, who stands in, and what cannot be."""

from collections.abc import Iterable, Mapping

from msgspec import structs

from assistant.config import AssistantConfig, Config, Loaded
from assistant.config.roles import roles
from assistant.engines import AnySpec, EngineConfig, Kind
from assistant.errors import ConfigError
from assistant.models.catalogue import Catalogue
from assistant.models.pool import Model

__all__ = ["AUTO", "check_ears", "check_private", "codecs", "languages_of", "stand_ins", "suited", "with_stand_ins"]

AUTO = "auto"
"""The language of an assistant that takes whatever is heard."""


def languages_of(model: str, config: Config) -> tuple[str, ...]:
    """Return the languages of the assistants that a model hears or speaks for: BCP-47 tags, or `auto`."""
    using = (section for section in config.assistants.values() if model in (*section.ears, *section.voices))
    return tuple(dict.fromkeys(section.language for section in using))


def suited(spec: AnySpec, config: EngineConfig, model: str, loaded: Loaded) -> EngineConfig:
    """Return *config* with options that suit the languages of a model where its section leaves them open."""
    if spec.suiting is None:
        return config
    suiting = spec.suiting(languages_of(model, loaded.config))
    given = loaded.config.models[model].options
    return structs.replace(config, **{key: value for key, value in suiting.items() if key not in given})


def stand_ins(specs: Iterable[AnySpec], models: Mapping[str, Model]) -> dict[str, Model]:
    """Return the voices that stand in for others, by id: as they are configured, or else as they come."""
    return _unbidden(specs, models, Kind.TTS)


def codecs(specs: Iterable[AnySpec], models: Mapping[str, Model]) -> dict[str, Model]:
    """Return the codecs by id: as they are configured, or else as they come."""
    return _unbidden(specs, models, Kind.CODEC)


def _unbidden(specs: Iterable[AnySpec], models: Mapping[str, Model], kind: Kind) -> dict[str, Model]:
    found = {id_: model for id_, model in models.items() if model.spec.stands_in and model.spec.kind is kind}
    configured = {model.spec.name for model in found.values()}
    for spec in specs:
        if spec.stands_in and spec.kind is kind and spec.name not in configured and spec.name not in models:
            config = spec.config()
            found[spec.name] = Model(spec.name, spec, config, spec.describe(config))
    return found


def with_stand_ins(assistants: Mapping[str, AssistantConfig], voices: Iterable[str]) -> dict[str, AssistantConfig]:
    """Return *assistants*, each that has a voice with *voices* behind it."""
    return {
        name: structs.replace(section, tts=list(dict.fromkeys((*section.voices, *voices)))) if section.tts else section
        for name, section in assistants.items()
    }


def check_ears(loaded: Loaded, models: Mapping[str, Model], catalogue: Catalogue) -> None:
    """Raise ConfigError where none of an assistant's speech recognisers knows its language."""
    for name, section in loaded.config.assistants.items():
        if not section.ears or section.language == AUTO:
            continue
        able = [models[model].capabilities for model in section.ears]
        if not any(capabilities.knows(section.language) for capabilities in able):
            first, *_ = section.ears
            path = ("assistants", name, "language")
            known = (
                id_ for id_, entry in catalogue.models.items() if entry.kind is Kind.STT and "mul" in entry.languages
            )
            raise ConfigError(
                f"{loaded.layer.place(path)}: {'.'.join(path)}: the model {first!r} understands "
                f"{', '.join(able[0].languages)} and not {section.language}",
                hint=f"set models.{first}.model to {next(known, 'a multilingual one')}; then: assistant models pull",
            )


def check_private(loaded: Loaded, models: Mapping[str, Model]) -> None:
    """Raise ConfigError where a private assistant has a model that is elsewhere, or no chat model that is here."""
    for name, section in loaded.config.assistants.items():
        if section.strategy != "private":
            continue
        for role in roles(loaded.config):
            if role.path[:2] != ("assistants", name) or models[role.model].capabilities.local:
                continue
            if role.kind is Kind.CHAT and any(models[id_].capabilities.local for id_ in section.chats):
                continue  # it is never asked: one that is here is
            raise ConfigError(
                f"{loaded.layer.place(role.path)}: {'.'.join(role.path)}: the model {role.model!r} is not on this "
                f"machine, and {name} is private",
                hint=f"name one that is, or another assistants.{name}.strategy",
            )
