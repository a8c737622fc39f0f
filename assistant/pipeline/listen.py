"""The voice loop of one device: idle until a wake word, a turn, perhaps a follow-up, idle again."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing

from assistant.audio import AudioChunk
from assistant.config.assistants import DeviceConfig
from assistant.engines import Echo, Source, Wake
from assistant.errors import AssistantError, DeviceError, EngineError
from assistant.events import EventType, TurnEvent
from assistant.pipeline.attention import attention
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.reference import Reference
from assistant.pipeline.turn import Turn
from assistant.pipeline.voice_turn import VoiceTurn
from assistant.speech import Detection
from assistant.streams import heed_cancellation, in_thread

__all__ = ["Listener"]

log = logging.getLogger(__name__)

_LEAVING = 3.0
"""Seconds that an interrupted turn may take to end before the next one goes on without it."""
_PREROLL = 6.0
"""Seconds of sound kept: who talked into a reply is answered, although it took a while to be sure of it."""
_AGAIN = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds to wait before a device that failed is tried again; the last value repeats."""


class Listener:
    """Listen at one device for as long as the daemon runs."""

    def __init__(self, name: str, device: DeviceConfig, equipment: Equipment) -> None:
        self.name = name
        self.microphone = Microphone(preroll=_PREROLL)
        self.failure: AssistantError | None = None
        """Why nobody listens here; None while somebody does."""
        self.listening = asyncio.Event()
        """Set while the microphone is open and the wake words are awaited."""
        self.settled = asyncio.Event()
        """Set once the device listens, or has said why it does not."""
        self.serving = asyncio.Event()
        """Set while somebody is served here, from the call to the end of all that follows."""
        self.idle = asyncio.Event()
        """Set while nobody is."""
        self.idle.set()
        self.device = device
        """How it is configured."""
        self.reference = Reference()
        """What leaves its speaker."""
        self._equipment = equipment
        self._voice: VoiceTurn | None = None
        self._begun: VoiceTurn | None = None
        self._task: asyncio.Task[None] | None = None
        here = device.assistants or list(equipment.assistants)
        self._called = {word: name for name in reversed(here) for word in equipment.assistants[name].wake}

    async def run(self) -> None:
        """Listen until cancelled; a device or an engine that fails is tried again, and the rest goes on."""
        try:
            await self._keep_listening()
        finally:
            await self._end_turn()

    async def _keep_listening(self) -> None:
        """Listen; a turn that is under way when the device fails goes on, and answers or says sorry by itself."""
        failures = 0
        while True:
            await self._while_muted()
            try:
                await self._listen()
                log.info("%s: the source has ended", self.name)
                self.settled.set()
                return
            except AssistantError as error:
                heed_cancellation(error)
                if self._equipment.controls.muted(self.name):
                    continue
                self._fail(error)
            except Exception as error:  # a fault of an engine's, which must not end the other devices
                heed_cancellation(error)
                log.debug("%s failed", self.name, exc_info=error)
                self._fail(EngineError(f"{type(error).__name__}: {error}", hint="--debug shows where"))
            finally:
                failures = 0 if self.listening.is_set() else failures
                self.listening.clear()
            await asyncio.sleep(_AGAIN[min(failures, len(_AGAIN) - 1)])
            failures += 1

    async def _while_muted(self) -> None:
        """Wait until the device is not muted. What was heard before is forgotten, and nobody is listened to any more;
        only an answer goes on, for one, that to somebody who asked for the mute."""
        controls, voice = self._equipment.controls, self._voice
        if not controls.muted(self.name):
            return
        self.microphone.forget()
        if voice is not None and voice.state == "listening" and voice.turn.id != controls.muted_by(self.name):
            await self._end_turn()
        self.failure = None
        self.settled.set()
        await controls.unmuted(self.name)

    def _fail(self, error: AssistantError) -> None:
        if str(error) != str(self.failure):
            log.error("%s does not listen: %s%s", self.name, error, f" ({error.hint})" if error.hint else "")
        self.failure = error
        self.settled.set()

    async def _listen(self) -> None:
        pool = self._equipment.pool
        async with AsyncExitStack() as stack:
            source: Source = await stack.enter_async_context(pool.lease(self.device.source))
            wake: Wake = await stack.enter_async_context(pool.lease(self.device.wake))
            heard = await stack.enter_async_context(aclosing(source.capture()))
            if self.device.echo:
                echo: Echo = await stack.enter_async_context(pool.lease(self.device.echo))
                heard = await stack.enter_async_context(aclosing(self._cleaned(heard, echo.fork())))
            await self._follow(heard, wake.fork())

    async def _cleaned(self, heard: AsyncIterator[AudioChunk], echo: Echo) -> AsyncGenerator[AudioChunk, None]:
        """Yield what is heard without what this device itself plays."""
        async for chunk in heard:
            played = self.reference.during(chunk)
            clean = await in_thread(lambda: echo.process(chunk, played), self._equipment.light)  # noqa: B023
            if clean.audio:
                yield clean

    async def _follow(self, heard: AsyncIterator[AudioChunk], wake: Wake) -> None:
        async for chunk in heard:
            if not self.listening.is_set():
                log.info("%s listens for %s", self.name, ", ".join(self._called) or "no wake word")
                self.failure = None
                self.listening.set()
                self.settled.set()
                self._await_wake_word()
            self.microphone.publish(chunk)
            for detection in await in_thread(lambda: wake.push(chunk), self._equipment.light):  # noqa: B023
                self.call(detection)
        if self._task is not None:
            await asyncio.wait({self._task})

    def _await_wake_word(self) -> None:
        """Tell that nobody is served here and the wake words are awaited."""
        self._publish(EventType.WAKE_WORD_START, words=list(self._called))

    def _publish(self, kind: EventType, **data: object) -> None:
        self._equipment.events.publish(TurnEvent(kind, "", self.name, time.time(), data))

    def call(self, detection: Detection) -> None:
        """Begin a turn, because a wake word was heard; a reply that is under way ends, and so does a turn that nobody
        called for."""
        assistant = self._called.get(detection.name)
        if assistant is None:
            log.debug("%s: nobody here is called %s", self.name, detection.name)
        elif self._voice is not self._begun or self._voice is None or self._voice.state == "answering":
            self.begin(assistant, detection, detection.timestamp)

    def begin(self, assistant: str, wake: Detection | None, at: float) -> "asyncio.Task[None]":
        """Begin a turn of *assistant*; speech counts from *at*, in seconds on the clock of the audio.

        Raises DeviceError while the device is muted, whoever asks.
        """
        if self._equipment.controls.muted(self.name):
            raise DeviceError(f"{self.name} is muted", hint="assistant unmute")
        if self._task is not None:
            self._task.cancel()
        self._voice = self._begun = self._turn(assistant, wake, at)
        self._serve(True)
        self._task = asyncio.create_task(self._converse(self._voice, self._task), name=f"turn at {self.name}")
        return self._task

    def _serve(self, now: bool) -> None:
        (self.serving if now else self.idle).set()
        (self.idle if now else self.serving).clear()

    def _turn(self, assistant: str, wake: Detection | None, at: float) -> VoiceTurn:
        turn = Turn(self._equipment, assistant, self.name, person=self.device.person)
        turn.wake = wake
        if wake is not None:
            turn.publish(EventType.WAKE_WORD_END, name=wake.name, score=round(wake.score, 3))
        return VoiceTurn(turn, self.device, self.microphone, self.reference, at)

    async def _converse(self, voice: VoiceTurn, before: "asyncio.Task[None] | None") -> None:
        """Run a turn, and all that follow from it: the reply is talked into, or asks something back."""
        try:
            async with attention(voice.turn, self.device, self.reference):
                if before is not None:
                    await asyncio.wait({before}, timeout=_LEAVING)
                await voice.run()
                while (following := self._following(voice)) is not None:
                    self._voice = voice = following
                    await voice.run()
        finally:
            if self._voice is voice:
                self._voice = None
                self._serve(False)
                self._await_wake_word()

    def _following(self, voice: VoiceTurn) -> VoiceTurn | None:
        """Return the turn that a turn leads to without a wake word, if it does."""
        assistant = voice.turn.assistant
        if voice.interruption is not None and (began := voice.interruption.question) is not None:
            return self._turn(assistant, None, began)
        if voice.asked_back and (follow_up := voice.turn.config.endpoint.follow_up):
            voice = self._turn(assistant, None, asyncio.get_running_loop().time())
            voice.wait_for(follow_up)
            return voice
        return None

    async def _end_turn(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            self._serve(False)
