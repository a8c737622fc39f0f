"""One reply, by as many models as it takes: where one fails the next goes on."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from assistant.chat import ChatDelta, ChatRequest, Priority, TextDelta, ToolCall
from assistant.errors import AssistantError
from assistant.models.pool import Pool, leased
from assistant.routing.breaker import State
from assistant.routing.choice import Decision, Routing
from assistant.routing.health import is_served
from assistant.routing.needs import likely_tokens
from assistant.routing.seam import Seam, can_go_on, going_on
from assistant.streams import heed_cancellation, patient

__all__ = ["Relay", "Step"]

log = logging.getLogger(__name__)

_SOONEST = 0.4
"""Seconds that every model has for its first words."""
_USUAL = 4.0
"""Times its usual time after which no first words will come of a model that need not read much."""
_UNKNOWN = 5.0
"""Seconds for the first words of a model whose usual time tells nothing: it is not known, or there is much to read."""
_STALLED = 1.0
"""Seconds that every model has between two words."""
_TOKENS = 20
"""Tokens in whose time a word has come, or none will."""
_READ_SOON = 500
"""Tokens that are read in no time."""

Prepare = Callable[[str], Awaitable[ChatRequest]]
"""Makes the request for a model that is about to be asked; may wait, may raise AssistantError."""


@dataclass(frozen=True, slots=True)
class Step:
    """A model that could answer a turn; names only."""

    model: str
    """Its id."""
    why: str
    """Why it stood where it did, or was left out."""
    outcome: str
    """`answered`, `asked` (somebody interrupted it), `silent` (nothing to say), the code of its error (`error` for
    one of another's making), `not asked`, or `left out`."""


class Relay:
    """Ask the models of a decision for the replies of one turn, each from where the one before failed."""

    def __init__(
        self,
        pool: Pool,
        routing: Routing,
        decision: Decision,
        *,
        priority: Priority,
        patience: float,
        queue: float = math.inf,
    ) -> None:
        self._pool = pool
        self._routing = routing
        self._preferred = decision.preferred
        self._left = list(decision.asked)
        self._priority = priority
        self._patience = patience
        self._queue = queue
        self._steps = {choice.model: Step(choice.model, choice.why, "not asked") for choice in decision.asked}
        self._steps |= {choice.model: Step(choice.model, choice.why, "left out") for choice in decision.left_out}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return who could be asked, and what came of it."""
        return tuple(self._steps.values())

    @property
    def last(self) -> bool:
        """Tell whether nobody else is there to be asked."""
        return len(self._left) == 1

    def settle(self) -> None:
        """Let nobody else go on: what was done must not be done again."""
        del self._left[1:]

    async def reply(self, prepare: Prepare) -> AsyncGenerator[ChatDelta, None]:
        """Yield a reply as it is written. What fails in mid-reply is gone on with after the last word that was yielded.

        Calls of tools come at the end, of that model only which came to the end. Raises what the last model raised, or
        one that failed in the middle of what no other can go on with.
        """
        self._routing.health.want(self._preferred)
        said, pieces = "", 0
        while True:
            model, ending = self._left[0].model, list[ChatDelta]()
            self._note("asked")
            try:
                request = await prepare(model)
                seam = self._seam(model, said, request)
                left = replace(request, max_tokens=max(1, request.max_tokens - pieces))
                async with aclosing(self._asked(model, self._going_on(model, left, said))) as deltas:
                    async for delta in deltas:
                        pieces += isinstance(delta, TextDelta)
                        if not isinstance(delta, TextDelta):
                            ending.append(delta)
                        elif seam is None:
                            said += delta.text
                            yield delta
                        elif text := seam.push(delta.text):
                            said += text
                            yield replace(delta, text=text)
            except Exception as error:
                heed_cancellation(error)
                self._note(error.code if isinstance(error, AssistantError) else "error")
                if self.last or (said and not can_go_on(request)):
                    raise
                log.warning("%s; %s is asked%s", error, self._left[1].model, " to go on" if said else "")
            else:
                if rest := seam.close() if seam else "":
                    said += rest
                    yield TextDelta(rest)
                if said.strip() or self.last or any(isinstance(delta, ToolCall) for delta in ending):
                    self._note("answered")
                    for delta in ending:
                        yield delta
                    return
                self._note("silent")
                log.warning("model %s has nothing to say, and %s is asked", model, self._left[1].model)
            del self._left[0]

    async def _asked(self, model: str, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield what a model writes, and note how that goes."""
        alone = not self._others_are_well()
        first = self._patience if alone else min(self._patience, self._first_words(model, request))
        clock = asyncio.get_running_loop().time
        weight = self._pool.model(model).capabilities.parallel
        with self._routing.health.asking(model, weight) as asking:
            reply = leased(self._pool, model, self._priority, lambda chat: chat.reply(request), queue=self._queue)
            rest = self._patience if alone else min(self._patience, self._next_words(model, request))
            async with aclosing(patient(reply, rest, f"model {model}", first=first)) as deltas:
                async for delta in deltas:
                    if asking.first is None:
                        self._routing.answered(request, model)
                    asking.take(delta, clock())
                    yield delta

    def _others_are_well(self) -> bool:
        """Tell whether anybody else is there who is likely to answer: for one who sleeps, no hurry is worth it."""
        return any(self._routing.health.state(one.model) is not State.OPEN for one in self._left[1:])

    def _first_words(self, model: str, request: ChatRequest) -> float:
        """Return the seconds for the first words of a model, where another is there.

        One of this process has all the time: it does not hang because of others, and is slow on a slow machine. So has
        one for which others wait already.
        """
        measured = self._routing.health.measured(model)
        if not is_served(model) or measured.at_work >= self._pool.model(model).capabilities.parallel:
            return self._patience
        soon = self._routing.knows(request, model) or likely_tokens(request) - request.max_tokens <= _READ_SOON
        if measured.first is None or not soon:
            return min(_UNKNOWN, self._patience / 2)
        return max(_SOONEST, _USUAL * measured.first * (1 + measured.at_work))

    def _next_words(self, model: str, request: ChatRequest) -> float:
        """Return the seconds between two words of a model, where another can go on.

        While one calls a tool nothing comes of it, however well it is.
        """
        pace = self._routing.health.measured(model).pace
        if not is_served(model) or request.tools or not can_go_on(request) or pace is None:
            return self._patience
        return max(_STALLED, _TOKENS / pace)

    def _going_on(self, model: str, request: ChatRequest, said: str) -> ChatRequest:
        return going_on(request, said, continues=self._continues(model))

    def _seam(self, model: str, said: str, request: ChatRequest) -> Seam | None:
        """Return what joins what a model writes to what was said; None where nothing has to be held for that."""
        if not can_go_on(request) or (self.last and not said):
            return None
        whole = not all(self._continues(choice.model) for choice in self._left[1:])
        return Seam(said, continues=self._continues(model), whole=whole)

    def _continues(self, model: str) -> bool:
        return model in self._pool and self._pool.model(model).capabilities.continues

    def _note(self, outcome: str) -> None:
        choice = self._left[0]
        self._steps[choice.model] = Step(choice.model, choice.why, outcome)
