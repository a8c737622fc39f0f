"""A sound card made of nothing: a private sound server whose devices are null sinks, for the demo and for tests.

Whatever is played into a microphone is what programs record from it, in real time; whatever they play on a speaker can
be recorded. It needs no hardware and no session, works for root, and does not meet a PulseAudio or PipeWire that runs.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from assistant.audio import SPEECH, AudioChunk
from assistant.errors import DeviceError
from assistant.soundcard.card import MICROPHONE, SPEAKER, Port, SoundCard
from assistant.soundcard.pipewire import PIPEWIRE
from assistant.soundcard.pulseaudio import PULSEAUDIO
from assistant.soundcard.room import Room
from assistant.soundcard.server import Processes, Server, printed, until

__all__ = ["Port", "Room", "SoundCard", "sound_card"]


@asynccontextmanager
async def sound_card() -> AsyncGenerator[SoundCard, None]:
    """Start a card on PulseAudio where it is installed, on PipeWire elsewhere, and end it with the context.

    Raises DeviceError where neither is installed, and where the one that was chosen does not start.
    """
    server = _chosen()
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="inglenook-sound-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        running = await stack.enter_async_context(AsyncExitStack())

        async def restart() -> None:
            await running.aclose()
            await running.enter_async_context(server.run(folder))

        try:
            processes = await running.enter_async_context(server.run(folder))
            card = SoundCard(folder, server.name, restart)
            await _prepare(card, processes)
        except DeviceError as error:
            raise DeviceError(str(error), hint=error.hint or printed(folder)) from None
        yield card


def _chosen() -> Server:
    for server in (PULSEAUDIO, PIPEWIRE):
        if server.installed():
            return server
    hinted = PIPEWIRE if shutil.which("pipewire") else PULSEAUDIO  # Debian's packages of the two conflict
    packages = f"{hinted.packages} pulseaudio-utils libasound2-plugins"
    raise DeviceError("neither PulseAudio nor PipeWire is installed whole", hint=f"apt-get install {packages}")


async def _prepare(card: SoundCard, processes: Processes) -> None:
    """Plug the ports in and play a moment of silence, for a PipeWire that links nothing takes it and waits for ever."""

    async def play() -> None:
        await card.plug(MICROPHONE)
        await card.plug(SPEAKER)
        await card.speak([AudioChunk(bytes(SPEECH.size(0.01)), SPEECH)])

    playing = asyncio.create_task(play())
    try:
        await until(playing.done, f"{card.server} plays nothing", processes)
        await playing
    finally:
        playing.cancel()
        await asyncio.wait({playing})
