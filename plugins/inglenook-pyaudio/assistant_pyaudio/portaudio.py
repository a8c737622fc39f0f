"""PortAudio as one thing that all engines of the process share.

PortAudio looks for devices only when it starts, so finding a device that was plugged in means ending and starting it
again, for everybody. Everything that can block or that PortAudio forbids to do at once happens in one owner thread.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeVar

import pyaudio

from assistant import AudioFormat, Device, DeviceError
from assistant_pyaudio.devices import Direction, NamedDevice, find
from assistant_pyaudio.noise import silence_libraries
from assistant_pyaudio.owner import Hung, Owner

__all__ = ["PortAudio", "Stream", "Wish", "shared"]

log = logging.getLogger(__name__)
T = TypeVar("T")

Callback = Callable[[bytes | None, int, dict[str, float], int], tuple[bytes | None, int]]
"""Takes recorded sound, frames, times and flags; returns sound to play and whether to go on. Must not raise: PyAudio
would raise it again in another thread."""

_UNSUITABLE = (-9997, -9998)
"""paInvalidSampleRate and paInvalidChannelCount: another rate or number of channels may do. Nothing else is worth a
second try, as where the device is gone or another program holds it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a stream is to be opened; the first rate and number of channels that the device takes are used."""

    direction: Direction
    """Whether to record or to play."""
    device: str
    """Name of the device, a part of it, or `default`."""
    rates: tuple[int, ...]
    """Hertz, most wanted first; 0 stands for the device's own rate."""
    channels: tuple[int, ...]
    """Numbers of channels, most wanted first; 0 stands for all that the device has."""
    period: float
    """Seconds between two calls of the callback."""


