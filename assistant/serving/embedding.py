"""Places of texts for programs: a few at a time, so that nobody waits long for the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from assistant.chat import Priority
from assistant.engines import Bounded, Embed, Kind
from assistant.errors import UnfitRequest
from assistant.models.pool import Pool
from assistant.serving.names import Named, Names
from assistant.streams import in_thread

__all__ = ["Embedding"]

_AT_ONCE = 32
"""Texts that are placed in one lease of the model."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """Models that place texts, as programs may use them."""

    pool: Pool
    """Where the engines are."""
    names: Names
    """What the models are called."""
    queue: int
    """Requests that may wait for a model."""

    def named(self, name: str) -> Named:
        """Return the model of a name, the first where it is empty; raises UnknownModel."""
        return self.names.find(name, Kind.EMBED)

    async def vectors(self, named: Named, texts: Sequence[str], *, whole: bool = False) -> list[Sequence[float]]:
        """Return a vector of unit length for each of *texts*; raises EngineBusy, EngineUnavailable.

        Where *whole* texts are wanted, raises UnfitRequest for one of which the end would not count.
        """
        await self.pool.open(named.model)
        vectors: list[Sequence[float]] = []
        for at in range(0, len(texts), _AT_ONCE):
            async with self.pool.lease(named.model, Priority.API, queue=self.queue) as engine:
                some = texts[at : at + _AT_ONCE]
                if whole:
                    await in_thread(partial(_check, engine, named, some, at))
                vectors += await in_thread(partial(engine.embed, some))
        return vectors


def _check(engine: Embed, named: Named, texts: Sequence[str], first: int) -> None:
    """Raise UnfitRequest where the end of a text would not count, or nobody can tell."""
    if not isinstance(engine, Bounded):
        raise UnfitRequest(f"the model {named.name} cannot tell which texts it cuts", hint="leave out `truncate`")
    for place, text in enumerate(texts, first):
        if not engine.fits(text):
            message = "the input length exceeds the context length"  # in Ollama's words, for those who look for them
            raise UnfitRequest(f"{message}: input[{place}]", hint="divide the text, or leave out `truncate`")
