"""How soon the daemon is alive and ready after its start, with the default models on disk.

Claim: `/healthz` answers within 1 s, `/readyz` says ready within 8 s once the files are in the page cache. The
microphone and speaker are files, so that the machine needs no sound card.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from assistant.audio import SPEECH, AudioChunk
from assistant.config import load
from assistant.demo import daemon_process, sound_settings
from assistant.wav import write_wav

RUNS = 5


async def start(folder: Path) -> tuple[float, float]:
    """Start a daemon; return the seconds to its first answer and to its readiness."""
    loaded = load()
    write_wav(folder / "in.wav", [AudioChunk(bytes(SPEECH.size(60)), SPEECH)])
    source = {"engine": "wav-source", "file": str(folder / "in.wav"), "realtime": "true"}
    sink = {"engine": "wav-sink", "file": str(folder / "out.wav")}
    began = time.perf_counter()
    settings = sound_settings(loaded.config, source, sink)
    async with daemon_process(loaded.config, None, settings) as daemon, aiohttp.ClientSession() as session:
        alive = 0.0
        while not alive:
            try:
                async with session.get(f"{daemon.url}/healthz"):
                    alive = time.perf_counter() - began
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)
        await daemon.ready(session)
        return alive, time.perf_counter() - began


def main() -> None:
    """Start it several times and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [asyncio.run(start(Path(folder))) for _ in range(RUNS + 1)]
    for name, at, limit in (("alive", 0, 1.0), ("ready", 1, 8.0)):
        median = statistics.median(run[at] for run in runs[1:])
        print(
            f"{name}: first {runs[0][at]:.2f} s, then median {median:.2f} s of {limit:g} s: "
            f"{'kept' if median <= limit else 'BROKEN'}"
        )


if __name__ == "__main__":
    main()
