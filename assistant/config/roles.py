"""Who uses which model for what, by the configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from assistant.config.layers import Layer
from assistant.config.schema import Config
from assistant.engines import Kind
from assistant.errors import ConfigError

__all__ = ["Role", "check_references", "of_provider", "roles"]


@dataclass(frozen=True, slots=True)
class Role:
    """A place of the configuration that names a model."""

    path: tuple[str, ...]
    """The keys that lead to it."""
    model: str
    """The model's id."""
    kind: Kind
    """What the model must be."""


def roles(config: Config) -> Iterator[Role]:
    """Yield every place of *config* that names a model; an assistant without ears or voice names none for them."""
    for name, assistant in config.assistants.items():
        yield from (Role(("assistants", name, "stt"), model, Kind.STT) for model in assistant.ears)
        for kind in (Kind.TURN, Kind.INTENT, Kind.EMBED):
            if model := getattr(assistant, kind):
                yield Role(("assistants", name, str(kind)), model, kind)
        yield from (Role(("assistants", name, "tts"), model, Kind.TTS) for model in assistant.voices)
        yield from (Role(("assistants", name, "chat"), model, Kind.CHAT) for model in assistant.chats)
    if model := config.http.cache.embed:
        yield Role(("http", "cache", "embed"), model, Kind.EMBED)
    for name, device in config.devices.items():
        for kind in (Kind.SOURCE, Kind.SINK, Kind.WAKE, Kind.VAD, Kind.ECHO):
            if (model := getattr(device, kind)) or kind is not Kind.ECHO:
                yield Role(("devices", name, str(kind)), model, kind)


def of_provider(model: str, config: Config) -> bool:
    """Tell whether a name means a model of a provider that has it, as far as the configuration says: `NAME/MODEL`."""
    name, _, remote = model.partition("/")
    provider = config.providers.get(name)
    return bool(remote) and provider is not None and (not provider.models or remote in provider.models)


def check_references(config: Config, layer: Layer) -> None:
    """Raise ConfigError where a name leads nowhere: of a model, of an assistant, of what a device needs of one."""

    def check(path: tuple[str, ...], name: str, known: Mapping[str, Any], what: str) -> None:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
            raise ConfigError(f"{layer.place(path)}: {'.'.join(path)}: there is no {what} {name!r}", hint=hint)

    offered = [f"{name}/{model}" for name, provider in config.providers.items() for model in provider.models]
    models = {**config.models, **dict.fromkeys(offered)}

    def check_model(path: tuple[str, ...], name: str) -> None:
        if not of_provider(name, config):
            check(path, name, models, "model")

    if not config.assistants:
        raise ConfigError("assistants: there is none", hint="remove `assistants: null`, or add one")
    for role in roles(config):
        check_model(role.path, role.model)
    for alias, named in config.aliases.items():
        for model in named.models:
            check_model(("aliases", alias, "model"), model)
    for name, provider in config.providers.items():
        for device in provider.announce:
            check(("providers", name, "announce"), device, config.devices, "device")
    listened: dict[str, str] = {}
    for device, section in config.devices.items():
        if (first := listened.setdefault(section.source, device)) != device:
            path = ("devices", device, "source")
            raise ConfigError(
                f"{layer.place(path)}: {'.'.join(path)}: the device {first} already listens to {section.source!r}",
                hint="give each device a source of its own",
            )
        for name in section.assistants:
            check(("devices", device, "assistants"), name, config.assistants, "assistant")
        for name in section.assistants or config.assistants:
            for key in ("stt", "tts"):
                if not getattr(config.assistants[name], key):
                    raise ConfigError(
                        f"{layer.place(('assistants', name, key))}: assistants.{name}.{key}: "
                        f"the device {device} needs one",
                        hint=f"name a model, or leave {name} out of devices.{device}.assistants",
                    )
