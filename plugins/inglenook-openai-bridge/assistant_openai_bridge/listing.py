"""What models a server has: as it lists them, and as their names tell."""

import re
from dataclasses import replace
from typing import Any, TypeGuard

from assistant import Capabilities, Kind, ProvidedModel, guessed_model

__all__ = ["entries", "guessed", "is_name", "is_size", "knowing", "listed"]

_NAME = re.compile(r"[!-~]{1,200}")
_OTHERS = re.compile(
    r"(^|[/_-])(dall-e|flux|sora|image|audio|realtime|moderation|rerank\w*)([_.-]|\d|$)", re.IGNORECASE
)
"""Names of models that neither write, place texts, hear nor speak."""
_HEARS = re.compile(r"whisper|transcri|parakeet|moonshine|sensevoice|(^|[/_-])(stt|asr)([_.-]|\d|$)", re.IGNORECASE)
_SPEAKS = re.compile(r"kokoro|chatterbox|(^|[/_-])(x?tts|piper|bark|parler)([_.-]|\d|$)", re.IGNORECASE)


def listed(answer: Any) -> list[ProvidedModel]:
    """Return the models in an answer of `/v1/models` that write, place texts, hear or speak."""
    named = [(is_name(entry), entry.get("max_model_len")) for entry in entries(answer)]
    every = [(guessed(name), longest) for name, longest in named if name and not _OTHERS.search(name)]
    return [knowing(model, context=longest if is_size(longest) else 0) for model, longest in every]


def guessed(name: str) -> ProvidedModel:
    """Say what a model is whose name alone is known. Whisper's family tells when something was said."""
    if _HEARS.search(name):
        languages = ("en",) if name.endswith(".en") else ()
        return ProvidedModel(name, Kind.STT, Capabilities(languages, times="whisper" in name.lower(), parallel=8))
    if _SPEAKS.search(name):
        return ProvidedModel(name, Kind.TTS, Capabilities(parallel=8))
    return guessed_model(name)


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
