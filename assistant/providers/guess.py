"""What a model is by its name alone."""

import re

from assistant.engines import Capabilities, Kind
from assistant.providers.spec import ProvidedModel

__all__ = ["guessed_model"]

_EMBEDS = re.compile(r"embed|minilm|(^|[/_-])(bge|e5|gte|mxbai)([_-]|$)", re.IGNORECASE)
_SEES = re.compile(
    r"(^|[/_-])vl\d*([_.:-]|$)|\dvl|vision|llava|moondream|pixtral|internvl|minicpm-v|gemma-?3[-:](4|12|27)b|gpt-(4o|4\.1|5)",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\d.a-z])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?![a-z])", re.IGNORECASE)


def guessed_model(name: str) -> ProvidedModel:
    """Say what a model is whose name alone is known: `qwen3-8b`. The owner may know better (`capabilities`)."""
    if _EMBEDS.search(name):
        return ProvidedModel(name, Kind.EMBED, Capabilities(parallel=8))
    inputs = {"text", "image"} if _SEES.search(name) else {"text"}
    can = Capabilities(
        inputs=frozenset(inputs), tools=True, schema=True, logprobs=True, parallel=8, rank=_millions(name)
    )
    return ProvidedModel(name, Kind.CHAT, can)


def _millions(name: str) -> int:
    """Return the parameters that a name tells, in millions: 8000 for `qwen3-8b`; 0 where it tells none."""
    found = _SIZE.search(name)
    if not found:
        return 0
    experts, count, unit = found.groups()
    return round(int(experts or 1) * float(count) * (1000 if unit in "bB" else 1))
