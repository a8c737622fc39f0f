"""Chat models that write a known text and stop, hang or fail where they are told; in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from assistant import Capabilities, ChatDelta, ChatMessage, ChatRequest, Done, Kind, Priority, TextDelta, ToolCall
from assistant.engines import EngineConfig
from assistant.host import Candidate
from assistant.models.pool import Model, Pool
from assistant.routing import Health, Relay, Route, Routing
from assistant.testing import fake_spec

TEXT = "The capital of Italy is Rome. It lies on the Tiber, and about 2.8 million people live there."
ASKED = ChatRequest((ChatMessage.of("user", "Tell me about Rome."),), max_tokens=100)


def said_before(messages: Sequence[tuple[str, str]]) -> str:
    """Return what a model is to go on with: the last message, or the one before the order to go on."""
    ends = [text for role, text in messages[-2:] if role == "assistant"]
    ordered = messages[-1][1].startswith("Go on with your last message")
    return ends[0] if ends and (messages[-1][0] == "assistant" or ordered) else ""


@dataclass
class Writer:
    """Writes `TEXT`, or the rest of it where the request ends with its beginning."""

    fails: Exception | float | None = None
    """What it raises, or how long it hangs, once it has come to `at`."""
    at: int = 0
    """How many characters it writes before."""
    continues: bool = True
    """Whether it goes on by itself; otherwise it repeats the last words."""
    pace: float = 0.01
    """Seconds for three characters."""
    pauses: Mapping[int, float] = field(default_factory=dict)
    """Seconds for which it stalls before it goes on, by the characters that it has written by then."""
    calls: tuple[ToolCall, ...] = ()
    """What it calls before it fails, or at its end."""
    signs: int = 0
    """Signs of life that it gives while it writes a call, a tenth of a second after each other."""
    tells_calls: bool = False
    at_work: int = 0
    """Replies that it writes now."""
    local: bool = True
    parallel: int = 4
    rank: int = 0
    price: float = 0.0
    context: int = 0
    good_at: tuple[str, ...] = ()
    requests: list[ChatRequest] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            continues=self.continues,
            tells_calls=self.tells_calls,
            local=self.local,
            parallel=self.parallel,
            rank=self.rank,
            price=self.price,
            context=self.context,
            good_at=self.good_at,
            tools=True,
        )

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        self.requests.append(request)
        self.at_work += 1
        try:
            async with aclosing(self._written(request)) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            self.at_work -= 1

    async def _written(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        said = said_before([(message.role, message.text) for message in request.messages])
        begin = len(said) if self.continues else said.rfind(" ", 0, max(0, said.rfind(" "))) + 1
        for at in range(begin, len(TEXT), 3):
            await asyncio.sleep(self.pace + self.pauses.get(at, 0.0))
            if self.fails is not None and at + 3 > self.at:
                for call in self.calls:
                    yield call
                await self._fail()
            yield TextDelta(TEXT[at : at + 3])
        for _ in range(self.signs):
            await asyncio.sleep(0.1)
            yield TextDelta("")
        for call in self.calls:
            yield call
        yield Done("stop")

    async def _fail(self) -> None:
        if isinstance(self.fails, Exception):
            raise self.fails
        assert self.fails is not None
        await asyncio.sleep(self.fails)

    async def warm(self, request: ChatRequest) -> None:
        """Nothing is kept."""


@dataclass
class Writers:
    """Several of them in a pool, and what decides among them."""

    pool: Pool
    routing: Routing
    route: Route

    def candidates(self) -> list[Candidate]:
        return [Candidate(id_, self.pool.model(id_).capabilities) for id_ in self.route.models]

    def order(self, request: ChatRequest = ASKED, **how: Any) -> list[str]:
        """Return who would be asked now, in order."""
        return [*self.routing.decide(self.route, self.candidates(), request, **how).models]

    def relay(self, request: ChatRequest = ASKED) -> Relay:
        """Return what asks them for one turn."""
        decision = self.routing.decide(self.route, self.candidates(), request)
        return Relay(self.pool, self.routing, decision, priority=Priority.VOICE, patience=4.5)

    async def said(self, request: ChatRequest = ASKED) -> str:
        """Return the words of a reply."""
        deltas = await self.deltas(request)
        return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))

    async def deltas(self, request: ChatRequest = ASKED) -> list[ChatDelta]:
        async def prepare(model: str) -> ChatRequest:
            return request

        async with aclosing(self.relay(request).reply(prepare)) as deltas:
            return [delta async for delta in deltas]


@asynccontextmanager
async def writers(
    route: Route | None = None, every: Mapping[str, Writer] | None = None, **named: Writer
) -> AsyncGenerator[Writers, None]:
    """Open writers by name; without a *route* they are asked in this order."""
    engines = {**(every or {}), **named}
    models = {
        id_: Model(id_, fake_spec(id_, Kind.CHAT, one, one.capabilities), EngineConfig(), one.capabilities)
        for id_, one in engines.items()
    }
    pool = Pool(models, lambda config: config)
    try:
        yield Writers(pool, Routing(Health(draw=lambda: 0.5)), route or Route(tuple((id_,) for id_ in engines)))
    finally:
        await pool.close()
