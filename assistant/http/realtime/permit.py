"""Leave to make a response, of which each key and each address has so many a minute."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from assistant.http.problem import Problem
from assistant.pipeline.draft import Answering
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.playback import Spoken
from assistant.pipeline.question import Question

__all__ = ["Permit"]


class Permit:
    """Leave to answer one utterance, for which *ask* is called once, however many drafts there are of the answer."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._asked = False
        self._problem: Problem | None = None

    def use(self) -> None:
        """Raise Problem where there is none."""
        if not self._asked:
            self._asked = True
            try:
                self._ask()
            except Problem as problem:
                self._problem = problem
        if self._problem is not None:
            raise self._problem

    def answering(self, answer: Answering) -> Answering:
        """Return what answers as *answer* does, and not even begins to where there is no leave."""

        async def permitted(question: Question, outbox: Outbox) -> AsyncGenerator[Spoken, None]:
            self.use()
            async with aclosing(answer(question, outbox)) as spoken:
                async for piece in spoken:
                    yield piece

        return permitted
