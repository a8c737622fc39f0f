"""Microphone and speaker by PyAudio: engines `pyaudio-source` and `pyaudio-sink`."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from assistant import Capabilities, EngineConfig, EngineSpec, EngineUnavailable, Kind, hookimpl

if TYPE_CHECKING:
    from assistant_pyaudio.microphone import Microphone
    from assistant_pyaudio.speaker import Speaker

__all__ = ["SinkConfig", "SourceConfig"]

Rate = Annotated[int, Meta(ge=4_000, le=384_000)]
Channels = Annotated[int, Meta(ge=1, le=32)]


class SourceConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `pyaudio-source`."""

    device: str = "default"
    """The microphone's name as `assistant devices` shows it, or a part of it that fits no other; `default` for the
    system's choice. A part without the card's number stays right when the device is plugged in elsewhere."""
    channel: Annotated[int, Meta(ge=0)] | None = None
    """Which channel of an array to listen to, counted from 0; without it one channel is opened, or the mean is taken
    where the device insists on several."""
    channels: Channels | None = None
    """How many channels to open; without it one, or with `channel` all that the device has."""
    rate: Rate | None = None
    """Hertz to open the device at; without it 16000, or the first of its own, 48000 and 44100 that works."""
    chunk: Annotated[float, Meta(ge=0.01, le=0.1)] = 0.032
    """Seconds of sound handed on at once; by default as much as a voice activity detector looks at at once."""


class SinkConfig(EngineConfig, frozen=True, kw_only=True):
    """Options of the engine `pyaudio-sink`."""

    device: str = "default"
    """The speaker's name as `assistant devices` shows it, or a part of it that fits no other; `default` for the
    system's choice."""
    rate: Rate | None = None
    """Hertz to open the device at; without it 48000, or the first of its own, 44100 and 16000 that works."""


@asynccontextmanager
async def open_source(config: SourceConfig) -> AsyncGenerator["Microphone", None]:
    """Start PortAudio; the microphone itself is opened by `capture`."""
    with _library():
        from assistant_pyaudio.microphone import Microphone
        from assistant_pyaudio.portaudio import shared
    async with shared.used() as portaudio:
        yield Microphone(portaudio, config)


@asynccontextmanager
async def open_sink(config: SinkConfig) -> AsyncGenerator["Speaker", None]:
    """Start PortAudio; the speaker itself is opened by each answer, which takes a few milliseconds."""
    with _library():
        from assistant_pyaudio.portaudio import shared
        from assistant_pyaudio.speaker import Speaker
    async with shared.used() as portaudio:
        yield Speaker(portaudio, config)


@contextmanager
def _library() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise EngineUnavailable(f"PyAudio cannot be loaded: {error}", hint="apt-get install libportaudio2") from None


@hookimpl
def assistant_engines() -> list[EngineSpec[Any, Any]]:
    """Offer the engines."""
    return [
        EngineSpec(
            name="pyaudio-source",
            kind=Kind.SOURCE,
            config=SourceConfig,
            describe=lambda _: Capabilities(),
            open=open_source,
        ),
        EngineSpec(
            name="pyaudio-sink", kind=Kind.SINK, config=SinkConfig, describe=lambda _: Capabilities(), open=open_sink
        ),
    ]
