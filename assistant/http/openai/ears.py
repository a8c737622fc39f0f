"""Sound within a conversation: for a model that cannot hear, the assistant's recogniser writes it down.

It comes with the request. Nothing is fetched for anybody, and nothing is kept.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.audio import SPEECH, AudioChunk
from assistant.chat import AudioPart, Part, TextPart
from assistant.config.assistants import AssistantConfig
from assistant.engines import Kind
from assistant.http.guard import needs
from assistant.http.openai.media import decoded
from assistant.http.problem import Problem
from assistant.serving import Hearing
from assistant.speech import SttOptions

__all__ = ["Ears", "InputAudio"]

_MOST = 16
"""Sounds in a request."""
_LONGEST = 600.0
"""Seconds of all of them."""


class InputAudio(msgspec.Struct, frozen=True):
    """Sound in base64; what it is, its first bytes tell."""

    data: str
    format: Literal["wav", "mp3"]


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears the sound of a conversation."""

    hearing: Hearing
    """The speech recognisers."""
    assistants: Mapping[str, AssistantConfig]
    """The first of them that has a recogniser has it write down what a chat model cannot hear."""

    async def parts(self, request: web.Request, model: str, sounds: Mapping[str, InputAudio]) -> dict[str, Part]:
        """Return what *sounds*, by their keys, are to the chat model of a name: sound, or the words in it.

        Raises Problem, AudioError, UnknownAudio, AudioTooLong, UnknownModel, and what `Hearing.transcript` does.
        """
        if not sounds:
            return {}
        if len(sounds) > _MOST:
            raise Problem(400, "too_many", f"there are {len(sounds)} sounds", f"send up to {_MOST}")
        chat = self.hearing.names.find(model, Kind.CHAT)
        hears = "audio" in self.hearing.pool.model(chat.model).capabilities.inputs
        if not hears:
            needs(request, Scope.AUDIO)
        left, parts = min(_LONGEST, self.hearing.sounds.longest), dict[str, Part]()
        for key, sound in sounds.items():
            hearing = replace(self.hearing, sounds=replace(self.hearing.sounds, longest=left))
            data = decoded(sound.data, key)
            if hears:
                whole = await _whole(hearing.sounds.speech(data))
                parts[key], spent = AudioPart(whole), whole.duration
            else:
                parts[key], spent = await self._written(hearing, data, chat.name, key)
            left -= spent
        return parts

    async def _written(self, hearing: Hearing, data: bytes, model: str, key: str) -> tuple[TextPart, float]:
        """Return the words in a sound, and how many seconds it has."""
        assistant = next((one for one in self.assistants.values() if one.ears), None)
        if assistant is None:
            message = f"the model {model} takes no audio, and no assistant has a speech recogniser"
            raise Problem(400, "unfit_model", message, "configure `stt` of an assistant, or ask another model", key=key)
        options = SttOptions(None if assistant.language == "auto" else assistant.language)
        heard = await hearing.transcript(hearing.of(assistant, options), data, options)
        if not heard.transcript.text:
            raise Problem(400, "nothing_said", f"{key}: nothing is said in the sound", key=key)
        return TextPart(heard.transcript.text), heard.seconds


async def _whole(sound: AsyncGenerator[AudioChunk, None]) -> AudioChunk:
    async with aclosing(sound):
        return AudioChunk(b"".join([chunk.audio async for chunk in sound]), SPEECH)
