"""A turn of a person in front of a device: listen, understand, answer. One task; cancelling it is barge-in."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import Literal

from msgspec import structs

from assistant.audio import AudioChunk
from assistant.chat import ChatMessage, ChatRequest, Priority
from assistant.config.schema import DeviceConfig, EndpointConfig
from assistant.engines import Sink, Stt
from assistant.errors import EngineError
from assistant.events import EventType
from assistant.models.pool import leased
from assistant.pipeline.clauses import clauses
from assistant.pipeline.endpoint import Ended, Endpoint, EndpointEvent, SpeechStarted
from assistant.pipeline.hear import hear
from assistant.pipeline.language import is_stop
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.playback import Playback
from assistant.pipeline.turn import Turn
from assistant.pipeline.wake_phrase import cut_wake_phrase
from assistant.speech import Played, SttOptions, Transcript
from assistant.streams import heed_cancellation, once, patient, prefetch

__all__ = ["VoiceTurn"]

log = logging.getLogger(__name__)

_PREROLL = 1.6
"""Seconds before the detection that the recogniser gets to hear: the longest usual wake phrase, so that it is heard
whole and can be cut from the transcript, and so is what was said in one breath with it."""
_BREATH = 0.5
"""Seconds of silence after the detection up to which the question is heard together with the wake phrase. After a
longer pause the recogniser does better without it."""
_WORD_TAIL = 0.5
"""Seconds of speech after the detection that may still be the end of the wake word itself, badly understood."""
_LEAD_IN = 0.4
"""Seconds before the first voiced frame that the recogniser gets to hear where no wake word was said."""
_LOOKAHEAD = 4
"""Clauses that are written, and pieces of sound that are made, ahead of what is playing."""
_STOP_WORD = 2.0
"""Seconds of speech above which nobody merely says "stop"."""
_WARMING = 1.0
"""Seconds that the warming of the prompt may take to end once the question is known."""
_DEAF = 4.5
"""Seconds without a chunk from the microphone, or progress of an apology, after which the device has failed."""
_SPEAKER = 60.0
"""Seconds without progress after which the speaker is given up: longer than all stages of a turn together."""
_ALWAYS = 86_400.0
"""Seconds: as long as the reply takes."""


@dataclass(frozen=True, slots=True)
class _Utterance:
    chunks: tuple[AudioChunk, ...]
    """All that was followed, with what came before the speech."""
    began: float
    """Seconds on the clock of the audio: the first voiced frame's start."""
    ended: float
    """Seconds on the clock of the audio: the last voiced frame's end."""

    @property
    def spoken(self) -> tuple[AudioChunk, ...]:
        """Return the speech with a little lead-in."""
        return tuple(chunk for chunk in self.chunks if chunk.end > self.began - _LEAD_IN)


