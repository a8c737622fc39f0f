"""The acts: mute, volume, chime, quiet hours. Each is stored before it counts as done, and told as an event."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec.structs import replace as replaced

from assistant.clock import clock_is_set
from assistant.controls.ducking import Ducking
from assistant.controls.settings import DeviceSettings, QuietHours, gain
from assistant.controls.source import MutedSource
from assistant.controls.switch import Switch
from assistant.engines import AnySpec, EngineConfig, Source
from assistant.errors import AssistantError, ConfigError, DeviceError
from assistant.events import EventBus, EventType, TurnEvent

__all__ = ["Controls", "DeviceStatus", "Store"]

log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between two looks at whether another process has changed what is stored."""
_CLOSING = 5.0
"""Seconds that a device may take to close."""


class Store(Protocol):
    """Keeps what is set."""

    async def read(self) -> Mapping[str, DeviceSettings]:
        """Return what is set, by device; raises ServiceError."""
        ...

    async def keep(self, device: str, settings: DeviceSettings) -> None:
        """Store what is set at a device, a mute so that no power cut lifts it; raises ServiceError."""
        ...

    async def revision(self) -> int:
        """Return a number that changes when another process writes; raises ServiceError."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device as it is now."""

    name: str
    """Its name in the configuration."""
    settings: DeviceSettings
    """What is set."""
    captured: bool
    """Whether sound is taken from its microphone now."""
    quiet_now: bool
    """Whether its quiet hours hold now."""
    heard_volume: int
    """Volume in percent at which it speaks now: lower than the one that is set in quiet hours."""


