"""YAML and the environment as frozen structs.

Order: the embedded default, the file, `conf.d/*.yaml` beside it, the environment. Mappings merge deeply, lists and
scalars replace, `null` removes. `INGLENOOK__STT__MODEL=…` sets `stt.model`, and so for every key.
"""

from assistant.config.assistants import AssistantConfig, DeviceConfig, DraftConfig, EndpointConfig
from assistant.config.doors import HttpConfig
from assistant.config.faults import validate
from assistant.config.load import Loaded, load
from assistant.config.schema import (
    Config,
    ConversationConfig,
    HistoryConfig,
    LogConfig,
    ModelSection,
    PluginsConfig,
    TimeoutConfig,
)
from assistant.config.section import Section

__all__ = [
    "AssistantConfig",
    "Config",
    "ConversationConfig",
    "DeviceConfig",
    "DraftConfig",
    "EndpointConfig",
    "HistoryConfig",
    "HttpConfig",
    "Loaded",
    "LogConfig",
    "ModelSection",
    "PluginsConfig",
    "Section",
    "TimeoutConfig",
    "load",
    "validate",
]
