"""What models a server has: as it lists them, and as their names tell."""

import re
from dataclasses import replace
from typing import Any

from assistant import Capabilities, Kind, ProvidedModel

__all__ = ["entries", "guessed", "is_name", "is_size", "knowing", "listed"]

_NAME = re.compile(r"[!-~]{1,200}")
_EMBEDS = re.compile(r"embed|minilm|(^|[/_-])(bge|e5|gte|mxbai)([_-]|$)", re.IGNORECASE)
_NEITHER = re.compile(
    r"whisper|transcri|(^|[/_-])(tts|stt|asr|dall-e|flux|sora|image|audio|realtime|moderation|rerank\w*)([_.-]|\d|$)",
    re.IGNORECASE,
)
"""Names of models that are neither for chat nor for embedding."""
_SEES = re.compile(
    r"(^|[/_-])vl\d*([_.:-]|$)|\dvl|vision|llava|moondream|pixtral|internvl|minicpm-v|gemma-?3-(4|12|27)b|gpt-(4o|4\.1|5)",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\d.a-z])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?![a-z])", re.IGNORECASE)


def guessed(name: str) -> ProvidedModel:
    """Say what a model is by its name alone. The owner may know better: `capabilities` of the provider."""
    if _EMBEDS.search(name):
        return ProvidedModel(name, Kind.EMBED, Capabilities(parallel=8))
    inputs = {"text", "image"} if _SEES.search(name) else {"text"}
    can = Capabilities(
        inputs=frozenset(inputs), tools=True, schema=True, logprobs=True, parallel=8, rank=_millions(name)
    )
    return ProvidedModel(name, Kind.CHAT, can)


def listed(answer: Any) -> list[ProvidedModel]:
    """Return the models for chat and for embedding in an answer of `/v1/models`."""
    named = [(is_name(entry), entry.get("max_model_len")) for entry in entries(answer)]
    every = [(guessed(name), longest) for name, longest in named if name and not _NEITHER.search(name)]
    return [knowing(model, context=longest if is_size(longest) else 0) for model, longest in every]


def entries(answer: Any) -> list[dict[str, Any]]:
    """Return the entries of a list as OpenAI writes it; none where it is something else."""
    data = answer.get("data") if isinstance(answer, dict) else None
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def is_name(entry: dict[str, Any]) -> str:
    """Return the name of a model; empty where it is none that could be asked for."""
    name = entry.get("id")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def is_size(told: Any) -> bool:
    """Tell whether what a server says is a number of tokens."""
    return type(told) is int and 0 < told <= 100_000_000


def knowing(model: ProvidedModel, **known: Any) -> ProvidedModel:
    """Return a model of which more is known: these of its capabilities are as they are given."""
    return replace(model, capabilities=replace(model.capabilities, **known))


def _millions(name: str) -> int:
    """Return the parameters that a name tells, in millions: 8000 for `qwen3-8b`; 0 where it tells none."""
    found = _SIZE.search(name)
    if not found:
        return 0
    experts, count, unit = found.groups()
    return round(int(experts or 1) * float(count) * (1000 if unit in "bB" else 1))
