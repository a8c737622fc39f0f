"""The engine that places texts: a thread of its own computes, and whoever asks waits for its turn."""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import TypeVar

from assistant import EngineUnavailable, in_thread
from assistant_llama_cpp.config import LlamaEmbedConfig
from assistant_llama_cpp.encoder import SEQUENCES, Encoder, loaded_encoder

__all__ = ["LlamaEmbed", "opened"]

T = TypeVar("T")
Group = list[list[int]]
"""The tokens of the texts of one batch."""


@asynccontextmanager
async def opened(config: LlamaEmbedConfig) -> AsyncGenerator["LlamaEmbed", None]:
    """Load the model; at the end fail what waits, let the batch end that is computed, and free everything."""
    thread, held = ThreadPoolExecutor(1, thread_name_prefix="llama-cpp-embed"), ExitStack()

    def close() -> None:
        thread.shutdown(cancel_futures=True)  # before the model is freed
        held.close()

    try:
        encoder = await in_thread(lambda: held.enter_context(loaded_encoder(config)), thread)
        yield LlamaEmbed(encoder, thread)
    finally:
        await in_thread(close)


class LlamaEmbed:
    """Place texts such that those of one meaning are near each other.

    One thread computes, in the order in which batches are asked for: a sentence of somebody who speaks waits for a
    batch of each program at most, however many texts these have. A lock would let them take it again and again.
    """

    def __init__(self, encoder: Encoder, thread: ThreadPoolExecutor) -> None:
        self._encoder = encoder
        self._thread = thread

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of unit length for each of *texts*, of which the first `context` tokens count.

        One text has one vector in a call. In other company its last digits differ, for sums are made in another order.
        Raises EngineError where llama.cpp fails, EngineUnavailable once the engine is closed.
        """
        different = list(dict.fromkeys(texts))
        tokens = self._do(lambda: [self._encoder.tokens(text) for text in different])
        vectors: list[list[float]] = []
        for group in _groups(tokens, self._encoder.longest):
            vectors += self._do(partial(self._encoder.vectors, group))
        placed = dict(zip(different, vectors, strict=True))
        return [placed[text] for text in texts]

    def fits(self, text: str) -> bool:
        """Tell whether all of *text* counts; raises EngineUnavailable once the engine is closed."""
        return self._do(lambda: self._encoder.fits(text))

    def _do(self, work: Callable[[], T]) -> T:
        try:
            future = self._thread.submit(work)
        except RuntimeError:  # the thread has ended
            raise _closed() from None
        try:
            return future.result()
        except CancelledError:  # it ended before it was this work's turn
            raise _closed() from None


def _closed() -> EngineUnavailable:
    return EngineUnavailable("the model is closed", hint="open it again")


def _groups(texts: Iterable[list[int]], most: int) -> Iterator[Group]:
    """Yield *texts* in their order, as many at once as a batch has room for."""
    group: Group = []
    for tokens in texts:
        if len(group) == SEQUENCES or sum(map(len, group)) + len(tokens) > most:
            yield group
            group = []
        group.append(tokens)
    if group:
        yield group
