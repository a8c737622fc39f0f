"""How soon a reply is silent once somebody talks into it, and how often it is lowered or ended although nobody does.

Claims: the sound stops within 100 ms (p95) of the decision, and the assistant's own voice ends no reply of its own.

    .venv/bin/python -m benchmarks.barge_in [--turns 10] [--replies 6]

First in computed rooms, in virtual time, where replies play and nobody speaks. Then on a sound card of null sinks in
a room, whose speaker is listened to at its monitor: the time holds what PortAudio, ALSA and the sound server have
taken ahead, and what the monitor itself is late. The chat model's words come from a script, so that replies are long.
"""

import argparse
import asyncio
import logging
import os
import statistics
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from assistant import TurnEvent
from assistant.pipeline.playback import Playback
from assistant.soundcard import Room, SoundCard, sound_card
from assistant.testing import FakeChat, run_in_virtual_time
from tests.e2e.house import DEVICES, house, listening
from tests.e2e.test_barge_in import CALL, STORY
from tests.e2e.test_recordings import spoken

INTERRUPTION = "Wait a moment. Tell me another story."
BLOCK = 0.02  # seconds
PAUSE = 0.3  # seconds without sound that are no pause between two words
ROOMS = [Room(0.2, 0.05, 0.3), Room(0.5, 0.1, 0.3), Room(1.0, 0.15, 0.5)]


class Decisions(logging.Handler):
    """Notes when the pipeline decided that a reply ends."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.times: list[float] = []
        log = logging.getLogger("assistant.pipeline.interruption")
        log.addHandler(self)
        log.setLevel(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        """Note the time; nothing else is logged there at this level."""
        self.times.append(asyncio.get_running_loop().time())


@asynccontextmanager
async def heard(card: SoundCard) -> AsyncGenerator[list[float], None]:
    """Yield the growing list of moments at which the speaker's monitor gave a block with sound."""
    options = ["--latency-msec=20", "--raw", "--format=s16le", "--rate=48000", "--channels=1"]
    parec = await asyncio.create_subprocess_exec(
        "parec",
        "--device=speaker.monitor",
        *options,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **card.environment},
    )
    assert parec.stdout is not None
    output, times = parec.stdout, list[float]()

    async def listen() -> None:
        while True:
            block = await output.readexactly(2 * round(BLOCK * 48_000))
            if np.abs(np.frombuffer(block, "<i2")).max() > 50:
                times.append(asyncio.get_running_loop().time())

    task = asyncio.create_task(listen())
    try:
        yield times
    finally:
        task.cancel()
        parec.terminate()
        await parec.wait()


async def stops(folder: Path, turns: int) -> list[float]:
    """Return the seconds from each decision to the last sound that was heard."""
    call, interruption = await spoken(CALL), await spoken(INTERRUPTION)
    decisions, events = Decisions(), list[TurnEvent]()
    async with sound_card() as card, card.echo(Room()), heard(card) as sound:
        os.environ.update(card.environment)
        async with listening(folder, DEVICES, FakeChat([STORY] * 99), events):
            await card.speak(call)
            for _ in range(turns):
                begun = len(sound)
                while len(sound) < begun + 2.5 / BLOCK:  # noqa: ASYNC110 - the reply has come some way
                    await asyncio.sleep(0.1)
                await card.speak(interruption)
            await asyncio.sleep(1)
    return [_last(sound, at) - at for at in decisions.times]


def _last(sound: list[float], at: float) -> float:
    """Return the last moment of the sound that was under way at a moment."""
    before = [time for time in sound if time <= at]
    last = before[-1] if before and at - before[-1] < PAUSE else at
    for time in (time for time in sound if time > at):
        if time - last > PAUSE:
            break
        last = time
    return last


async def alone(folder: Path, room: Room, replies: int) -> tuple[float, int, int]:
    """Return the minutes of replies that nobody talked into, how often they were lowered, and how many were ended."""
    call = await spoken(CALL)
    with mock.patch.object(Playback, "duck", autospec=True, side_effect=Playback.duck) as ducked:
        async with house(folder, room, [STORY] * 99) as home:
            for count in range(replies):
                await asyncio.sleep(1)
                home.say(call)
                await home.until(turns=count + 1)
    blocks = np.abs(home.speaker.air.part(0, 16_000 * 600)).reshape(-1, 320).max(axis=1)
    return float((blocks > 50).sum()) / 50 / 60, ducked.call_count, replies - home.outcomes.count("answered")


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--replies", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for room in ROOMS:
            minutes, ducked, ended = run_in_virtual_time(alone(Path(folder), room, options.replies))
            print(
                f"{room}: {minutes:.1f} minutes of its own voice: lowered {ducked / minutes:.1f} times a minute, "
                f"{ended} of {options.replies} replies ended"
            )
        found = sorted(1000 * seconds for seconds in asyncio.run(stops(Path(folder), options.turns)))
    print(f"{len(found)} replies were talked into on devices; from the decision to the last sound:")
    p95 = found[min(len(found) - 1, round(0.95 * (len(found) - 1)))]
    print(f"p50 {statistics.median(found):.0f} ms, p95 {p95:.0f} ms, longest {found[-1]:.0f} ms (claim: p95 100 ms)")


if __name__ == "__main__":
    main()
