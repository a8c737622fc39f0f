"""Answers of a chat model as sound, in the voice of the assistant."""

import base64
import time
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

import msgspec
from aiohttp import web

from assistant.access import Scope
from assistant.config.assistants import AssistantConfig
from assistant.http.guard import needs
from assistant.http.openai.chat_answer import Audio, AudioPiece
from assistant.http.openai.speech import AnyVoice, voice_name
from assistant.http.problem import Problem
from assistant.serving import Encoding, Named, Speaking
from assistant.speech import Voice

__all__ = ["Mouth", "OutputAudio", "Saying"]


class OutputAudio(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is to sound."""

    voice: AnyVoice | None = None
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]

    @property
    def encoding(self) -> Encoding:
        """Return how the sound is written."""
        return Encoding.PCM if self.format == "pcm16" else Encoding(self.format)


@dataclass(frozen=True, slots=True)
class Saying:
    """An answer that is to be said."""

    speaking: Speaking
    """The voices."""
    named: Named
    """The model that speaks."""
    voice: Voice
    """How it speaks."""
    form: Encoding
    """How the sound is written."""

    async def whole(self, text: str) -> Audio:
        """Return all of an answer; raises as `Speaking.spoken` does."""
        async with aclosing(self.speaking.spoken(self.named, text, self.voice, self.form)) as pieces:
            sound = b"".join([piece async for piece in pieces])
        return Audio(id=_id(), data=_packed(sound), expires_at=int(time.time()), transcript=text)

    async def pieces(self, text: str) -> AsyncGenerator[AudioPiece, None]:
        """Yield the sound of an answer as it is made; raises as `Speaking.spoken` does."""
        id_ = _id()
        async with aclosing(self.speaking.spoken(self.named, text, self.voice, self.form)) as pieces:
            async for piece in pieces:
                yield AudioPiece(id=id_, data=_packed(piece))
        yield AudioPiece(expires_at=int(time.time()))


@dataclass(frozen=True, slots=True)
class Mouth:
    """Who says answers."""

    speaking: Speaking
    """The voices."""
    assistants: Mapping[str, AssistantConfig]
    """The first of them that has a voice lends it."""

    def saying(self, request: web.Request, wanted: OutputAudio) -> Saying:
        """Return how an answer is said; raises Problem, UnknownModel, UnfitRequest where it cannot be."""
        needs(request, Scope.AUDIO)
        assistant = next((one for one in self.assistants.values() if one.voices), None)
        if assistant is None:
            raise Problem(400, "no_voice", "no assistant has a voice", "configure `tts` of an assistant", key="audio")
        named = self.speaking.named(assistant.voices[0])
        voice = self.speaking.voice(named, voice_name(wanted.voice) or assistant.voice)
        return Saying(self.speaking, named, voice, wanted.encoding)


def _id() -> str:
    return f"audio_{uuid.uuid4().hex}"


def _packed(sound: bytes) -> str:
    return base64.b64encode(sound).decode()
