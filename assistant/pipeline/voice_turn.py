"""A turn of a person in front of a device: listen, understand, answer. One task; cancelling it is barge-in."""

import asyncio
import logging
from contextlib import AsyncExitStack, aclosing
from functools import partial
from typing import Any, Literal

from msgspec import structs

from assistant.config.assistants import DeviceConfig
from assistant.controls.loudness import AtVolume
from assistant.engines import Sink
from assistant.errors import AssistantError, EngineError, EngineTimeout
from assistant.events import EventType
from assistant.pipeline.barge_in import Interruption
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.draft import Draft, Drafts
from assistant.pipeline.interruption import hear_interruption
from assistant.pipeline.language import is_stop
from assistant.pipeline.listening import DEAF, Listening
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.playback import Playback
from assistant.pipeline.reference import Reference
from assistant.pipeline.stop_word import hear_stop
from assistant.pipeline.turn import Turn
from assistant.pipeline.warming import warm
from assistant.speech import Played
from assistant.streams import heed_cancellation, once, patient

__all__ = ["VoiceTurn"]

log = logging.getLogger(__name__)

_WARMING = 1.0
"""Seconds that the warming of the prompt may take to end once the turn does."""
_SPEAKER = 60.0
"""Seconds without progress after which the speaker is given up: longer than all stages of a turn together."""


class VoiceTurn:
    """One turn at one device. `begin` is the moment, on the clock of the audio, from which speech counts."""

    def __init__(
        self, turn: Turn, device: DeviceConfig, microphone: Microphone, reference: Reference, begin: float
    ) -> None:
        self.turn = turn
        self.state: Literal["listening", "answering"] = "listening"
        self.asked_back = False
        """Whether the reply was heard to its end and asks something."""
        self.interruption: Interruption | None = None
        """How somebody ended the reply by talking into it."""
        self._device = device
        self._microphone = microphone
        self._reference = reference
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
            unexpected = None if isinstance(error, AssistantError) else error
            log.error("turn %s: %s", turn.id, error, exc_info=unexpected)
            turn.fail(error)
            await self._apologise()
        finally:
            turn.finish()

    async def _run(self) -> None:
        turn = self.turn
        key = f"{turn.assistant}@{turn.device}"
        async with self._equipment.conversations.turn(key) as conversation:
            drafts, asked = Drafts(turn, conversation), conversation.asks
            warming = asyncio.create_task(warm(turn, conversation), name=f"warm {turn.id}")
            try:
                listening = Listening(turn, self._device, self._microphone, self._endpoint, drafts)
                draft = await listening.question(self._begin)
                if draft is None:
                    turn.outcome = "nothing"
                else:
                    await self._reply(draft, conversation)
                    conversation.settle(asked)
            finally:
                if turn.outcome != "answered" and conversation.asks is not asked:
                    conversation.ask(None)  # what was not heard to its end was not asked
                warming.cancel()
                await drafts.close()
                await asyncio.wait({warming}, timeout=_WARMING)

    async def _reply(self, draft: Draft, conversation: Conversation) -> None:
        """Say the answer, and remember what was heard of it."""
        turn, question = self.turn, draft.transcript.result().text
        if is_stop(question, draft.language):
            turn.outcome = "stopped"
            return
        self.state = "answering"
        try:
            self.interruption = await self._answer(draft)
        finally:
            if heard := self._playback.heard:
                turn.remember(conversation, question, heard)
        match self.interruption:
            case Interruption(None):
                turn.outcome = "stopped"
            case Interruption() if not self._playback.finished:
                turn.outcome = "interrupted"
            case _:
                turn.outcome = "answered"
                self.asked_back = conversation.asks is not None or heard.rstrip().endswith("?")

    async def _answer(self, draft: Draft) -> Interruption | None:
        """Play the answer; return how somebody ended it, if anybody did."""
        turn = self.turn
        playing = asyncio.create_task(self._play(draft), name=f"answer {turn.id}")
        listening = asyncio.create_task(self._hear(draft.language), name=f"interruption {turn.id}")
        try:
            await asyncio.wait({playing, listening}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done() and listening.exception() is not None:
                log.warning("turn %s: nobody is heard during the reply: %s", turn.id, listening.exception())
                await asyncio.wait({playing})
            elif playing.done() and playing.exception() is None:
                await self._nobody_speaks(listening)
            if listening.done() and listening.exception() is None:
                return listening.result()
            playing.result()
            return None
        finally:
            await _end(playing, listening)

    async def _nobody_speaks(self, listening: "asyncio.Task[Interruption]") -> None:
        """Wait, at the end of a reply into which somebody may be talking, until it is known whether that is so."""
        silence = asyncio.create_task(self._playback.loud.wait())
        try:
            await asyncio.wait({listening, silence}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(silence)

    async def _hear(self, language: str) -> Interruption:
        """Return how somebody ends the reply: by any words where its echo is cancelled, or else by a stop word."""
        turn, device, microphone = self.turn, self._device, self._microphone
        if device.echo:
            return await hear_interruption(turn, device, microphone, self._playback, language)
        return await hear_stop(turn, device, microphone, self._endpoint, language)

    async def _play(self, draft: Draft) -> None:
        async with AsyncExitStack() as stack:
            sink = await self._speaker(stack)
            spoken = await stack.enter_async_context(aclosing(draft.sound()))
            sounding = patient(self._playback.play(sink, spoken), _SPEAKER, "the speaker")
            async with aclosing(sounding) as progress:
                async for played in progress:
                    self._sounded(played)
        if self._playback.silent:
            model = self.turn.models.get("chat") or self.turn.models.get("tts", "")
            raise EngineError(f"model {model} had nothing to say", hint="a bigger model may have")
        self.turn.publish(EventType.TTS_END)

    async def _speaker(self, stack: AsyncExitStack) -> Sink:
        """Lease the speaker for as long as *stack* is open; raises EngineTimeout where nobody gives it back."""
        sink: Sink
        try:
            async with asyncio.timeout(DEAF):
                sink = await stack.enter_async_context(self._equipment.pool.lease(self._device.sink))
        except TimeoutError:
            raise EngineTimeout(f"the speaker {self._device.sink} was not free in {DEAF:g} s") from None
        return self._followed(sink)

    def _followed(self, sink: Sink) -> Sink:
        """Return *sink* at the device's volume, and such that its echo can be cancelled, where anything cancels it."""
        followed = self._reference.following(sink) if self._device.echo else sink
        return AtVolume(followed, partial(self._equipment.controls.gain, self.turn.device))

    def _sounded(self, played: Played) -> None:
        self.turn.timeline.mark("first_audio", played.timestamp - played.seconds)

    async def _apologise(self) -> None:
        """Say sorry with sound that was made in advance, because any engine may be the one that failed."""
        sound = self._equipment.phrases.apology(self.turn.assistant, self.turn.language)
        try:
            async with (
                asyncio.timeout(_SPEAKER),
                self._equipment.pool.lease(self._device.sink) as sink,
                aclosing(patient(self._followed(sink).play(once(*sound)), DEAF, "the speaker")) as rest,
            ):
                async for played in rest:
                    self._sounded(played)
        except Exception as error:
            heed_cancellation(error)
            log.error("turn %s: not even an apology could be played: %s", self.turn.id, error)


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait for them; how they fail does not matter any more."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()
