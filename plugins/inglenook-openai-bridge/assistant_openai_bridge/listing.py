"""What models a server has: as it lists them, and as their names tell."""

import re
from dataclasses import replace
from typing import Any, TypeGuard

from assistant import ProvidedModel
from assistant import guessed_model as guessed

__all__ = ["entries", "guessed", "is_name", "is_size", "knowing", "listed"]

_NAME = re.compile(r"[!-~]{1,200}")
_NEITHER = re.compile(
    r"whisper|transcri|(^|[/_-])(tts|stt|asr|dall-e|flux|sora|image|audio|realtime|moderation|rerank\w*)([_.-]|\d|$)",
    re.IGNORECASE,
)
"""Names of models that are neither for chat nor for embedding."""


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


def is_size(told: Any) -> TypeGuard[int]:
    """Tell whether what a server says is a number of tokens."""
    return type(told) is int and 0 < told <= 100_000_000


def knowing(model: ProvidedModel, **known: Any) -> ProvidedModel:
    """Return a model of which more is known: these of its capabilities are as they are given."""
    return replace(model, capabilities=replace(model.capabilities, **known))
