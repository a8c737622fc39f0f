"""The voices of a server, where it lists them."""

import asyncio
from contextlib import suppress
from typing import Any

from assistant import EngineError, Kind, ProvidedModel, Voice
from assistant_openai_bridge.listing import knowing
from assistant_openai_bridge.profile import Ask

__all__ = ["voiced"]

_PATIENCE = 3.0
"""Seconds for a list that most servers do not have."""
_MOST = 500
"""Voices of a model."""
_LONGEST = 100
"""Characters of a name."""


async def voiced(ask: Ask, path: str, models: list[ProvidedModel]) -> list[ProvidedModel]:
    """Return *models*, those that speak with the voices that the server lists at *path*."""
    if not any(model.kind is Kind.TTS for model in models):
        return models
    told: Any = None
    with suppress(EngineError, TimeoutError):  # a server without such a list speaks all the same
        async with asyncio.timeout(_PATIENCE):
            told = await ask(path)
    if isinstance(told, dict):
        told = next((told[key] for key in ("voices", "data") if isinstance(told.get(key), list)), ())
    entries = told if isinstance(told, list) else []
    return [_with(model, entries) if model.kind is Kind.TTS else model for model in models]


def _with(model: ProvidedModel, entries: list[Any]) -> ProvidedModel:
    voices = {voice.name: voice for entry in entries if (voice := _voice(entry, model.name))}
    some = tuple(voices.values())[:_MOST]
    languages = dict.fromkeys(voice.language for voice in some)
    return knowing(model, voices=some, languages=() if "" in languages else tuple(languages))


def _voice(entry: Any, model: str) -> Voice | None:
    """Return a voice of a model, as servers list it: by its name, or with its `id`, `model` and `language`."""
    told = {"id": entry} if isinstance(entry, str) else entry
    if not isinstance(told, dict) or told.get("model", model) not in (model, None):
        return None
    name = next((told[key] for key in ("id", "voice_id", "name") if isinstance(told.get(key), str)), "")
    language = told.get("language")
    if not 0 < len(name) <= _LONGEST or not name.isprintable():
        return None
    return Voice(name, language if isinstance(language, str) and len(language) <= 35 else "")
