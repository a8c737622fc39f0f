"""Claim: the microphone loses nothing while every core is loaded.

A tone of known length is played in real time into a null sink of PulseAudio or PipeWire, and `pyaudio-source` captures
it while one busy loop for each core (or `--busy N`) competes for the CPU. Lost chunks are the difference between the
time that passed on the clock and the sound that arrived; what is missing of the tone was lost or torn on the way.

    python benchmarks/microphone_loss.py [--seconds 30] [--busy N]
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing

import numpy as np

from assistant.audio import AudioChunk
from assistant.plugins import Plugins
from assistant.soundcard import SoundCard, sound_card
from assistant.testing import tone


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Load *count* cores."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


async def captured(seconds: float, count: int) -> list[AudioChunk]:
    """Capture for *seconds* while a tone sounds from one second on to one second before the end."""
    spec = Plugins.load().engine("pyaudio-source", "this benchmark")
    chunks: list[AudioChunk] = []
    async with sound_card() as card:
        os.environ.update(card.environment)
        async with spec.open(spec.config(device="microphone")) as source, aclosing(source.capture()) as capture:
            chunks.append(await anext(capture))
            speaking = asyncio.create_task(speak(card, seconds - 2))
            with busy(count):
                async for chunk in capture:
                    chunks.append(chunk)
                    if chunk.end - chunks[0].timestamp >= seconds:
                        break
            await speaking
    return chunks


async def speak(card: SoundCard, seconds: float) -> None:
    """Play a tone into the microphone, after a second of silence."""
    await asyncio.sleep(1)
    await card.speak([tone(1.0)] * round(seconds))


def report(chunks: list[AudioChunk], spoken: float) -> float:
    """Print what came of what was to come; return the seconds that were lost."""
    chunk = chunks[0].duration
    passed = chunks[-1].end - chunks[0].timestamp
    expected = round(passed / chunk)
    sound = np.abs(np.frombuffer(b"".join(c.audio for c in chunks), "<i2").astype(np.float32))
    parts = sound[: sound.size // 160 * 160].reshape(-1, 160)
    heard = int((parts.max(axis=1) > 1000).sum()) / 100  # hundredths of a second with the tone in them
    lost = max(0, expected - len(chunks))
    print(f"chunks of {chunk * 1000:.0f} ms  captured {len(chunks)}  expected {expected}  lost {lost}")
    print(f"tone  heard {heard:.2f} s of {spoken:.2f} s")
    return lost * chunk


def main() -> int:
    """Run it and return 1 where sound was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30, help="how long to listen")
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, help="busy loops beside it")
    arguments = parser.parse_args()
    print(f"{arguments.busy} busy loops on {os.cpu_count()} cores, {arguments.seconds:.0f} s")
    chunks = asyncio.run(captured(arguments.seconds, arguments.busy))
    return int(report(chunks, round(arguments.seconds - 2)) > 0)


if __name__ == "__main__":
    sys.exit(main())
