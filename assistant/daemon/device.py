"""One device: it listens, and it is known whether it hears anything."""

import asyncio
import logging
import math
from contextlib import aclosing, suppress

from assistant.assembly import Assembly
from assistant.config.roles import roles
from assistant.engines import Kind
from assistant.errors import AssistantError
from assistant.pipeline.listen import Listener

__all__ = ["Device"]

log = logging.getLogger(__name__)

_DEAF = 5.0
"""Seconds without a chunk after which a microphone that is open has stalled."""
_LOOK = 1.0
"""Seconds between two looks at whether a microphone gives sound."""


class Device:
    """A device of the configuration, and whether it hears anything."""

    def __init__(self, name: str, assembly: Assembly) -> None:
        self.name = name
        self.listener = Listener(name, assembly.config.devices[name], assembly.equipment)
        self._assembly = assembly
        self._deaf = False

    async def run(self) -> None:
        """Listen as soon as the device's own engines are open; what cannot be opened, the listener names."""
        for role in roles(self._assembly.config):
            if role.path[:2] == ("devices", self.name) and role.kind is not Kind.SINK:
                with suppress(AssistantError):
                    await self._assembly.pool.open(role.model)
        watching = asyncio.create_task(self._watch(), name=f"watch {self.name}")
        try:
            await self.listener.run()
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def _watch(self) -> None:
        """Notice where an open microphone gives no sound: sources wait for a device that is gone, and tell nobody."""
        while True:
            await self.listener.listening.wait()
            async with aclosing(self.listener.microphone.since(math.inf)) as sound:
                try:
                    async with asyncio.timeout(_DEAF):
                        await anext(sound)
                except TimeoutError:
                    if self.listener.listening.is_set() and not self._deaf:
                        log.error("%s hears nothing: no sound has come for %g s", self.name, _DEAF)
                        self._deaf = True
                    continue
            if self._deaf:
                log.warning("%s hears again", self.name)
            self._deaf = False
            await asyncio.sleep(_LOOK)

    @property
    def trouble(self) -> str:
        """Return why it does not listen; empty where it does."""
        if self.listener.listening.is_set():
            return f"no sound has come for {_DEAF:g} s" if self._deaf else ""
        if self._assembly.equipment.controls.muted(self.name):
            return ""  # as it should be
        ended = self.listener.settled.is_set()
        return str(self.listener.failure or ("its sound has ended" if ended else "not listening yet"))