class Controls:
    """What is set at the devices, and the acts that set it."""

    def __init__(
        self,
        devices: Iterable[str] = (),
        events: EventBus | None = None,
        store: Store | None = None,
        *,
        remote_unmute: Iterable[str] = (),
        journal: Path | None = None,
        wall: Callable[[], float] = time.time,
        clock_set: Callable[[], bool] = clock_is_set,
    ) -> None:
        """Take the names of the devices and of those that may be unmuted from afar.

        Without a store nothing is kept; without a *journal* no other program is ducked.
        """
        self._settings = {name: DeviceSettings() for name in devices}
        self._mutes = {name: Switch(name) for name in self._settings}
        self._events = events or EventBus()
        self._store = store
        self._remote_unmute = frozenset(remote_unmute)
        self._wall = wall
        self._clock_set = clock_set
        self._writing = asyncio.Lock()
        self._changes: set[asyncio.Task[DeviceStatus]] = set()
        self.ducking = Ducking(journal)

    def __contains__(self, device: object) -> bool:
        return device in self._settings

    async def load(self) -> None:
        """Take over what is stored; raises ServiceError."""
        if self._store is not None:
            async with self._writing:
                for name, settings in (await self._store.read()).items():
                    if settings != self._settings.get(name, settings):
                        self._apply(name, settings)

    async def follow(self) -> None:
        """Put right what the last daemon left, then take over what other processes store, until cancelled.

        Such as a command that found no open door.
        """
        assert self._store is not None
        await self.ducking.restore()
        seen = None
        while True:
            try:
                if (revision := await self._store.revision()) != seen:
                    await self.load()
                    seen = revision
            except AssistantError as error:
                log.debug("what is set at devices cannot be read: %s", error)  # said by whoever wrote in vain
            await asyncio.sleep(_LOOK)

    def status(self) -> tuple[DeviceStatus, ...]:
        """Return every device as it is now."""
        return tuple(self.device(name) for name in self._settings)

    def device(self, name: str) -> DeviceStatus:
        """Return a device as it is now; raises ConfigError for an unknown one."""
        settings = self._known(name)
        quiet = settings.quiet.on and settings.quiet.hold(self._minute())
        volume = min(settings.volume, settings.quiet.volume) if quiet else settings.volume
        return DeviceStatus(name, settings, not self._mutes[name].closed.is_set(), quiet, volume)

    # -- what others hold to ------------------------------------------------------------------------------------------

    def muted(self, name: str) -> bool:
        """Tell whether the microphone of a device must be closed; an unknown device cannot be muted."""
        return name in self._settings and self._settings[name].muted

    def muted_by(self, name: str) -> str:
        """Return the turn in which somebody asked for the mute of a device; empty where it was not in a turn."""
        return self._mutes[name].turn if name in self._mutes else ""

    async def unmuted(self, name: str) -> None:
        """Wait until a device is not muted."""
        if name in self._mutes:
            await self._mutes[name].off.wait()

    def gain(self, name: str) -> float:
        """Return the factor of the samples that a device plays now, 0 to 1."""
        return gain(self.device(name).heard_volume) if name in self else 1.0

    def chimes(self, name: str) -> bool:
        """Tell whether a device may make a sound now that nobody asked for."""
        return name in self and self._settings[name].chime and not self.device(name).quiet_now

    def guarded(self, name: str, source: AnySpec) -> AnySpec:
        """Return the source of a device such that nobody hears anything through it while the device is muted."""

        @asynccontextmanager
        async def opened(config: EngineConfig) -> AsyncGenerator[object, None]:
            async with source.open(config) as engine:
                yield MutedSource(engine, self._mutes[name]) if isinstance(engine, Source) else engine

        return replace(source, open=opened)

    # -- the acts -----------------------------------------------------------------------------------------------------

    async def mute(self, name: str, *, turn: str = "") -> DeviceStatus:
        """Close the microphone of a device, until it is unmuted. *turn* is the turn in which somebody asked for it.

        It is closed when this returns; where that takes too long, the status that is returned says that it is not.
        """
        await self._change(name, turn, lambda now: replaced(now, muted=True))
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await self._mutes[name].closed.wait()
        return self.device(name)

    async def unmute(self, name: str, *, here: bool, turn: str = "") -> DeviceStatus:
        """Open the microphone again; *here* says that somebody asks on this machine itself.

        Raises DeviceError where that is not so, and the configuration does not allow it from afar.
        """
        if self._known(name).muted and not here and name not in self._remote_unmute:
            raise DeviceError(
                f"{name} is muted, and only the machine itself may unmute it",
                hint=f"run `assistant unmute` there, or set devices.{name}.remote_unmute: true",
            )
        return await self._change(name, turn, lambda now: replaced(now, muted=False))

    async def set_volume(self, name: str, percent: int, *, turn: str = "") -> DeviceStatus:
        """Set how loud a device speaks, from 0 to 100; what lies beyond is cut."""
        return await self._change(name, turn, lambda now: replaced(now, volume=_within(percent)))

    async def change_volume(self, name: str, points: int, *, turn: str = "") -> DeviceStatus:
        """Let a device speak louder, or quieter, by so many percent points."""
        return await self._change(name, turn, lambda now: replaced(now, volume=_within(now.volume + points)))

    async def set_chime(self, name: str, on: bool, *, turn: str = "") -> DeviceStatus:
        """Have the wake word answered by a short sound, or not."""
        return await self._change(name, turn, lambda now: replaced(now, chime=on))

    async def set_quiet(self, name: str, quiet: QuietHours, *, turn: str = "") -> DeviceStatus:
        """Set when a device is quiet by itself."""
        return await self._change(name, turn, lambda now: replaced(now, quiet=quiet))

    # -----------------------------------------------------------------------------------------------------------------

    async def _change(self, name: str, turn: str, change: Callable[[DeviceSettings], DeviceSettings]) -> DeviceStatus:
        """Store a change, and let it hold, both although whoever wants it is cancelled meanwhile."""
        work = asyncio.create_task(self._changed(name, turn, change), name=f"change of {name}")
        self._changes.add(work)
        work.add_done_callback(self._changes.discard)
        return await asyncio.shield(work)

    async def _changed(self, name: str, turn: str, change: Callable[[DeviceSettings], DeviceSettings]) -> DeviceStatus:
        """Store a change, and let it hold. A mute holds even where it cannot be stored, which is then raised."""
        async with self._writing:
            wanted = change(self._known(name))
            if wanted.muted:
                self._apply(name, wanted, turn)
            if self._store is not None:
                await self._store.keep(name, wanted)
            if not wanted.muted:
                self._apply(name, wanted, turn)
        return self.device(name)

    def _apply(self, name: str, settings: DeviceSettings, turn: str = "") -> None:
        before = self._settings.get(name)
        if before is None or before == settings:
            return
        self._settings[name] = settings
        self._mutes[name].set(settings.muted, turn)
        if before.muted != settings.muted:
            log.info("%s is %s", name, "muted: its microphone is closed" if settings.muted else "unmuted")
        self._publish(
            EventType.DEVICE_CHANGED,
            turn,
            name,
            muted=settings.muted,
            volume=settings.volume,
            chime=settings.chime,
            quiet=msgspec.to_builtins(settings.quiet),
        )

    def _publish(self, kind: EventType, turn: str, device: str, **data: object) -> None:
        self._events.publish(TurnEvent(kind, turn, device, self._wall(), data))

    def _known(self, name: str) -> DeviceSettings:
        if name not in self._settings:
            raise ConfigError(f"there is no device {name!r}", hint=f"configured: {', '.join(self._settings) or 'none'}")
        return self._settings[name]

    def _minute(self) -> int | None:
        """Return the minute of the local day; None where the machine has no time yet."""
        if not self._clock_set():
            return None
        local = time.localtime(self._wall())
        return local.tm_hour * 60 + local.tm_min


def _within(percent: int) -> int:
    return max(0, min(percent, 100))
