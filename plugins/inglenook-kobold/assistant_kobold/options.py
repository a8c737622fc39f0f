"""What only KoboldCpp and KoboldAI have."""

from typing import Literal

import msgspec

from assistant import EngineConfig, Provider

__all__ = ["Adapter", "KoboldOptions", "Template", "options_of"]

Template = Literal["auto", "chatml", "llama-3", "gemma", "mistral", "phi-3", "command-r", "vicuna", "alpaca"]
"""How a conversation is written for a model that only goes on with text."""
Adapter = dict[Literal["system_start", "system_end", "user_start", "user_end", "assistant_start", "assistant_end"], str]
"""The same in one's own words, by the keys of KoboldCpp's chat adapters."""


class KoboldOptions(EngineConfig, frozen=True, kw_only=True):
    """Options of a provider of the types `koboldcpp` and `koboldai`."""

    template: Template = "auto"
    """How a conversation is written for the model; `auto` goes by the template in its file, where the server shows it,
    and else by its name."""
    adapter: Adapter = msgspec.field(default_factory=dict)
    """Marks that the model knows instead, by the keys of KoboldCpp's chat adapters: `{user_start: "Human: "}`."""
    think: bool = False
    """Whether models think that can, before they answer. What they think is never spoken, but it is waited for."""
    sampling: dict[str, float | int | list[int | str]] = msgspec.field(default_factory=dict)
    """Sampling that only they have, by their own names: `{typical: 0.9, dry_multiplier: 0.8, xtc_probability: 0.1}`."""


def options_of(provider: Provider) -> KoboldOptions:
    """Return the options of a provider; the usual ones where nobody configured it."""
    return provider.options if isinstance(provider.options, KoboldOptions) else KoboldOptions()
