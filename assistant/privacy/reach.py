"""What of the configuration can let anything leave this machine, or lets others in."""

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.config import Config
from assistant.http.guard import is_loopback
from assistant.models.pool import Model
from assistant.plugins import Plugin
from assistant.providers import Provider

__all__ = ["Reach", "reach"]


@dataclass(frozen=True, slots=True)
class Reach:
    """One way out, or in."""

    what: str
    """The key of the configuration, or the plugin."""
    direction: str
    """`out` where something can leave, `in` where others can ask."""
    text: str
    """What can happen."""


def reach(
    config: Config, models: Iterable[tuple[str, Model]], plugins: Iterable[Plugin], providers: Iterable[Provider] = ()
) -> list[Reach]:
    """Return every way out and in that is configured; plugins are named because nothing holds a program back."""
    found = [
        Reach(f"models.{name}", "out", f"engine {model.spec.name}: what is said to it goes to another machine")
        for name, model in models
        if not model.capabilities.local and name.partition("/")[0] not in config.providers
    ]
    found += [
        Reach(f"providers.{provider.name}", "out", f"{provider.endpoint}: what its models are asked goes there")
        for provider in providers
        if provider.config.enabled and not provider.local
    ]
    if config.http.enabled and not is_loopback(config.http.host):
        plain = "" if config.http.certificate else "; without TLS others there can read along (http.certificate)"
        found.append(Reach("http.host", "in", f"{config.http.host}: others on the network can ask, with a key{plain}"))
        if config.lan.advertise:
            found.append(Reach("lan.advertise", "out", "name, id and version are told on the local network"))
    if config.http.enabled and config.http.origins:
        found.append(Reach("http.origins", "in", f"pages of {', '.join(config.http.origins)} can ask, with a key"))
    if config.http.enabled and config.http.media:
        found.append(Reach("http.media", "out", f"pictures are fetched from {', '.join(config.http.media)}"))
    found += [
        Reach(f"services.{name}", "in", "a door for programs; its section says where") for name in config.services
    ]
    programs = [plugin.origin for plugin in plugins if not plugin.disabled and not plugin.origin.startswith("part of")]
    if programs:
        found.append(Reach("plugins", "out", f"programs, which may do what you may: {', '.join(sorted({*programs}))}"))
    return found
