"""What it costs when a server of models fails, and what two give together.

Claims: where a server fails before its first word (it is not there, hangs after the headers, answers 500, resets the
connection), the reply of another begins within 0.5 s. In mid-reply the gap is at most 0.3 s longer than that server's
first words take, with tools and without, and the whole text is there once. Two equal servers answer at 1.8 times the
pace of one.

    python -m benchmarks.failover

The servers are counted as those of other machines, of which one that stalls is no sign of a busy one here. Of each case
the middle one of several is shown, and the worst.
"""

import asyncio
import itertools
import logging
import os
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

from assistant import ChatRequest, TextDelta
from assistant.serving import Generation
from tests.routing.models import TEXT
from tests.routing.servers import ModelServer
from tests.routing.test_servers import ASKED, CUTS, MID_CUTS, TOOLS, generation, house

PATIENCE = 4.5
"""Seconds without progress after which a voice turn gives up, as by default."""
TIMES = 3
"""How often each case is tried."""
BEGINS = 0.5
"""Seconds within which the reply of another begins."""
GAP = 0.3
"""Seconds that a gap in mid-reply is longer than the first words of the other take."""
RATIO = 1.8
"""How many times as fast as one two servers are."""


async def times(asked: Generation, request: ChatRequest = ASKED, name: str = "best") -> list[float]:
    """Return when a reply was asked for and each of its pieces came."""
    text, at = "", [time.perf_counter()]
    async with aclosing(asked.reply(asked.named(name, request), request)) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                text += delta.text
                at.append(time.perf_counter())
    assert text == TEXT, text
    return at


async def cut(home: Path, fails: object, at: int, request: ChatRequest = ASKED) -> tuple[list[float], float]:
    """Return the gaps of a reply whose first server fails, and the seconds to the first words of the second.

    It is known how fast the first one is.
    """
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(ModelServer.running(pace=0.005)) for _ in range(2)]
        route = "model: [s0/large, s1/large]"
        here = await stack.enter_async_context(house(home, first, second, route=route, away=True))
        asked = generation(here, PATIENCE)
        for _ in range(3):
            await times(asked, request)
        alone = [await times(asked, request, "s1/large") for _ in range(3)]
        if fails is None:
            await first.kill()
        else:
            first.fails, first.at = fails, at  # type: ignore[assignment]
        told = await times(asked, request)
        if fails is None:
            await first.start()
    return [after - before for before, after in itertools.pairwise(told)], min(one[1] - one[0] for one in alone)


async def before(home: Path, how: str, fails: object) -> None:
    """Print how late a reply begins whose first server fails."""
    took = [(await cut(home, fails, 0))[0][0] for _ in range(TIMES)]
    print(f"before the first word, {how}: begins after {_told(took)} (claim: {BEGINS} s)")


async def amid(home: Path, how: str, fails: object, request: ChatRequest = ASKED) -> None:
    """Print how long nothing comes of a reply whose first server fails in the middle."""
    told = [await cut(home, fails, 31, request) for _ in range(TIMES)]
    first = statistics.median(first for _, first in told)
    gaps = [max(gaps[1:]) for gaps, _ in told]
    print(f"in mid-reply, {how}: longest gap {_told(gaps)} (claim: {first:.3f} + {GAP} s)")


def _told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.3f} s, at worst {max(seconds):.3f} s"


async def pace(home: Path, servers: int) -> float:
    """Return the replies a second of so many servers, each of which writes one at a time."""
    async with AsyncExitStack() as stack:
        several = [await stack.enter_async_context(ModelServer.running(pace=0.005)) for _ in range(servers)]
        route = f"model: [[{', '.join(f's{n}/large' for n in range(servers))}]]"
        here = await stack.enter_async_context(house(home, *several, route=route, traits="parallel: 1"))
        asked, gate = generation(here, 60.0), asyncio.Semaphore(8)
        await times(asked)

        async def one() -> None:
            async with gate:
                await times(asked)

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(32)))
        return 32 / (time.perf_counter() - began)


async def main() -> None:
    """Print all of it."""
    logging.disable(logging.WARNING)  # each case warns, as it should
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INGLENOOK_HOME"] = folder
        home = Path(folder)
        for how, fails in {"is not there": None, **CUTS}.items():
            await before(home, how, fails)
        for how, fails in MID_CUTS.items():
            await amid(home, how, fails)
        await amid(home, "hangs, with tools", MID_CUTS["hangs"], TOOLS)
        alone, both = await pace(home, 1), await pace(home, 2)
        print(f"replies a second: one server {alone:.1f}, two {both:.1f}, ratio {both / alone:.2f} (claim: {RATIO})")


if __name__ == "__main__":
    asyncio.run(main())
