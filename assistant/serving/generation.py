"""Replies of chat models for programs: whoever speaks to the microphone goes first, and a full queue says so."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from assistant.chat import ChatDelta, ChatRequest, Priority
from assistant.engines import Kind
from assistant.errors import UnfitModel
from assistant.host import Candidate
from assistant.models.pool import Pool
from assistant.routing import Relay, Route, Routing, lacking
from assistant.serving.names import Named, Names

__all__ = ["Generation"]


@dataclass(frozen=True, slots=True)
class Generation:
    """Chat models as programs may use them."""

    pool: Pool
    """Where the engines are."""
    names: Names
    """What the models are called."""
    queue: int
    """Requests that may wait for a model."""
    patience: float
    """Seconds that a model may make no progress."""
    routing: Routing = field(default_factory=Routing)
    """Decides who answers where a name means several models."""

    def named(self, name: str, request: ChatRequest, route: Route | None = None) -> Named:
        """Return the model that is to answer *request*, or with a *route* those of that.

        Raises UnknownModel, UnfitModel where none can.
        """
        named = self.names.find(name, Kind.CHAT)
        named = replace(named, route=route) if route else named
        missing = [lacking(request, one.capabilities) for one in self._candidates(named)]
        if all(missing):
            raise UnfitModel(f"the model {name} takes no {missing[0]}", hint="ask another model")
        return named

    def local(self, named: Named) -> bool:
        """Tell whether what is asked stays on this machine, whoever answers."""
        return named.route.strategy == "private" or all(one.capabilities.local for one in self._candidates(named))

    async def open(self, named: Named) -> None:
        """Load the model where no other can answer while it loads; raises EngineUnavailable."""
        if len(named.route.models) == 1:
            await self.pool.open(named.model)

    async def reply(self, named: Named, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written, by as many models as it takes where the name means several.

        Raises EngineBusy before its first step where too many wait, EngineUnavailable, EngineTimeout, EngineError.
        """
        request = replace(request, priority=Priority.API)
        decision = self.routing.decide(named.route, self._candidates(named), request, lacking=lacking)
        relay = Relay(
            self.pool, self.routing, decision, priority=Priority.API, patience=self.patience, queue=self.queue
        )

        async def prepare(model: str) -> ChatRequest:
            if relay.last:
                await self.pool.open(model)  # a program has time
            return request

        async with aclosing(relay.reply(prepare)) as deltas:
            async for delta in deltas:
                yield delta

    def _candidates(self, named: Named) -> list[Candidate]:
        models = {id_: self.pool.model(id_) for id_ in named.route.models if id_ in self.pool}
        return [Candidate(id_, model.capabilities) for id_, model in models.items() if model.spec.kind is Kind.CHAT]
