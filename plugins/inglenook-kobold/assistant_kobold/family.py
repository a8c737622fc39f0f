"""The servers of the family: what each of them has."""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant import Capabilities, Kind, ProvidedModel, Provider, guessed_model

__all__ = ["DEFAULT", "FAMILY", "Family", "described"]

DEFAULT = "default"
"""The name of whatever model is loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A server that goes on with text."""

    type: str
    """What `type:` says."""
    title: str
    """What people call it."""
    context: str
    """Page that tells how many tokens a prompt and its continuation may have."""
    generate: str = "api/v1/generate"
    """Page that writes a reply in one piece."""
    stream: str = ""
    """Page that writes a reply as it comes; empty where there is none."""
    abort: str = ""
    """Page that stops a reply; empty where there is none."""
    count: str = ""
    """Page that counts the tokens of a prompt; empty where there is none."""
    grammar: str = ""
    """Page that makes a grammar of a JSON schema; empty where a reply cannot be held to one."""
    longest: int = 1_000_000
    """Tokens that a reply may have at most."""
    stops: bool = False
    """Whether it knows texts that end a reply."""
    sampling: Mapping[str, str]
    """What it calls the fields of `Sampling`; what is not here it does not know."""


_SAMPLING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "repeat_penalty": "rep_pen",
    "seed": "sampler_seed",
}
FAMILY = {
    "koboldcpp": Family(
        type="koboldcpp",
        title="KoboldCpp",
        context="api/extra/true_max_context_length",
        stream="api/extra/generate/stream",
        abort="api/extra/abort",
        count="api/extra/tokencount",
        grammar="api/extra/json_to_grammar",
        stops=True,
        sampling={**_SAMPLING, "min_p": "min_p", "presence_penalty": "presence_penalty"},
    ),
    "koboldai": Family(
        type="koboldai",
        title="KoboldAI",
        context="api/v1/config/max_context_length",
        longest=512,
        sampling=_SAMPLING,
    ),
}
"""Both, as KoboldCpp 1.102 and KoboldAI Client 1.19.2 have it (`koboldcpp.py`, `aiserver.py`)."""


def described(family: Family, provider: Provider, name: str) -> ProvidedModel:
    """Say what a model is by its name; it writes one reply at a time."""
    rank = guessed_model(name).capabilities.rank
    return ProvidedModel(name, Kind.CHAT, Capabilities(schema=bool(family.grammar), rank=rank, continues=True))
