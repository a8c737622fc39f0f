"""The configuration as frozen structs. Every key has a docstring; docs/config.md is kept complete by a test."""

from typing import Annotated, Any, Literal

import msgspec

from assistant import durations
from assistant.config.assistants import AssistantConfig, DeviceConfig
from assistant.config.doors import AliasConfig, HttpConfig, LanConfig
from assistant.config.section import Seconds, Section
from assistant.providers.config import ProviderConfig

__all__ = [
    "AuditConfig",
    "Config",
    "ConversationConfig",
    "HistoryConfig",
    "LogConfig",
    "ModelSection",
    "PluginsConfig",
    "TimeoutConfig",
]


class PluginsConfig(Section, frozen=True, kw_only=True):
    """Which plugins are loaded."""

    disabled: list[str] = []
    """Plugins that are not loaded, by name."""
    required: list[str] = []
    """Plugins without which the daemon refuses to start."""
    folder: str = ""
    """Folder of single-file plugins; empty for `plugins` in the data folder."""


class TimeoutConfig(Section, frozen=True, kw_only=True):
    """How long a stage of a turn may make no progress before the assistant says sorry."""

    stt: Seconds = 4.5
    """Seconds from the end of an utterance to its transcript."""
    chat: Seconds = 4.5
    """Seconds to the next words of a reply; a large model on a slow machine may need more than the default."""
    tts: Seconds = 4.5
    """Seconds to the sound of a clause."""
    vision: Seconds = 30.0
    """Seconds a look at an image may take."""
    tool: Seconds = 10.0
    """Seconds a tool may take."""
    open: Seconds = 120.0
    """Seconds an engine may take to load."""


class ConversationConfig(Section, frozen=True, kw_only=True):
    """What is remembered between turns. It is kept in memory only."""

    expiry: Seconds = 300.0
    """Seconds of quiet after which a conversation is forgotten."""
    messages: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 24
    """Messages after which the older half is dropped."""


class HistoryConfig(Section, frozen=True, kw_only=True):
    """What is kept of what was said. Nothing is, unless a time is given here."""

    keep: Annotated[str, msgspec.Meta(pattern=f"^({durations.PATTERN})?$")] = ""
    """How long what was said and answered is kept, as text: `12h`, `7d`, `4w`; empty for not at all. What is older, or
    was kept before this was emptied, is deleted."""

    @property
    def seconds(self) -> int:
        """Return how long it is kept; 0 for not at all."""
        return durations.seconds(self.keep) if self.keep else 0


class AuditConfig(Section, frozen=True, kw_only=True):
    """The audit log: who used which key, what tools did, what was changed; nothing of what was said."""

    keep: Annotated[str, msgspec.Meta(pattern=f"^({durations.PATTERN})?$")] = "90d"
    """How long an entry is kept, to a day: `30d`, `52w`; empty for none, which deletes those that there are."""

    @property
    def seconds(self) -> int:
        """Return how long an entry is kept; 0 for not at all."""
        return durations.seconds(self.keep) if self.keep else 0


class LogConfig(Section, frozen=True, kw_only=True):
    """What is logged, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe message that is shown."""


class ModelSection(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `models:` before its engine has validated the options."""

    engine: str
    """Engine that runs it, as a plugin names it."""
    options: dict[str, Any] = {}
    """The other keys of the entry; the engine's own struct validates them."""


class Config(Section, frozen=True, kw_only=True):
    """The whole configuration."""

    models: dict[str, ModelSection] = {}
    """Models by id: `{engine: NAME, …options of the engine}`."""
    assistants: dict[str, AssistantConfig] = {}
    """Assistants by name; the first is the default one."""
    devices: dict[str, DeviceConfig] = {}
    """Devices by name: each is listened to while the daemon runs."""
    aliases: dict[str, AliasConfig] = {}
    """Other names of models, for programs: `{gpt-4o-mini: {model: chat}}`."""
    providers: dict[str, ProviderConfig] = {}
    """Other servers of models by name; a model there is called `NAME/MODEL` here."""
    services: dict[str, dict[str, Any]] = {}
    """Sections of the long-running doors that plugins offer, by the service's name."""
    http: HttpConfig = HttpConfig()
    """The HTTP door."""
    lan: LanConfig = LanConfig()
    """How other devices on the local network find this one."""
    plugins: PluginsConfig = PluginsConfig()
    """Which plugins are loaded."""
    timeouts: TimeoutConfig = TimeoutConfig()
    """How long a stage of a turn may make no progress."""
    conversation: ConversationConfig = ConversationConfig()
    """What is remembered between turns."""
    history: HistoryConfig = HistoryConfig()
    """What is kept of what was said."""
    audit: AuditConfig = AuditConfig()
    """The audit log."""
    log: LogConfig = LogConfig()
    """What is logged."""