class Stream:
    """A device that calls back, in PortAudio's thread, from when it is started until it is closed."""

    def __init__(self, wish: Wish, handler: Callable[[AudioFormat], Callback]) -> None:
        self.wish = wish
        self._handler = handler
        self._stream: Any = None

    def open(self, system: pyaudio.PyAudio, devices: list[NamedDevice]) -> None:
        """Open the device, and start it if it records (owner thread); raises DeviceError."""
        device = find(devices, self.wish.device, self.wish.direction)
        failure, hint = "", "another program may hold it; see `assistant devices`"
        for rate, channels in _tries(self.wish, device):
            try:
                self._stream = system.open(
                    rate=rate,
                    channels=channels,
                    format=pyaudio.paInt16,
                    frames_per_buffer=round(rate * self.wish.period),
                    start=self.wish.direction == "input",
                    stream_callback=self._handler(AudioFormat(rate, channels=channels)),
                    **{self.wish.direction: True, f"{self.wish.direction}_device_index": device.index},
                )
            except OSError as error:
                log.debug("%s at %d Hz, %d channels: %s", device.public.name, rate, channels, error)
                failure = str(error.args[-1])
                if error.args[0] not in _UNSUITABLE:
                    break
                hint = f"it does not take {rate} Hz with {channels} channels: leave out `rate` and `channels`"
            else:
                return
        raise DeviceError(f"{self.wish.device!r} cannot be opened: {failure}", hint=hint)

    def start(self) -> None:
        """Begin to play (owner thread); raises DeviceError where the device has gone."""
        try:
            self._stream.start_stream()
        except OSError as error:
            raise DeviceError(f"{self.wish.device!r} cannot be started: {error.args[-1]}") from None

    def leave(self) -> None:
        """Forget the device, which can be closed no more: a call to it hangs."""
        self._stream = None

    def close(self) -> None:
        """Stop at once and drop what has not been played (owner thread); harmless if closed."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class PortAudio:
    """PortAudio and the streams that are open; all of it is only touched in the owner thread."""

    def __init__(self) -> None:
        self._owner = Owner()
        self._hung = False
        self._users = 0
        self._streams: list[Stream] = []
        self._system: Any = None
        self._devices: list[NamedDevice] = []

    @property
    def devices(self) -> list[Device]:
        """Return the devices as of the last look for them."""
        return [device.public for device in self._devices]

    async def open(self, stream: Stream) -> None:
        """Open a stream, and look for devices again where its own is missing; raises DeviceError.

        Looking again would interrupt the streams that are open. An answer that plays is never interrupted, and a
        microphone only by a speaker, for some milliseconds: an answer that cannot be heard is worse.
        """
        await self._owned(lambda: self._open(stream), stream)

    async def start(self, stream: Stream) -> None:
        """Begin to play; raises DeviceError where the device has gone."""
        await self._owned(stream.start, stream)

    async def close(self, stream: Stream) -> None:
        """Close a stream at once; harmless if it is not open."""
        await self._owned(lambda: self._close(stream), stream)

    @asynccontextmanager
    async def used(self) -> AsyncGenerator["PortAudio", None]:
        """Keep PortAudio running for as long as the context is open; the last user ends it."""
        try:
            await self._owned(self._enter)
            yield self
        finally:
            await self._owned(self._leave)

    async def _owned(self, call: Callable[[], T], stream: Stream | None = None) -> T:
        """Do something in the owner thread; raises DeviceError where it hangs, and what comes next has another thread.

        The stream that hangs is left as it is, for whoever closed it would free what that call still uses.
        """
        owner = self._owner
        try:
            return await owner.do(call)
        except Hung:
            if stream is not None:
                stream.leave()
                if stream in self._streams:
                    self._streams.remove(stream)
            raise DeviceError("the sound system does not answer", hint="restart it, or the assistant") from None
        finally:
            if owner.hung and self._owner is owner:
                log.error("the sound system does not answer, and what it was asked is given up")
                self._owner, self._hung = Owner(), True

    def _enter(self) -> None:
        self._users += 1
        if self._system is None:
            self._start()

    def _leave(self) -> None:
        self._users -= 1
        if not self._users and self._system is not None:
            self._end()

    def _start(self) -> None:
        silence_libraries()
        self._system = pyaudio.PyAudio()
        self._devices = list(_listed(self._system))

    def _end(self) -> None:
        system, self._system = self._system, None
        if not self._hung:  # it would close the stream that hangs, too
            system.terminate()

    def _open(self, stream: Stream) -> None:
        try:
            stream.open(self._system, self._devices)
        except DeviceError:
            playing = any(other.wish.direction == "output" for other in self._streams)
            if playing or (self._streams and stream.wish.direction == "input"):
                raise
            self._look_again()
            stream.open(self._system, self._devices)
        self._streams.append(stream)

    def _close(self, stream: Stream) -> None:
        stream.close()
        if stream in self._streams:
            self._streams.remove(stream)

    def _look_again(self) -> None:
        for stream in self._streams:
            stream.close()
        self._end()
        self._start()
        for stream in self._streams:
            try:
                stream.open(self._system, self._devices)
            except DeviceError as error:  # its reader will notice that nothing comes, and wait for the device
                log.debug("%s", error)


def _listed(system: pyaudio.PyAudio) -> Iterator[NamedDevice]:
    default = {}
    for direction in ("input", "output"):
        try:
            default[direction] = getattr(system, f"get_default_{direction}_device_info")()["index"]
        except OSError:
            default[direction] = None  # this machine has none
    for index in range(system.get_device_count()):
        info = system.get_device_info_by_index(index)
        public = Device(
            name=info["name"],
            default=index in default.values(),
            inputs=info["maxInputChannels"],
            outputs=info["maxOutputChannels"],
            rate=round(info["defaultSampleRate"]),
        )
        yield NamedDevice(index, public, frozenset(name for name, chosen in default.items() if chosen == index))


def _tries(wish: Wish, device: NamedDevice) -> Iterator[tuple[int, int]]:
    """Yield rate and channels to try, most wanted first, each once."""
    rates = dict.fromkeys(rate or device.public.rate for rate in wish.rates)
    channels = dict.fromkeys(count or device.channels(wish.direction) for count in wish.channels)
    return product(rates, channels)


shared = PortAudio()
"""The process's PortAudio: there can be only one."""
