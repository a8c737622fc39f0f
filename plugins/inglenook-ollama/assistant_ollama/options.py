"""What only Ollama has."""

from typing import Annotated, Literal

import msgspec

from assistant import EngineConfig, Provider

__all__ = ["OllamaOptions", "options_of"]


class OllamaOptions(EngineConfig, frozen=True, kw_only=True):
    """Options of a provider of the type `ollama`."""

    keep_alive: Annotated[str, msgspec.Meta(pattern=r"^(-?(\d+(\.\d+)?(ms|s|m|h))+)?$")] = ""
    """How long a model stays in memory after a reply: `30m`, `-1s` for ever; empty for what the server does, which is
    five minutes."""
    context: Annotated[int, msgspec.Meta(ge=256, le=4_194_304)] | None = None
    """Tokens of a conversation that a model sees; empty for what the server does. What is before them it forgets
    without a word."""
    think: bool | Literal["low", "medium", "high", "max"] = False
    """Whether, or how much, models think that can, before they answer. What they think is never spoken, but it is
    waited for."""
    preload: bool = False
    """Whether the server loads the model as soon as somebody begins to speak; of what is said it learns nothing."""
    parallel: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    """Replies that the server writes at once: its `OLLAMA_NUM_PARALLEL`."""
    parameters: dict[str, bool | int | float | str | list[str]] = msgspec.field(default_factory=dict)
    """Further parameters of its models, by the names of a Modelfile: `{num_gpu: 99, mirostat: 2}`."""


def options_of(provider: Provider) -> OllamaOptions:
    """Return the options of a provider; the usual ones where nobody configured it."""
    return provider.options if isinstance(provider.options, OllamaOptions) else OllamaOptions()
