"""The voice of a server: each clause is a request, and is heard while it is made."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from assistant import AudioChunk, BoundedAnswer, ProvidedModel, UnfitRequest, Voice, prefetch
from assistant_openai_bridge.client import Client
from assistant_openai_bridge.faults import faults_of
from assistant_openai_bridge.profile import Profile
from assistant_openai_bridge.sound import IncomingSound, NoSound

__all__ = ["BridgeTts"]

_SOME, _EACH = 20.0, 1.0
"""Seconds that a clause may last whatever its length, and for each character beside."""
_SLOWEST, _FASTEST = 0.25, 4.0
"""Paces that OpenAI's interface knows."""
_AHEAD = 256
"""Pieces that are read before they are played: no server is kept waiting for a loudspeaker."""
_SECOND = 192_000
"""Bytes of a second of the best sound that anybody sends: 48 kHz, 16 bit, stereo."""
_BARE = ("audio/pcm", "audio/x-pcm")
"""What is sent by servers that leave out the header."""


class BridgeTts:
    """Speak with a voice of another server."""

    def __init__(self, client: Client, profile: Profile, model: ProvidedModel) -> None:
        self._client, self._profile, self._model = client, profile, model

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of each clause as it comes, at the server's own rate; raises EngineError.

        Raises UnfitRequest for a speed that OpenAI does not know. Closing the generator closes the connection.
        """
        if not _SLOWEST <= voice.speed <= _FASTEST:
            raise UnfitRequest(
                f"{self._client.provider} cannot speak at {voice.speed:g} times its pace",
                hint=f"ask for {_SLOWEST:g} to {_FASTEST:g}",
            )
        async for clause in text:
            if any(map(str.isalnum, clause)):
                async with prefetch(self._said(clause, voice), _AHEAD) as sound:
                    async for chunk in sound:
                        yield chunk

    async def _said(self, clause: str, voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        body: dict[str, Any] = {
            "model": self._model.name,
            "input": clause,
            "response_format": "wav",  # its header tells the rate; servers disagree on that of `pcm`
        }
        if name := voice.name or self._voice(voice.language):
            body["voice"] = name
        if voice.speed != 1:
            body["speed"] = voice.speed
        seconds = (_SOME + _EACH * len(clause)) / min(voice.speed, 1)
        path, most = self._profile.speak_endpoint, round(seconds * _SECOND)
        async with (
            self._client.post(path, body, model=self._model.name, most=most) as answer,
            aclosing(self._sound(answer, seconds)) as sound,
        ):
            async for chunk in sound:
                yield chunk

    async def _sound(self, answer: BoundedAnswer, seconds: float) -> AsyncGenerator[AudioChunk, None]:
        """Yield the sound of an answer, up to so many *seconds*; raises EngineError where it is none."""
        faults, lasted = faults_of(self._client.provider, self._model.name), 0.0
        sound = IncomingSound(bare=answer.type in _BARE)
        async with aclosing(answer.chunks()) as chunks:
            try:
                async for data in chunks:
                    if piece := sound.push(data):
                        lasted += piece.duration
                        if lasted > seconds:
                            raise faults.too_much(piece.format.size(seconds))
                        yield piece
                        answer.progress()
                    if sound.over:
                        break
            except NoSound as error:
                raise faults.strange(f"{answer.type or 'something'}, {error}") from None
        if rest := sound.flush():
            lasted += rest.duration
            yield rest
        if not sound.complete or not lasted:
            raise faults.broke_off()

    def _voice(self, language: str) -> str:
        """Return the first voice that speaks a language, or else the first; the type's own where none is known."""
        primary = language.partition("-")[0].lower()
        voices = self._model.capabilities.voices
        fits = [
            one for one in voices if primary and one.language.replace("_", "-").partition("-")[0].lower() == primary
        ]
        return next((one.name for one in (*fits, *voices)), self._profile.anybody)
