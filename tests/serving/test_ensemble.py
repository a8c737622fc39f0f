"""How many of an ensemble work at once, and that nobody goes on working for who went away."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from assistant import Capabilities, ChatDelta, ChatMessage, ChatRequest, Done, Kind, TextDelta
from assistant.engines import EngineConfig
from assistant.models.pool import Model, Pool
from assistant.serving import Embedding, Generation, Names
from assistant.serving.ensemble import Budget, Ensemble
from assistant.testing import fake_spec, run_in_virtual_time

HELLO = ChatRequest((ChatMessage.of("user", "Hello."),))


@dataclass
class Counting:
    """Takes a second, and counts who asks at once."""

    now: int = 0
    most: int = 0
    asked: int = 0

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        self.now, self.asked = self.now + 1, self.asked + 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(1)
            yield TextDelta("x")
            yield Done("stop")
        finally:
            self.now -= 1

    async def warm(self, request: ChatRequest) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize("leaves", [False, True])
def test_four_work_at_once_and_none_for_who_went_away(leaves: bool) -> None:
    async def main() -> None:
        engine = Counting()
        spec = fake_spec("counting", Kind.CHAT, engine)
        pool = Pool({"chat": Model("chat", spec, EngineConfig(), Capabilities(parallel=8))}, lambda config: config)
        names = Names(pool.status, {})
        ensemble = Ensemble(Generation(pool, names, 16, 60.0), Embedding(pool, names, 16))
        task = asyncio.create_task(ensemble.ask(["chat"] * 8, HELLO, Budget()))
        if leaves:
            await asyncio.sleep(0.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            assert [member.answer and member.answer.text for member in await task] == ["x"] * 8
        await pool.close()
        assert (engine.now, engine.most, engine.asked) == (0, 4, 4 if leaves else 8)

    run_in_virtual_time(main())
