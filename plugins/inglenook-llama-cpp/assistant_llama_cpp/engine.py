"""The chat engine on the event loop: requests in, deltas out."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from assistant import ChatDelta, ChatRequest, Done, Priority, in_thread
from assistant_llama_cpp.config import LlamaConfig
from assistant_llama_cpp.job import Job, Outbox
from assistant_llama_cpp.prepare import Prepared, Preparer
from assistant_llama_cpp.worker import Worker

__all__ = ["LlamaChat", "opened"]


@asynccontextmanager
async def opened(config: LlamaConfig) -> AsyncGenerator["LlamaChat", None]:
    """Load the model; at the end fail what is not complete, stop the thread and free everything."""
    worker, preparer = Worker(config), Preparer(config)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(in_thread, worker.close)
        model = await in_thread(worker.start)
        stack.push_async_callback(preparer.close)  # before the model is freed: it reads the vocabulary
        await preparer.start(model)
        yield LlamaChat(worker, preparer)


class LlamaChat:
    """Write replies with one loaded model."""

    def __init__(self, worker: Worker, preparer: Preparer) -> None:
        self._worker = worker
        self._preparer = preparer

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written; raises EngineError for what cannot be served.

        Closing the generator ends the work before the next token; what was read and written stays in the cache.
        """
        async with aclosing(self._deltas(request, await self._preparer.reply(request))) as deltas:
            async for delta in deltas:
                yield delta

    async def warm(self, request: ChatRequest) -> None:
        """Read the request's messages into the cache; raises EngineError for what cannot be read."""
        async with aclosing(self._deltas(request, await self._preparer.warm(request))) as deltas:
            async for _ in deltas:
                pass

    async def _deltas(self, request: ChatRequest, prepared: Prepared) -> AsyncGenerator[ChatDelta, None]:
        job = Job(
            tokens=prepared.tokens,
            static=prepared.static,
            conversation=request.conversation,
            priority=request.priority,
            limit=prepared.limit,
            sampling=prepared.sampling,
            grammar=prepared.grammar,
            call_grammar=prepared.call_grammar,
            output=prepared.output,
            outbox=Outbox(self._worker.wake, aloud=request.priority == Priority.VOICE),
            logprobs=request.logprobs,
            pieces=prepared.pieces,
        )
        self._worker.submit(job)
        try:
            while True:
                delta = await job.outbox.get()
                yield delta
                if isinstance(delta, Done):
                    return
        finally:
            self._worker.cancel(job)
