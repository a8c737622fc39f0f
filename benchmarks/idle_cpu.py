"""What the whole daemon takes while it waits for its wake word, in a silent room and beside people who talk.

Claim: at most 3 % of a core in silence and 12 % in speech, and that for everything: PyAudio, event loop, wake words.
The microphone is a null sink of a private PulseAudio; the speech is what the default voice reads.
"""

import asyncio
import os
import time
from contextlib import aclosing
from pathlib import Path

import aiohttp

from assistant.assembly import assemble
from assistant.audio import SPEECH, AudioChunk
from assistant.cli.say import said
from assistant.config import load
from assistant.convert import converted
from assistant.demo import DaemonProcess, daemon_process, sound_settings
from assistant.soundcard import sound_card
from assistant.speech import Voice

SECONDS = 20.0
SETTLING = 12.0  # the gate needs some seconds to know the room
TEXT = "The weather was fine yesterday, and we went to the market to buy bread, apples and a bunch of flowers. "


def taken(daemon: DaemonProcess) -> float:
    """Return the CPU seconds that the daemon has taken so far."""
    fields = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(daemon: DaemonProcess) -> float:
    """Return the daemon's resident memory in MB."""
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def speech() -> list[AudioChunk]:
    """Return about a minute of speech in which nobody is called."""
    async with assemble(load()) as assembly, aclosing(said(assembly, TEXT * 8, "tts", Voice())) as chunks:
        return [chunk async for chunk in converted(chunks, SPEECH)]


async def main() -> None:
    """Measure a fresh daemon in both rooms."""
    loaded, talk = load(), await speech()
    source = {"engine": "pyaudio-source", "device": "microphone"}
    sink = {"engine": "pyaudio-sink", "device": "speaker"}
    async with sound_card() as card:
        settings = {**card.environment, **sound_settings(loaded.config, source, sink)}
        async with daemon_process(loaded.config, None, settings) as daemon, aiohttp.ClientSession() as session:
            await daemon.ready(session)
            await asyncio.sleep(SETTLING)
            for room, limit, doing in (("silence", 3, asyncio.sleep(SECONDS)), ("speech", 12, card.speak(talk))):
                before, began = taken(daemon), time.perf_counter()
                await doing
                share = 100 * (taken(daemon) - before) / (time.perf_counter() - began)
                print(f"{room}: {share:.2f} % of a core, of {limit} %: {'kept' if share <= limit else 'BROKEN'}")
            print(f"resident with all default engines: {resident(daemon):.0f} MB")


if __name__ == "__main__":
    asyncio.run(main())
