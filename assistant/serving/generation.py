"""Replies of chat models for programs: whoever speaks to the microphone goes first, and a full queue says so."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from assistant.chat import AudioPart, ChatDelta, ChatRequest, ImagePart, Priority
from assistant.engines import Capabilities, Kind
from assistant.errors import UnfitModel
from assistant.models.pool import Pool
from assistant.serving.names import Named, Names
from assistant.streams import patient

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

    def named(self, name: str, request: ChatRequest) -> Named:
        """Return the model that is to answer *request*; raises UnknownModel, UnfitModel where it cannot."""
        named = self.names.find(name, Kind.CHAT)
        if lacking := _lacking(request, self.pool.model(named.model).capabilities):
            raise UnfitModel(f"the model {name} takes no {lacking}", hint="ask another model")
        return named

    async def reply(self, named: Named, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written.

        Raises EngineBusy before its first step where too many wait, EngineUnavailable, EngineTimeout, EngineError.
        """
        await self.pool.open(named.model)  # a program has time
        request = replace(request, priority=Priority.API)
        async with (
            self.pool.lease(named.model, Priority.API, queue=self.queue) as engine,
            aclosing(patient(engine.reply(request), self.patience, f"model {named.model}")) as deltas,
        ):
            async for delta in deltas:
                yield delta


def _lacking(request: ChatRequest, capabilities: Capabilities) -> str:
    """Say what a request holds that the model cannot take; empty where it can take all of it."""
    kinds = {ImagePart: "image", AudioPart: "audio"}
    held = {kinds[type(part)] for message in request.messages for part in message.parts if type(part) in kinds}
    if missing := held - capabilities.inputs:
        return ", ".join(sorted(missing))
    if request.tools and request.tool_choice != "none" and not capabilities.tools:
        return "tools"
    if request.schema is not None and not capabilities.schema:
        return "schema"
    return "logprobs" if request.logprobs is not None and not capabilities.logprobs else ""
