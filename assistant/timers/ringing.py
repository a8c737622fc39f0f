"""Let things ring at the device where they were asked for, until somebody stops them, or nobody does."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

from assistant.pipeline.equipment import Equipment
from assistant.pipeline.language import is_silence, is_snooze
from assistant.pipeline.listen import Listener
from assistant.pipeline.sounding import sound_at
from assistant.pipeline.stop_word import hear_short
from assistant.pipeline.turn import Turn
from assistant.streams import heed_cancellation
from assistant.timers.sounds import Sounds
from assistant.timers.timer import Kind, Outcome, Timer
from assistant.timers.timers import Timers
from assistant.timers.tone import tone

__all__ = ["SNOOZE", "Ringer"]

log = logging.getLogger(__name__)

SNOOZE = 9 * 60.0
"""Seconds that a snooze lasts where nobody says how long: as on the clock radios that made it customary."""
_PAUSE = 1.6
"""Seconds of silence between two rings, in which somebody who says "stop" is best understood."""
_LIMITS = {Kind.TIMER: 300.0, Kind.ALARM: 600.0, Kind.REMINDER: 120.0}
"""Seconds after which nobody is there, and it rings no more, by its kind."""


class Ringer:
    """Everything that rings, at every device."""

    def __init__(self, timers: Timers, listeners: Mapping[str, Listener], equipment: Equipment) -> None:
        """Take those who listen, by the device: the first is rung at for whoever asked from elsewhere."""
        self._timers = timers
        self._listeners = listeners
        self._equipment = equipment
        self._sounds = Sounds(timers, equipment.pool, equipment.assistants)
        self._moved = asyncio.Event()
        self._ringing: dict[str, asyncio.Task[None]] = {}
        self._since: dict[int, float] = {}

    async def run(self) -> None:
        """Ring whenever there is something to ring, until cancelled."""
        self._timers.changed.add(self._moved.set)
        speaking = asyncio.create_task(self._sounds.run(), name="announcements")
        try:
            while True:
                self._moved.clear()
                for name in {self._place(timer) for timer in self._timers.ringing()}:
                    if name not in self._ringing:
                        task = asyncio.create_task(self._ring(name), name=f"ring at {name or 'no device'}")
                        self._ringing[name] = task
                        task.add_done_callback(partial(self._ended, name))
                await self._moved.wait()
        finally:
            self._timers.changed.discard(self._moved.set)
            tasks = [speaking, *self._ringing.values()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _ended(self, name: str, task: "asyncio.Task[None]") -> None:
        self._ringing.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what rings at %s is not heard: %s", name or "no device", error, exc_info=error)
            task.get_loop().call_later(_PAUSE, self._moved.set)
        else:
            self._moved.set()

    def _place(self, timer: Timer) -> str:
        """Return the device at which *timer* rings; empty where there is none at all."""
        return timer.device if timer.device in self._listeners else next(iter(self._listeners), "")

    def _here(self, name: str) -> list[Timer]:
        """Return what rings at a device."""
        return [timer for timer in self._timers.ringing() if self._place(timer) == name]

    async def _ring(self, name: str) -> None:
        """Ring at a device until nothing rings there any more; while somebody is served there, wait."""
        listener = self._listeners.get(name)
        if listener is None:
            await self._play(name)
            return
        await listener.idle.wait()
        async with self._equipment.controls.ducking.lowered(listener.device.duck):
            playing = asyncio.create_task(self._play(name), name=f"ring at {name}")
            hearing = asyncio.create_task(self._hear(name, listener), name=f"stop of the ring at {name}")
            called = asyncio.create_task(listener.serving.wait(), name=f"call at {name}")
            tasks = {playing, hearing, called}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
        if not playing.cancelled():
            playing.result()
        elif hearing.cancelled() or hearing.result() is Outcome.STOPPED:
            await self._timers.stop(self._here(name))
        else:
            await self._timers.snooze(self._here(name), SNOOZE)

    async def _play(self, name: str) -> None:
        """Ring again and again, until nothing is left that rings here."""
        loop = asyncio.get_running_loop()
        while ringing := self._here(name):
            for timer in ringing:
                self._since.setdefault(timer.id, loop.time())
            await self._sound(name, ringing)
            await asyncio.sleep(_PAUSE)
            over = [t for t in self._here(name) if loop.time() - self._since.get(t.id, loop.time()) > _LIMITS[t.kind]]
            for timer in await self._timers.stop(over, Outcome.UNHEARD):
                log.warning("%s %d has rung for %g s, and nobody stopped it", timer.kind, timer.id, _LIMITS[timer.kind])
        self._since = {t.id: self._since[t.id] for t in self._timers.ringing() if t.id in self._since}

    async def _sound(self, name: str, ringing: list[Timer]) -> None:
        """Ring once: the tone, and what each has to say; at another device where this one gives no sound."""
        sound = [tone(ringing[0].kind), *(chunk for timer in ringing for chunk in self._sounds.of(timer))]
        for place in sorted(self._listeners, key=lambda other: other != name):
            try:
                await sound_at(self._listeners[place], self._equipment, sound)
            except Exception as error:
                heed_cancellation(error)
                log.warning("%s cannot ring: %s", place, error)
            else:
                return

    async def _hear(self, name: str, listener: Listener) -> Outcome:
        """Return how somebody ends the ring by a word; as long as nobody can be heard, wait."""
        while True:
            await listener.listening.wait()
            turn = Turn(self._equipment, self._assistant(name), name)
            language = next((timer.language for timer in self._here(name)), turn.language)

            def meant(text: str, language: str = language) -> Outcome | None:
                if is_snooze(text, language):
                    return Outcome.SNOOZED
                return Outcome.STOPPED if is_silence(text, language) else None

            try:
                return await hear_short(
                    turn, listener.device, listener.microphone, turn.config.endpoint, language, meant
                )
            except Exception as error:
                heed_cancellation(error)
                log.debug("nobody is heard while it rings: %s", error)
                await asyncio.sleep(1.0)

    def _assistant(self, name: str) -> str:
        """Return the assistant that was asked for what rings at a device."""
        known = [timer.assistant for timer in self._here(name) if timer.assistant in self._equipment.assistants]
        return known[0] if known else next(iter(self._equipment.assistants))