class VoiceTurn:
    """One turn at one device. `begin` is the moment, on the clock of the audio, from which speech counts."""

    def __init__(self, turn: Turn, device: DeviceConfig, microphone: Microphone, begin: float) -> None:
        self.turn = turn
        self.state: Literal["listening", "answering"] = "listening"
        self.asked_back = False
        """Whether the reply was heard to its end and ends in a question."""
        self._device = device
        self._microphone = microphone
        self._begin = begin
        self._equipment = turn.equipment
        self._endpoint = turn.config.endpoint
        self._playback = Playback()

    def wait_for(self, seconds: float) -> None:
        """Wait only so long for somebody to speak: a follow-up nobody has called for."""
        self._endpoint = structs.replace(self._endpoint, nothing_said=seconds)

    async def run(self) -> None:
        """Take the turn to its end. Failures are answered with an apology; only cancellation is raised."""
        turn = self.turn
        turn.publish(EventType.RUN_START, assistant=turn.assistant, language=turn.config.language)
        try:
            await self._run()
        except asyncio.CancelledError:
            turn.outcome = "interrupted"
            raise
        except Exception as error:
            heed_cancellation(error)
            turn.fail(error)
            await self._apologise()
        finally:
            turn.finish()

    async def _run(self) -> None:
        turn = self.turn
        key = f"{turn.assistant}@{turn.device}"
        async with self._equipment.conversations.turn(key) as conversation:
            warming = asyncio.create_task(self._warm(turn.request(conversation)), name=f"warm {turn.id}")
            try:
                transcript = await self._listen()
            finally:
                warming.cancel()
                await asyncio.wait({warming}, timeout=_WARMING)
            if transcript is None:
                turn.outcome = "nothing"
                return
            language = transcript.language if turn.config.language == "auto" else turn.config.language
            if is_stop(transcript.text, language):
                turn.outcome = "stopped"
                return
            self.state = "answering"
            try:
                stopped = await self._answer(turn.request(conversation, transcript.text), language)
            finally:
                if heard := self._playback.heard:
                    conversation.add(ChatMessage.of("user", transcript.text), ChatMessage.of("assistant", heard))
            turn.outcome = "stopped" if stopped else "answered"
            self.asked_back = not stopped and heard.rstrip().endswith("?")

    async def _warm(self, request: ChatRequest) -> None:
        """Read what is known of the prompt into the prefix cache while the person still talks."""
        turn = self.turn
        try:
            model = turn.chat_model(request)
            async with self._equipment.pool.lease(model, Priority.BACKGROUND) as chat:
                await chat.warm(replace(request, priority=Priority.BACKGROUND))
        except Exception as error:
            log.debug("turn %s: the prompt was not warmed: %s", turn.id, error)

    # -- listening ------------------------------------------------------------------------------------------------

    async def _listen(self) -> Transcript | None:
        """Return what was said, without the wake phrase, or None where nobody said anything."""
        turn, wake, after = self.turn, self.turn.wake, self._begin
        deadline = after + self._endpoint.nothing_said
        turn.models["stt"] = turn.config.stt
        turn.publish(EventType.STT_START, model=turn.config.stt)
        while after < deadline:
            config = structs.replace(self._endpoint, nothing_said=max(1.0, deadline - after))
            utterance = await self._utterance(after - (_PREROLL if wake else _LEAD_IN), after, config, self._note)
            if utterance is None:
                return None
            in_one_breath = wake is not None and utterance.began - after < _BREATH
            language = None if turn.config.language == "auto" else turn.config.language
            transcript = await self._transcribe(utterance.chunks if in_one_breath else utterance.spoken, language)
            text = transcript.text.strip()
            if wake and in_one_breath:
                merely_the_word = "" if utterance.ended - after < _WORD_TAIL else text
                cut = cut_wake_phrase(text, wake.name)
                text = merely_the_word if cut is None else cut
            if text:
                turn.timeline.mark("transcript")
                turn.publish(EventType.STT_END, text=text, language=transcript.language)
                return replace(transcript, text=text)
            wake, after = None, utterance.ended  # only the wake phrase was heard: the question is still to come
        return None

    async def _utterance(
        self, since: float, after: float, config: EndpointConfig, note: Callable[[EndpointEvent], None]
    ) -> "_Utterance | None":
        """Follow one utterance to its end; None where nobody speaks."""
        async with self._equipment.pool.lease(self._device.vad) as vad:
            pieces = []
            audio = self._microphone.since(since)
            hearing = hear(audio, vad, Endpoint(config, after), after, self._equipment.light)
            async with aclosing(patient(hearing, _DEAF, "the microphone")) as heard:
                async for piece in heard:
                    pieces.append(piece)
                    for event in piece.events:
                        note(event)
        events = {type(event): event for piece in pieces for event in piece.events}
        began = events.get(SpeechStarted)
        if began is None:
            return None
        return _Utterance(tuple(piece.chunk for piece in pieces), began.at, events[Ended].at)

    async def _transcribe(self, chunks: tuple[AudioChunk, ...], language: str | None) -> Transcript:
        model, options = self.turn.config.stt, SttOptions(language=language)

        def transcribe(stt: Stt) -> AsyncGenerator[Transcript, None]:
            return stt.transcribe(once(*chunks), options)

        work = leased(self._equipment.pool, model, self.turn.priority, transcribe)
        async with aclosing(patient(work, self._equipment.timeouts.stt, f"model {model}")) as transcripts:
            async for transcript in transcripts:
                if transcript.final:
                    return transcript
        raise EngineError(f"model {model} ended without a final transcript")

    def _note(self, event: EndpointEvent) -> None:
        """Tell and time what the endpoint said."""
        if isinstance(event, SpeechStarted):
            self.turn.publish(EventType.STT_VAD_START)
        elif isinstance(event, Ended) and event.reason != "nothing":
            self.turn.timeline.start(event.at)
            self.turn.timeline.mark("endpoint")
            self.turn.publish(EventType.STT_VAD_END, reason=event.reason)

    # -- answering ------------------------------------------------------------------------------------------------

    async def _answer(self, request: ChatRequest, language: str) -> bool:
        """Play the reply; return whether it was stopped by a word."""
        playing = asyncio.create_task(self._play(request, language), name=f"answer {self.turn.id}")
        stopping = asyncio.create_task(self._hear_stop(language), name=f"stop word {self.turn.id}")
        both = {playing, stopping}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done() and stopping.exception() is not None:
                log.warning("turn %s: stop words are not heard: %s", self.turn.id, stopping.exception())
                await asyncio.wait({playing})
            if playing.done():
                playing.result()
                return False
            return True
        finally:
            for task in both:
                task.cancel()
            await asyncio.wait(both)
            for task in both:
                if not task.cancelled():
                    task.exception()

    async def _play(self, request: ChatRequest, language: str) -> None:
        turn = self.turn
        async with AsyncExitStack() as stack:
            sink: Sink = await stack.enter_async_context(self._equipment.pool.lease(self._device.sink))
            words = turn.write(request)
            written = await stack.enter_async_context(prefetch(words, 64))
            parts = await stack.enter_async_context(prefetch(clauses(written, language), _LOOKAHEAD))
            spoken = await stack.enter_async_context(prefetch(turn.speak(parts, language), _LOOKAHEAD))
            turn.publish(EventType.TTS_START, model=turn.config.tts)
            sounding = patient(self._playback.play(sink, spoken), _SPEAKER, "the speaker")
            async with aclosing(sounding) as progress:
                async for played in progress:
                    self._sounded(played)
        if self._playback.silent:
            raise EngineError(f"model {turn.models['chat']} had nothing to say", hint="a bigger model may have")
        turn.publish(EventType.TTS_END)

    def _sounded(self, played: Played) -> None:
        self.turn.timeline.mark("first_audio", played.timestamp - played.seconds)

    async def _hear_stop(self, language: str) -> None:
        """Return when somebody says "stop" and nothing else."""
        now = asyncio.get_running_loop().time()
        config = structs.replace(self._endpoint, silence=self._endpoint.shortest, nothing_said=_ALWAYS)
        while True:
            utterance = await self._utterance(now, now, config, lambda event: None)
            if utterance is None:
                return
            now = utterance.ended
            if utterance.ended - utterance.began <= _STOP_WORD:
                transcript = await self._transcribe(utterance.spoken, language)
                if is_stop(transcript.text, language):
                    return

    async def _apologise(self) -> None:
        """Say sorry with sound that was made in advance, because any engine may be the one that failed."""
        sound = self._equipment.phrases.apology(self.turn.assistant)
        try:
            async with (
                asyncio.timeout(_SPEAKER),
                self._equipment.pool.lease(self._device.sink) as sink,
                aclosing(patient(sink.play(once(*sound)), _DEAF, "the speaker")) as rest,
            ):
                async for played in rest:
                    self._sounded(played)
        except Exception as error:
            heed_cancellation(error)
            log.error("turn %s: not even an apology could be played: %s", self.turn.id, error)
