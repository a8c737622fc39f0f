"""Say at a device that a server went away, or is back, where its owner wants to hear of it."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from assistant.audio import AudioChunk
from assistant.config.schema import Config
from assistant.events import EventBus, EventType
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.language import server_is_away, server_is_back
from assistant.pipeline.listen import Listener
from assistant.pipeline.sounding import sound_at
from assistant.pipeline.voices import Voices
from assistant.providers.figures import ProviderStatus
from assistant.streams import heed_cancellation

__all__ = ["Announcer", "announced"]

log = logging.getLogger(__name__)

_AWAY = 60.0
"""Seconds without an answer after which a server is away: one that begins anew is not."""
_REST = 600.0
"""Seconds after a server came back in which nothing is said of it: one that comes and goes shall not be heard of again
and again."""


@dataclass(slots=True)
class _Server:
    """What is known of a server."""

    awake: asyncio.Event = field(default_factory=asyncio.Event)
    asleep: asyncio.Event = field(default_factory=asyncio.Event)

    def becomes(self, state: str) -> None:
        for event, meant in ((self.awake, "awake"), (self.asleep, "asleep")):
            event.set() if state == meant else event.clear()

    async def is_away(self) -> None:
        """Wait until it does not answer, and has not for a while."""
        while True:
            await self.asleep.wait()
            try:
                async with asyncio.timeout(_AWAY):
                    await self.awake.wait()
            except TimeoutError:
                return


class Announcer:
    """Follow servers, and say once that one is away, and once that it is back."""

    def __init__(
        self,
        devices: Mapping[str, Iterable[str]],
        status: Callable[[], Iterable[ProviderStatus]],
        events: EventBus,
        listeners: Mapping[str, Listener],
        equipment: Equipment,
    ) -> None:
        """Take the *devices* at which each server is spoken of, and what is known of the servers now."""
        self._devices = devices
        self._status = status
        self._events = events
        self._listeners = listeners
        self._equipment = equipment
        self._servers = {name: _Server() for name in devices}
        self._spoken: dict[tuple[str, str], tuple[AudioChunk, ...]] = {}

    async def run(self) -> None:
        """Follow the servers until cancelled."""
        async with asyncio.TaskGroup() as group, aclosing(self._events.subscribe()) as events:
            for name, devices in self._devices.items():
                for device in devices:
                    group.create_task(self._follow(name, device), name=f"announce {name} at {device}")
            for status in self._status():
                self._becomes(status.name, status.state)
            async for event in events:
                if event.type is EventType.PROVIDER_CHANGED:
                    self._becomes(event.data["provider"], event.data["state"])

    def _becomes(self, name: str, state: str) -> None:
        if name in self._servers:
            self._servers[name].becomes(state)

    async def _follow(self, name: str, device: str) -> None:
        server, listener = self._servers[name], self._listeners[device]
        speaker, language = self._speaker(listener)
        away, back = (say(name.replace("_", " "), language) for say in (server_is_away, server_is_back))
        await server.awake.wait()
        while True:
            for text in (away, back):  # in advance: the voice may be that server's
                await self._sound(speaker, language, text)
            await server.is_away()
            said = await self._say(listener, speaker, language, away, server.asleep)
            await server.awake.wait()
            if said:
                await self._say(listener, speaker, language, back, server.awake)
                await asyncio.sleep(_REST)

    async def _say(self, listener: Listener, speaker: str, language: str, text: str, so: asyncio.Event) -> bool:
        """Say *text* to its end while nobody is served, as long as it is *so*; tell whether that was done."""
        sound = await self._sound(speaker, language, text)
        while sound:
            await listener.idle.wait()
            if not so.is_set() or self._is_quiet(listener):
                return False
            async with self._equipment.controls.ducking.lowered(listener.device.duck):
                saying = asyncio.create_task(sound_at(listener, self._equipment, sound), name=f"say at {listener.name}")
                called = asyncio.create_task(listener.serving.wait(), name=f"call at {listener.name}")
                try:
                    await asyncio.wait({saying, called}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in (saying, called):
                        task.cancel()
                    await asyncio.wait({saying, called})
            if saying.cancelled():
                continue  # somebody was first, and hears it afterwards
            if (error := saying.exception()) is None:
                return True
            log.warning("%s cannot say %r: %s", listener.name, text, error)
            return False
        return False

    async def _sound(self, speaker: str, language: str, text: str) -> tuple[AudioChunk, ...]:
        """Return the sound of *text*; none where no voice can speak it now."""
        if (speaker, text) not in self._spoken:
            try:
                voices = Voices(self._equipment.pool, self._equipment.assistants[speaker], language)
                self._spoken[speaker, text] = await voices.in_advance(text)
            except Exception as error:
                heed_cancellation(error)
                log.warning("%r cannot be spoken: %s", text, error)
        return self._spoken.get((speaker, text), ())

    def _speaker(self, listener: Listener) -> tuple[str, str]:
        """Return the assistant that speaks at a device, and its language."""
        here = listener.device.assistants or self._equipment.assistants
        name = next((name for name in here if self._equipment.assistants[name].voices), next(iter(here)))
        language = self._equipment.assistants[name].language
        return name, "en" if language == "auto" else language

    def _is_quiet(self, listener: Listener) -> bool:
        controls = self._equipment.controls
        return listener.name in controls and controls.device(listener.name).quiet_now


def announced(config: Config) -> dict[str, list[str]]:
    """Return the devices at which each server is spoken of, by the name of the server."""
    return {name: one.announce for name, one in config.providers.items() if one.enabled and one.announce}
