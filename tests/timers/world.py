"""A machine whose clocks and power do as a test says, in virtual time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

from assistant.events import EventBus, EventType, TurnEvent
from assistant.state import State
from assistant.timers import Timers
from assistant.timers.timeline import Clocks

NOON = 1_795_435_200.0
"""Seconds since the epoch of 2026-11-23 12:00 UTC, a Monday."""


@dataclass
class World:
    """True time is that of the loop, and that in suspend; everything else is made of it."""

    file: Path
    """The database."""
    zone: tzinfo = UTC
    """Where the machine stands."""
    most: int = 100
    """Timers that may be pending."""
    set: bool = True
    """Whether the wall clock can be believed."""
    wall_off: float = NOON
    """Seconds by which the wall clock is before the true time."""
    booted: float = 0.0
    """True time of the last boot."""
    boots: int = 0
    """How many there were."""
    slept: float = 0.0
    """Seconds in suspend, in which no program runs and the loop's clock stands still."""
    events: list[TurnEvent] = field(default_factory=list)
    """All that was told."""
    stamps: list[float] = field(default_factory=list)
    """When, in true time."""

    @property
    def true(self) -> float:
        """Return the true time."""
        return asyncio.get_running_loop().time() + self.slept

    @property
    def wall(self) -> float:
        """Return what the clock on the wall says."""
        return self.true + self.wall_off

    @property
    def clocks(self) -> Clocks:
        """Return the clocks as the assistant sees them."""
        return Clocks(
            uptime=lambda: self.true - self.booted + 30.0,
            boot=lambda: f"boot {self.boots}",
            wall=lambda: self.wall,
            is_set=lambda: self.set,
        )

    async def off(self, seconds: float) -> None:
        """Leave the machine without power for a while."""
        await asyncio.sleep(seconds)
        self.booted, self.boots = self.true, self.boots + 1

    def told(self, kind: EventType) -> list[TurnEvent]:
        """Return what was told of one kind."""
        return [event for event in self.events if event.type == kind]

    def _note(self, event: TurnEvent) -> None:
        self.events.append(event)
        self.stamps.append(self.true)

    @asynccontextmanager
    async def daemon(self) -> AsyncGenerator[Timers, None]:
        """Let timers ring while the context is open; it ends as by a kill, wherever they are."""
        bus = EventBus()
        bus.publish = self._note  # type: ignore[method-assign]
        async with State(self.file) as state:
            timers = Timers(state.timers, bus, clocks=self.clocks, zone=lambda: self.zone, most=self.most)
            await timers.load()
            running = asyncio.create_task(timers.run())
            try:
                yield timers
            finally:
                running.cancel()
                await asyncio.wait({running})
                if not running.cancelled() and running.exception():
                    raise running.exception()  # type: ignore[misc]
