"""How long a reply takes that was given before (`http.cache`).

Claim: 2 ms at most (p50), all checks of the door included. Beside it the same request with `cache` off, of a model that
takes no time; the same question put otherwise, which MiniLM compares (`http.cache.embed`); one whose words agree with
those of no other, which nobody compares; and the p99 of each, which tells how busy the machine is; the best of five
rounds each. Door and client are in one process, so that the client's work is counted.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import assistant_minilm

from assistant import Capabilities, ChatDelta, ChatRequest, Done, Kind, TextDelta
from assistant.config import HttpConfig
from assistant.engines import EngineConfig
from assistant.events import EventBus
from assistant.http import rest
from assistant.http.app import make_app, serve
from assistant.models.pool import Model, Pool
from assistant.serving import Cache, Embedding, Generation, Likeness, Names
from assistant.testing import fake_spec, model_path

KEY = "the key of the benchmark"
REQUESTS, ROUNDS, KEPT = 1000, 5, 2000
PUT_OTHERWISE = 200
"""Requests of a round whose questions are compared: each takes longer than the others."""
ASKED, OTHERWISE = "How do I get to house number {} by bus?", "How can I get to house number {} by bus, please?"
WORDS = "word " * 200


class Quick:
    """Writes two hundred words at once."""

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield them."""
        yield TextDelta(WORDS)
        yield Done("stop")

    async def warm(self, request: ChatRequest) -> None:
        """Do nothing."""


async def timed(session: aiohttp.ClientSession, number: int, cache: bool) -> float:
    """Return the seconds of a request; raise where it is not answered as it should be."""
    parameters = {"temperature": 0, "cache": cache}
    body: dict[str, Any] = {"inputs": f"{WORDS} {number}", "parameters": parameters}
    began = time.perf_counter()
    async with session.post("/api/inference/orchestrated", json=body) as answer:
        said = await answer.json()
    seconds = time.perf_counter() - began
    if said["text"] != WORDS or said["cached"] != cache:
        raise SystemExit(f"not what was asked for: {said}")
    return seconds


async def asked(session: aiohttp.ClientSession, question: str) -> tuple[float, dict[str, Any]]:
    """Return the seconds of a question, and the answer."""
    began = time.perf_counter()
    body: dict[str, Any] = {"inputs": question, "parameters": {"temperature": 0}}
    async with session.post("/api/inference/", json=body) as answer:
        said = await answer.json()
    return time.perf_counter() - began, said


async def like(session: aiohttp.ClientSession, number: int) -> float:
    """Return the seconds of a question that was asked before, put otherwise; raise where it is not found."""
    seconds, said = await asked(session, OTHERWISE.format(number))
    if said["like"]["question"] != ASKED.format(number):
        raise SystemExit(f"not what was asked for: {said}")
    return seconds


async def unlike(session: aiohttp.ClientSession, number: int) -> float:
    """Return the seconds of a question that nobody asked before; raise where it is found."""
    seconds, said = await asked(session, f"How do I get to street number {number} by bus?")
    if said["cached"]:
        raise SystemExit(f"not what was asked for: {said}")
    return seconds


def tell(what: str, rounds: list[list[float]]) -> None:
    """Print the best of some rounds."""
    p99 = min(statistics.quantiles(one, n=100)[98] for one in rounds)
    p50 = min(statistics.median(one) for one in rounds)
    print(f"{what}: p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms")


async def main() -> None:
    """Fill the memory, ask for what is in it, and tell how long that took."""
    [minilm] = assistant_minilm.assistant_engines()
    placing = minilm.config(model=model_path("all-minilm-l6-v2"))
    models = {
        "quick": Model("quick", fake_spec("quick", Kind.CHAT, Quick()), EngineConfig(), Capabilities()),
        "meaning": Model("meaning", minilm, placing, minilm.describe(placing)),
    }
    pool = Pool(models, _same)
    names = Names(pool.status, {})
    likeness = Likeness(Embedding(pool, names, 16), "meaning", HttpConfig().cache.likeness)
    await pool.open("meaning")
    generation = Generation(pool, names, 16, 120.0, cache=Cache(20_000_000, 3600.0), likeness=likeness)
    config = HttpConfig(port=0, key=KEY)
    app = make_app(config, EventBus(), dict, {}, rest.routes(generation, Embedding(pool, names, 16)))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        serve(app, config) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session,
    ):
        for number in range(KEPT):
            async with session.post(
                "/api/inference/", json={"inputs": f"{WORDS} {number}", "parameters": {"temperature": 0}}
            ):
                pass
        for what, cache in (("kept", True), ("written", False)):
            rounds = [[await timed(session, n, cache) for n in range(REQUESTS)] for _ in range(ROUNDS)]
            tell(what, rounds)
        print(f"{KEPT} replies of {len(WORDS)} bytes take {generation.cache.used / 1e6:.1f} MB")
        for number in range(PUT_OTHERWISE):
            await asked(session, ASKED.format(number))
        tell("put otherwise", [[await like(session, n) for n in range(PUT_OTHERWISE)] for _ in range(ROUNDS)])
        tell("never asked", [[await unlike(session, r * 1000 + n) for n in range(REQUESTS)] for r in range(ROUNDS)])
    await pool.close()


def _same(config: EngineConfig) -> EngineConfig:
    return config


if __name__ == "__main__":
    asyncio.run(main())
