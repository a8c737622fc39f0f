"""One reply, by as many models as it takes: where one fails the next goes on."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from assistant.chat import ChatDelta, ChatRequest, Priority, ToolCall
from assistant.errors import AssistantError
from assistant.models.pool import Pool, leased
from assistant.routing.breaker import State
from assistant.routing.choice import Choice, Decision, Routing
from assistant.routing.health import is_served
from assistant.routing.hedge import Hedge, Part, on_time
from assistant.routing.needs import likely_tokens, may_call
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
_STALLS = 0.25
"""Seconds that every model has between two words before another is asked, too."""
_GAPS = 2.0
"""Times its usual longest pause before that."""
_HANGS = 1.0
"""Seconds between two words after which another goes on that was not asked, too."""
_TOKENS = 20
"""Tokens in whose time a word has come, or none will."""
_CALL = 40
"""Tokens of a call of a tool."""
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
    """`answered`, `asked` (somebody interrupted it), `silent` (nothing to say), `stalled` (another had the next words
    sooner), `not needed` (asked while another stalled, which went on by itself), the code of its error (`error` for
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

        What stalls in mid-reply is gone on with by whoever has the next words first: it, or the next model. Calls of
        tools come at the end, of that model only which came to the end. Raises what the last model raised, or one that
        failed in the middle of what no other can go on with.
        """
        self._routing.health.want(self._preferred)
        said, pieces = "", 0
        request: ChatRequest | None = None

        async def begun(model: str, beside: Hedge | None = None) -> Part:
            nonlocal request
            self._note(model, "asked")
            request = await prepare(model)
            left = replace(request, max_tokens=max(1, request.max_tokens - pieces))
            going = going_on(left, said, continues=self._continues(model))
            return Part(self._asked(model, going, prepare, beside), self._seam(model, said, request))

        hedge = Hedge(begun)
        try:
            while True:
                model, before = self._left[0].model, pieces
                try:
                    part = await hedge.taken() or await begun(model, hedge)
                    async with aclosing(part.words()) as words:
                        async for delta in words:
                            said, pieces = said + delta.text, before + part.pieces
                            yield delta
                except Exception as error:
                    heed_cancellation(error)
                    outrun = hedge.has_words
                    self._note(model, "stalled" if outrun else _code(error))
                    if self.last or (said and request is not None and not can_go_on(request)):
                        raise
                    then = "has gone on" if outrun else f"is asked{' to go on' if said else ''}"
                    log.warning("%s; %s %s", error, self._left[1].model, then)
                else:
                    if said.strip() or self.last or any(isinstance(delta, ToolCall) for delta in part.ending):
                        self._note(model, "answered")
                        for last in part.ending:
                            yield last
                        return
                    self._note(model, "silent")
                    log.warning("model %s has nothing to say, and %s is asked", model, self._left[1].model)
                del self._left[0]
        finally:
            await hedge.close()

    async def _asked(
        self, model: str, request: ChatRequest, prepare: Prepare, hedge: Hedge | None
    ) -> AsyncGenerator[ChatDelta, None]:
        """Yield what a model writes, and note how that goes."""
        alone = not self._others_are_well(model)
        first = self._patience if alone else min(self._patience, self._first_words(model, request))
        clock = asyncio.get_running_loop().time
        weight = self._pool.model(model).capabilities.parallel
        with self._routing.health.asking(model, weight) as asking:
            reply = leased(self._pool, model, self._priority, lambda chat: chat.reply(request), queue=self._queue)
            rest = self._patience if alone else min(self._patience, self._next_words(model, request))
            soon = self._usual_pause(model, request) if hedge and rest < self._patience else rest

            async def wait(step: asyncio.Task[object], seconds: float) -> None:
                if hedge is None or asking.heard is None or soon >= rest:
                    await asyncio.wait({step}, timeout=seconds)
                else:
                    await self._wait(step, seconds, soon, model, hedge, prepare)

            async with aclosing(patient(reply, rest, f"model {model}", first=first, wait=wait)) as deltas:
                async for delta in deltas:
                    if asking.first is None:
                        self._routing.answered(request, model)
                    asking.take(delta, clock())
                    yield delta

    async def _wait(
        self, step: asyncio.Task[object], seconds: float, soon: float, model: str, hedge: Hedge, prepare: Prepare
    ) -> None:
        """Wait so long for the next of a model; where it stalls, wait for the first words of the next model, too."""
        clock = asyncio.get_running_loop().time
        began = clock()
        await on_time(step, min(soon, seconds))
        if step.done():
            return
        if other := "" if hedge.model else self._stand_in(model):
            log.info("model %s has stalled for %.2f s, and %s is asked to go on, too", model, clock() - began, other)
            self._routing.health.stalls(model)
            left = began + self._patience - clock()
            await asyncio.wait({step, hedge.begin(other)}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if hedge.has_words and not step.done():
                return
            if hedge.error is not None and not self._after(other):
                seconds = self._patience
        await asyncio.wait({step}, timeout=max(0.0, began + seconds - clock()))
        if other and step.done() and not step.cancelled() and step.exception() is None:
            self._note(other, _code(hedge.error) if hedge.error else "not needed")
            self._routing.health.goes_on(model)
            hedge.leave()
            await prepare(model)  # who answers is told again

    def _stand_in(self, model: str) -> str:
        """Return who is asked while a model stalls; empty for nobody.

        One that works on this machine may stall because the machine is busy, which a second reply makes worse, and what
        was said to it does not leave for the sake of a pause. Who costs money, is at work or would have to be loaded is
        asked only where the other one fails.
        """
        following = self._after(model)
        if not following or model not in self._pool or self._pool.model(model).capabilities.local:
            return ""
        other, health = following[0].model, self._routing.health
        can = self._pool.model(other).capabilities if other in self._pool else None
        if can is None or can.price or health.measured(other).at_work >= can.parallel:
            return ""
        is_open = is_served(other) or any(one.id == other and one.state == "open" for one in self._pool.status())
        return other if is_open and health.state(other) is not State.OPEN else ""

    def _after(self, model: str) -> list[Choice]:
        """Return those who go on where a model fails."""
        place = next((at for at, choice in enumerate(self._left) if choice.model == model), len(self._left))
        return self._left[place + 1 :]

    def _others_are_well(self, model: str) -> bool:
        """Tell whether anybody else is there who is likely to answer: for one who sleeps, no hurry is worth it."""
        return any(self._routing.health.state(one.model) is not State.OPEN for one in self._after(model))

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
        call = _CALL / measured.pace if self._may_call_unheard(model, request) and measured.pace else 0.0
        return max(_SOONEST, _USUAL * measured.first * (1 + measured.at_work)) + call

    def _next_words(self, model: str, request: ChatRequest) -> float:
        """Return the seconds between two signs of life of a model, where another can go on."""
        pace = self._routing.health.measured(model).pace
        if not is_served(model) or not can_go_on(request) or pace is None or self._may_call_unheard(model, request):
            return self._patience
        return max(_HANGS, _TOKENS / pace)

    def _usual_pause(self, model: str, request: ChatRequest) -> float:
        """Return the seconds after which a model that is said to have words by and by stalls.

        A server tells of a call once it knows what is called, which takes some tokens.
        """
        measured, tokens = self._routing.health.measured(model), _TOKENS if may_call(request) else 0
        return max(_STALLS, _GAPS * (measured.gap or 0.0), tokens / measured.pace if measured.pace else 0.0)

    def _may_call_unheard(self, model: str, request: ChatRequest) -> bool:
        """Tell whether a model may be calling a tool while nothing comes of it, however well it is."""
        return may_call(request) and not self._pool.model(model).capabilities.tells_calls

    def _seam(self, model: str, said: str, request: ChatRequest) -> Seam | None:
        """Return what joins what a model writes to what was said; None where nothing has to be held for that."""
        following = self._after(model)
        if not can_go_on(request) or not (following or said):
            return None
        whole = not all(self._continues(choice.model) for choice in following)
        return Seam(said, continues=self._continues(model), whole=whole)

    def _continues(self, model: str) -> bool:
        return model in self._pool and self._pool.model(model).capabilities.continues

    def _note(self, model: str, outcome: str) -> None:
        self._steps[model] = replace(self._steps[model], outcome=outcome)


def _code(error: BaseException) -> str:
    return error.code if isinstance(error, AssistantError) else "error"
