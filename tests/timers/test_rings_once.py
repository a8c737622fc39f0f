"""A thousand timers, while the daemon is killed, the machine sleeps or loses its power, and its clock is set.

Each rings once, and in time.
"""

import asyncio
import random
from pathlib import Path

import pytest

from assistant.events import EventType
from assistant.testing import run_in_virtual_time
from assistant.timers import Timer
from tests.timers.world import World

DAY = 86_400.0
TIMERS = 1000
LATE = 0.5
"""Seconds within which each rings."""


class Ordeal:
    """Sets timers, and does to the machine what may happen to one."""

    def __init__(self, file: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World(file, most=TIMERS)
        self.due: dict[int, float] = {}
        self.rang: dict[int, float] = {}
        self.right: list[tuple[float, float]] = []
        self.did: dict[str, int] = {}

    async def run(self) -> None:
        while len(self.rang) < TIMERS:
            begun = self.world.true
            async with self.world.daemon() as timers:
                for timer in timers.ringing():  # the power failed before anybody was told
                    self.rang.setdefault(timer.id, self.world.true)
                told = len(self.world.events)
                until = self.world.true + self.chance.uniform(5, 150)
                if not self.world.set:
                    await asyncio.sleep(self.chance.uniform(1, 40))
                    self.world.set, self.world.wall_off = True, self.world.wall_off + self.unset
                    begun = self.world.true
                    if self.chance.random() < 0.5:  # else it is killed, or something is set, before it has seen that
                        await asyncio.sleep(LATE)
                while self.world.true < until:
                    await self.step(timers)
                    if self.chance.random() < 0.01:
                        self.right.append((begun, self.world.true))
                        self.world.slept += self.chance.uniform(1, 300)
                        self.count("suspended")
                        begun = self.world.true
                self.right.append((begun, self.world.true))
            for event, stamp in zip(self.world.events[told:], self.world.stamps[told:], strict=True):
                if event.type == EventType.TIMER_FINISHED:
                    assert event.data["timer"] not in self.rang, "it rings twice"
                    self.rang[event.data["timer"]] = stamp
            await self.fail()

    async def step(self, timers) -> None:
        if len(self.due) < TIMERS:
            seconds = self.chance.choice([self.chance.uniform(1, 60), self.chance.uniform(60, 2400)])
            timer = await timers.add(Timer(seconds=seconds))
            self.due[timer.id] = self.world.true + seconds
        if self.chance.random() < 0.02:
            await asyncio.sleep(0.5)  # nobody sets a clock wrongly in the moment in which it is set right
            jump = self.chance.choice([DAY, -DAY, 3600, -3600, 400 * DAY, -30.0, 1.0])
            self.world.wall_off += jump
            self.count("clock set")
            await asyncio.sleep(0.5)
        await timers.stop(timers.ringing()[:3])
        await asyncio.sleep(self.chance.expovariate(2))

    async def fail(self) -> None:
        """Let the daemon be killed, or the power fail, of a machine with a clock that goes on meanwhile, or without."""
        match self.chance.randrange(3):
            case 0:
                self.count("killed")
                await asyncio.sleep(self.chance.uniform(0, 20))
            case 1:
                self.count("power cut")
                await self.world.off(self.chance.uniform(5, 200))
            case 2:
                self.count("power cut without a clock")
                self.unset = self.chance.uniform(5, 200)
                await self.world.off(self.unset)
                self.world.set, self.world.wall_off = False, self.world.wall_off - self.unset

    def count(self, what: str) -> None:
        self.did[what] = self.did.get(what, 0) + 1

    def should(self, due: float) -> float:
        """Return when something that is due can surely ring: a daemon runs for a moment, and knows the time."""
        can = (max(due, begin) for begin, end in self.right if max(due, begin) + LATE < end)
        return next(can, self.right[-1][1])


@pytest.mark.parametrize("seed", [1, 2])
def test_each_rings_once_and_in_time(tmp_path: Path, seed: int) -> None:
    ordeal = Ordeal(tmp_path / "assistant.db", seed)
    run_in_virtual_time(ordeal.run())
    assert set(ordeal.rang) == set(ordeal.due)
    early = min(ordeal.rang[id_] - due for id_, due in ordeal.due.items())
    late = max(ordeal.rang[id_] - ordeal.should(due) for id_, due in ordeal.due.items())
    print(f"{TIMERS} timers; {ordeal.did}; earliest {early:+.3f} s, latest {late:+.3f} s")
    assert early >= -LATE
    assert late <= LATE
    assert len(ordeal.did) == 5
