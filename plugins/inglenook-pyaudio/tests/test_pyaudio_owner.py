"""Calls to PortAudio that do not come back, as where the sound server goes away in the midst of one."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from assistant_pyaudio.owner import Hung, Owner
from assistant_pyaudio.portaudio import PortAudio, Stream, Wish

from assistant import DeviceError


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


class Stuck(Stream):
    """A stream that hangs while it is started."""

    def __init__(self, released: threading.Event) -> None:
        super().__init__(Wish("output", "default", (48_000,), (1,), 0.02), lambda form: lambda *_: (None, 0))
        self.released = released
        self.closed = False

    def start(self) -> None:
        self._stream = self
        self.released.wait()

    def close(self) -> None:
        self.closed = self._stream is not None


async def test_a_stream_that_hangs_is_left_and_the_next_call_has_another_thread(released: threading.Event) -> None:
    portaudio, stream = PortAudio(), Stuck(released)
    portaudio._owner = Owner(patience=0.2)
    with pytest.raises(DeviceError, match="does not answer"):
        await portaudio.start(stream)
    async with asyncio.timeout(5):
        await portaudio.close(stream)
    assert not stream.closed, "what the call still uses is not freed"


async def test_who_waits_behind_a_call_that_hangs_is_told_as_well(released: threading.Event) -> None:
    owner = Owner(patience=0.2)
    late = threading.Event()
    calls = [asyncio.create_task(owner.do(call)) for call in (released.wait, late.set)]
    await asyncio.wait(calls)
    assert [type(call.exception()) for call in calls] == [Hung, Hung]
    released.set()
    assert await owner.do(lambda: True)
    assert not late.is_set(), "what was given up is not done after all"


async def test_who_is_cancelled_at_a_call_that_hangs_leaves_the_next_another_thread(
    released: threading.Event,
) -> None:
    portaudio, stream = PortAudio(), Stuck(released)
    portaudio._owner = hung = Owner(patience=0.2)
    starting = asyncio.create_task(portaudio.start(stream))
    await asyncio.sleep(0.05)
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled() and portaudio._owner is not hung


async def test_who_is_cancelled_waits_for_the_call_but_not_for_ever(released: threading.Event) -> None:
    owner, done = Owner(patience=0.5), threading.Event()

    def brief() -> None:
        released.wait(0.2)
        done.set()

    short = asyncio.create_task(owner.do(brief))
    await asyncio.sleep(0.05)
    short.cancel()
    await asyncio.wait({short})
    assert short.cancelled() and done.is_set()
    long = asyncio.create_task(owner.do(released.wait))
    await asyncio.sleep(0.05)
    long.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({long})
    assert long.cancelled()


async def test_what_fails_in_the_thread_fails_for_the_asker() -> None:
    owner = Owner()
    with pytest.raises(ZeroDivisionError):
        await owner.do(lambda: 1 // 0)
    assert await owner.do(lambda: 5) == 5
