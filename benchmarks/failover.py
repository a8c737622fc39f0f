"""What it costs when a server of models fails, and what two give together.

Claims: where a server fails before its first word (it is not there, hangs after the headers, answers 500, resets the
connection), the reply of another begins within 0.5 s. In mid-reply the gap is at most 0.3 s longer than that server's
first word takes, and the whole text is there once. Two equal servers answer at 1.8 times the pace of one.

    python -m benchmarks.failover
"""

import asyncio
import itertools
import os
import tempfile
import time
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

from assistant import TextDelta
from assistant.serving import Generation
from tests.routing.models import TEXT
from tests.routing.servers import ModelServer
from tests.routing.test_servers import ASKED, CUTS, MID_CUTS, generation, house

PATIENCE = 4.5
"""Seconds without progress after which a voice turn gives up, as by default."""


async def times(asked: Generation) -> tuple[str, list[float]]:
    """Return a reply, and when it was asked for and each of its pieces came."""
    text, at = "", [time.perf_counter()]
    async with aclosing(asked.reply(asked.named("best", ASKED), ASKED)) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                text += delta.text
                at.append(time.perf_counter())
    assert text == TEXT, text
    return text, at


async def cut(home: Path, fails: object, at: int) -> list[float]:
    """Return the gaps of a reply whose first server fails, once it is known how fast it is."""
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(ModelServer.running(pace=0.005)) for _ in range(2)]
        here = await stack.enter_async_context(house(home, first, second, route="model: [s0/large, s1/large]"))
        asked = generation(here, PATIENCE)
        for _ in range(3):
            await times(asked)
        if fails is None:
            await first.kill()
        else:
            first.fails, first.at = fails, at  # type: ignore[assignment]
        _, told = await times(asked)
        if fails is None:
            await first.start()
    return [after - before for before, after in itertools.pairwise(told)]


async def pace(home: Path, servers: int) -> float:
    """Return the replies a second of so many servers, each of which writes one at a time."""
    async with AsyncExitStack() as stack:
        several = [await stack.enter_async_context(ModelServer.running(pace=0.005)) for _ in range(servers)]
        route = f"model: [[{', '.join(f's{n}/large' for n in range(servers))}]]"
        here = await stack.enter_async_context(house(home, *several, route=route, parallel=1))
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
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INGLENOOK_HOME"] = folder
        home = Path(folder)
        for how, fails in {"is not there": None, **CUTS}.items():
            print(f"before the first word, {how}: begins after {(await cut(home, fails, 0))[0]:.3f} s")
        for how, fails in MID_CUTS.items():
            print(f"in mid-reply, {how}: longest gap {max((await cut(home, fails, 31))[1:]):.3f} s")
        alone, both = await pace(home, 1), await pace(home, 2)
        print(f"replies a second: one server {alone:.1f}, two {both:.1f}, ratio {both / alone:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
