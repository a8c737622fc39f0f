"""Whether two ways to put a question mean the same, by an embedding engine."""

import asyncio
import logging
from dataclasses import dataclass
from operator import mul

from assistant.errors import AssistantError
from assistant.serving.embedding import Embedding

__all__ = ["Likeness"]

log = logging.getLogger(__name__)

_PATIENCE = 1.0
"""Seconds that it may take: it is there to save time."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near questions are to each other."""

    embedding: Embedding
    """Who places them."""
    model: str
    """By which model."""
    least: float
    """From which nearness on, up to 1, they mean the same."""

    def local(self) -> bool:
        """Tell whether what is compared stays on this machine."""
        pool = self.embedding.pool
        return self.model in pool and pool.model(self.model).capabilities.local

    async def of(self, one: str, other: str, language: str) -> float:
        """Return how near two questions in a language are; 0 where the model does not know it, or cannot tell now."""
        try:
            named = self.embedding.named(self.model)
            if not self.embedding.pool.model(named.model).capabilities.knows(language):
                return 0.0
            async with asyncio.timeout(_PATIENCE):
                first, second = await self.embedding.vectors(named, [one, other])
        except (AssistantError, TimeoutError) as error:
            log.warning("model %s: questions are not compared: %s", self.model, error or "it takes too long")
            return 0.0
        return float(sum(map(mul, first, second)))
