"""Does each of a thousand timers ring once, and in time, in a daemon that is killed, and whose clock is set?

Claim: each rings once, and within 0.5 s: of when it is due, or where no daemon listens then, of when the next one does.

    .venv/bin/python benchmarks/timers.py [--timers 1000] [--seconds 90] [--kills 5]

The daemon is a process of its own with the default engines; microphone and speaker are files. The timers are put into
its database beforehand, as `assistant timers add` does without a daemon, because it takes no more than 100 at once.
What rings is read from its log, and stamped here. Meanwhile its wall clock, as `time.time` tells it, is set forward and
back by up to 400 days. Suspend and power cuts are left to the tests, in virtual time.
"""

import argparse
import asyncio
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from assistant.audio import SPEECH, AudioChunk
from assistant.config import load
from assistant.demo import sound_settings
from assistant.events import EventBus
from assistant.paths import data_folder
from assistant.state import State, state_file
from assistant.timers import Timer, Timers
from assistant.wav import write_wav

LATE = 0.5
NAMES = ("pizza", "tea", "eggs", "laundry", "bread")
FIRST = 15.0
"""Seconds until the first is due: the daemon listens by then."""
DEAD = (1.0, 6.0)
"""Seconds from a kill to the next start."""
JUMPS = (60.0, -60.0, 3600.0, -3600.0, 86_400.0, -86_400.0, 400 * 86_400.0)
"""Seconds by which the wall clock is wrong, one after the other."""
OFTEN = 0.3
"""How likely it is set in each second."""
WRONG_CLOCK = """
import os, time
from pathlib import Path

def wrong(right=time.time, off=Path(os.environ["WALL_CLOCK"])):
    return right() + float(off.read_text() or 0)

time.time = wrong
"""
"""Imported by the daemon's Python when it starts."""


@dataclass
class Life:
    """One daemon, in seconds since boot."""

    begun: float
    listens: float = float("inf")
    killed: float = float("inf")
    rang: list[tuple[int, float]] = field(default_factory=list)
    """Which timer rang, and when."""
    url: str = ""


def now() -> float:
    """Return the seconds since boot."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def fill(count: int, seconds: float, chance: random.Random) -> dict[int, float]:
    """Set the timers; return when each is due."""
    due = {}
    async with State(state_file()) as state:
        timers = Timers(state.timers, EventBus(), most=count)
        await timers.load()
        lengths = [chance.uniform(FIRST, FIRST + seconds) for _ in range(count)]
        begun = now()
        for length in lengths:
            set_at = now()
            timer = Timer(name=chance.choice(NAMES), seconds=max(1.0, begun + length - set_at), device="room")
            timer = await timers.add(timer)
            due[timer.id] = set_at + timer.seconds
    return due


async def follow(log: asyncio.StreamReader, life: Life) -> None:
    """Read what the daemon logs, to its end."""
    async for line in log:
        at, text = now(), line.decode()
        if found := re.search(r"timer (\d+) rings", text):
            life.rang.append((int(found[1]), at))
        elif found := re.search(r"listening on (\S+)", text):
            life.listens, life.url = at, found[1]
        elif "ERROR" in text or "Traceback" in text:
            print(text, end="", file=sys.stderr)


async def live(until: float, environment: dict[str, str], set_clock: Callable[[], object]) -> Life:
    """Run a daemon until a moment, and kill it; whoever is in the room silences it every second."""
    life = Life(now())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assistant", "run"), env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    reading = asyncio.create_task(follow(process.stderr, life))
    async with aiohttp.ClientSession() as session:
        while now() < until:
            await asyncio.sleep(1)
            if life.url:
                key = (state_file().parent / "api-key").read_text().strip()
                headers = {"Authorization": f"Bearer {key}"}
                with suppress(aiohttp.ClientError):
                    await session.post(f"{life.url}/api/timers/stop", headers=headers)
            set_clock()
    life.killed = now()
    process.kill()
    await process.wait()
    await reading
    return life


async def rings_on() -> set[int]:
    """Return what is stored as ringing: the daemon was killed before its log could say so, or anybody stopped it."""
    async with State(state_file()) as state:
        return {timer.id for timer in await state.timers.read() if timer.rang}


async def trial(arguments: argparse.Namespace, environment: dict[str, str], clock: Path) -> None:
    """Set, run, kill, run again; and print what became of the timers."""
    chance = random.Random(arguments.seed)

    def set_clock() -> None:
        if chance.random() < OFTEN:
            clock.write_text(str(chance.choice(JUMPS)))

    due = await fill(arguments.timers, arguments.seconds, chance)
    begin, end = min(due.values()), max(due.values())
    kills = sorted(chance.uniform(begin, end) for _ in range(arguments.kills))
    lives: list[Life] = []
    for until in (*kills, end + 20):
        life = await live(until, environment, set_clock)
        told = {id_ for one in (*lives, life) for id_, _ in one.rang}
        life.rang += [(id_, life.killed) for id_ in await rings_on() - told]
        lives.append(life)
        await asyncio.sleep(chance.uniform(*DEAD))
    report(due, lives)


def report(due: dict[int, float], lives: Sequence[Life]) -> None:
    """Print how often and how late they rang."""
    rang: dict[int, list[float]] = {id_: [] for id_ in due}
    for life in lives:
        for id_, at in life.rang:
            rang[id_].append(at)
    counts = [len(times) for times in rang.values()]
    print(f"{len(due)} timers, {len(lives) - 1} kills")
    print(f"rung once {counts.count(1)}, twice {sum(count > 1 for count in counts)}, never {counts.count(0)}")
    heard = {id_: times[0] for id_, times in rang.items() if times}
    print(f"earliest {min(at - due[id_] for id_, at in heard.items()):+.3f} s")
    for name, waited in (("due while a daemon listened", False), ("due while none did, from when one did", True)):
        lates = [at - can for id_, at in heard.items() if ((can := possible(due[id_], lives)) > due[id_]) is waited]
        if not lates:
            continue
        p99 = statistics.quantiles(lates, n=100, method="inclusive")[-1]
        print(
            f"{len(lates)} {name}: median {statistics.median(lates):.3f} s, p99 {p99:.3f} s, "
            f"latest {max(lates):.3f} s of {LATE} s: {'kept' if max(lates) <= LATE else 'BROKEN'}"
        )


def possible(due: float, lives: Sequence[Life]) -> float:
    """Return when one that is *due* can ring: a daemon listens, and is not killed at once."""
    return next(max(due, life.listens) for life in lives if max(due, life.listens) + LATE < life.killed)


def main() -> None:
    """Make a home of its own with the models of this one, and run the trial in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, data = Path(folder), data_folder().absolute()
        (home / "data").symlink_to(data)
        os.environ["INGLENOOK_HOME"] = folder
        config, silence, clock = load().config, home / "silence.wav", home / "clock"
        write_wav(silence, [AudioChunk(bytes(SPEECH.size(60)), SPEECH)])
        clock.write_text("0")
        source = {"engine": "wav-source", "file": str(silence), "realtime": "true"}
        sink = {"engine": "wav-sink", "file": str(home / "rings.wav")}
        environment = os.environ | sound_settings(config, source, sink)
        environment |= {"INGLENOOK__HTTP__PORT": "0", "INGLENOOK__LOG__LEVEL": "info", "PYTHONUNBUFFERED": "1"}
        (home / "sitecustomize.py").write_text(WRONG_CLOCK)
        environment |= {"PYTHONPATH": folder, "WALL_CLOCK": str(clock)}
        asyncio.run(trial(arguments, environment, clock))


if __name__ == "__main__":
    main()
