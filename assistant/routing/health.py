"""What is known of models and their servers: whether they answer, how fast they are, how much they have to do.

It comes of what they are asked anyway, and of the watch, which asks servers for nothing but their models.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from assistant.chat import ChatDelta, Done, TextDelta, Usage
from assistant.errors import AudioError, EngineBusy, UnfitRequest
from assistant.routing.breaker import Breaker, State

__all__ = ["Asking", "Health", "Measured", "is_served"]

_NEWEST = 0.3
"""Weight of the newest value in a mean."""
_REPLY = 60
"""Tokens of a reply whose time is expected: a few sentences."""
_PACED = 32
"""Tokens at the beginning of a reply by which its pace is measured: later ones may wait for a voice to speak them."""
_RECENT = 128
"""Replies of a model whose times are kept for people to look at."""
_BLAMELESS = (AudioError, UnfitRequest, EngineBusy)
"""What is the request's fault, or nobody's."""
_SIGN_OF_LIFE = TextDelta("")
"""What a model writes while it is at work on what is no words."""


@dataclass(slots=True)
class Measured:
    """A model, as it was when it was asked."""

    breaker: Breaker
    """Whether it is asked."""
    at_work: int = 0
    """Replies that it writes, or that wait for it."""
    first: float | None = None
    """Mean seconds to the first words; None where none came yet."""
    pace: float | None = None
    """Mean tokens a second after them."""
    gap: float | None = None
    """Usual longest seconds between two signs of life of a reply: it rises at once, and falls slowly."""
    asked: int = 0
    """When it was asked last, as a number that grows."""
    share: float = 0.0
    """Replies by its weight, of which who has the least is next."""
    replies: int = 0
    """Replies that it wrote to their end."""
    failures: int = 0
    """Replies at which it failed."""
    firsts: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Seconds to the first words of its latest replies."""
    begun: int = 0
    """Replies of which the first words came."""
    waited: float = 0.0
    """Seconds to the first words of all of them."""
    usage: Usage = field(default_factory=Usage)
    """What all replies that it wrote to their end cost."""

    def expected(self, parallel: int) -> float:
        """Return the seconds that a short reply takes now, of a model that writes so many at once; 0 where it was never
        measured, so that it will be."""
        alone = (self.first or 0.0) + (_REPLY / self.pace if self.pace else 0.0)
        return alone * max(1.0, (1 + self.at_work) / parallel)


@dataclass(slots=True)
class Asking:
    """A reply that a model is asked for."""

    began: float
    """Seconds on the clock of the loop."""
    heard: float | None = None
    """When the last sign of life came, words or not."""
    gap: float = 0.0
    """Longest seconds between two of those that came with the tokens by which its pace is measured."""
    first: float | None = None
    """When the first of it came."""
    latest: float = 0.0
    """When the latest of those tokens came by which its pace is measured."""
    tokens: int = 0
    """How many those are."""
    ended: bool = False
    """Whether it came to its end."""
    usage: Usage = field(default_factory=Usage)
    """What it cost, as is told at its end."""

    def take(self, delta: ChatDelta, now: float) -> None:
        """Note the next of the reply."""
        if self.heard is not None and self.tokens < _PACED:
            self.gap = max(self.gap, now - self.heard)
        self.heard = now
        if delta == _SIGN_OF_LIFE:
            return
        if self.first is None:
            self.first = now
        if isinstance(delta, TextDelta) and self.tokens < _PACED:
            self.tokens, self.latest = self.tokens + 1, now
        if isinstance(delta, Done):
            self.ended, self.usage = True, delta.usage

    def hear(self, now: float) -> None:
        """Note that what was said is heard."""
        self.first, self.ended = now, True


class Health:
    """Every chat model and every server. A model of a server is called `SERVER/MODEL`."""

    def __init__(
        self,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._draw = draw
        self._models: dict[str, Measured] = {}
        self._servers: dict[str, str] = {}
        self._asked = 0
        self.share = 0.0
        """The share of whoever was asked last, when it was."""
        self.on_trouble: Callable[[str], None] = lambda server: None
        """Called with the name of a server whose model failed: whoever watches it may look at once."""
        self.on_wanted: Callable[[str], None] = lambda server: None
        """Called with the name of a silent server that would have been asked: whoever can may wake it."""

    def measured(self, model: str) -> Measured:
        """Return what was measured of a model."""
        if model not in self._models:
            self._models[model] = Measured(Breaker(self._draw))
        return self._models[model]

    def every(self) -> dict[str, Measured]:
        """Return what was measured of each model that was asked, by id."""
        return {model: measured for model, measured in self._models.items() if measured.asked}

    def of_server(self, server: str) -> dict[str, Measured]:
        """Return what was measured of those models of a server that were asked, by id."""
        return {model: measured for model, measured in self._models.items() if _server(model) == server}

    def state(self, model: str) -> State:
        """Return whether a model is asked now: not where its server is silent, whatever it did itself."""
        if self.silence(model):
            return State.OPEN
        return self.measured(model).breaker.state(self._clock())

    def silence(self, model: str) -> str:
        """Return why the server of a model does not answer; empty where it does, or nobody knows."""
        return self._servers.get(_server(model), "")

    def want(self, model: str) -> None:
        """Note that a model is wanted, whether it can be asked or not."""
        if self.silence(model):
            self.on_wanted(_server(model))

    @contextmanager
    def asking(self, model: str, weight: float = 1.0) -> Iterator[Asking]:
        """Note how the reply goes for which a model is asked within the context, by how the context ends."""
        measured, asking = self.measured(model), Asking(self._clock())
        trial = measured.breaker.begin(asking.began)
        measured.at_work += 1
        self._asked = measured.asked = self._asked + 1
        self.share = max(self.share, measured.share)  # who was away does not get all that it missed
        measured.share = self.share + 1 / weight
        failed = False
        try:
            yield asking
        except Exception as error:
            failed = not isinstance(error, _BLAMELESS)
            raise
        finally:
            measured.at_work -= 1
            if trial:
                measured.breaker.end_trial()
            self._learn(model, measured, asking, failed)

    def stalls(self, model: str) -> None:
        """Note that a model stalls in the middle of a reply: others are asked first until it goes on."""
        self.measured(model).breaker.failed(self._clock())

    def goes_on(self, model: str) -> None:
        """Note that a model that stalled goes on."""
        self.measured(model).breaker.succeeded()

    def answers(self, server: str) -> None:
        """Note that a server answers the watch: where it did not before, its models may be tried at once."""
        if self._servers.pop(server, ""):
            for measured in self.of_server(server).values():
                measured.breaker.may_be_tried(self._clock())

    def is_silent(self, server: str, reason: str) -> None:
        """Note that a server does not answer the watch, and why, unless it is at work: some do one thing at a time."""
        if not any(measured.at_work for measured in self.of_server(server).values()):
            self._servers[server] = reason

    def _learn(self, model: str, measured: Measured, asking: Asking, failed: bool) -> None:
        now = self._clock()
        if failed:
            measured.failures += 1
            measured.breaker.failed(now)
            if is_served(model):
                self.on_trouble(_server(model))
            return
        if asking.first is None:
            return
        measured.breaker.succeeded()
        self._servers.pop(_server(model), None)
        measured.first = _mean(measured.first, asking.first - asking.began)
        measured.firsts.append(asking.first - asking.began)
        measured.begun += 1
        measured.waited += asking.first - asking.began
        measured.replies += asking.ended
        measured.usage = _sum(measured.usage, asking.usage)
        if asking.tokens > 1 and asking.latest > asking.first:
            measured.pace = _mean(measured.pace, (asking.tokens - 1) / (asking.latest - asking.first))
            measured.gap = max(asking.gap, _mean(measured.gap, asking.gap))


def is_served(model: str) -> bool:
    """Tell whether a model is that of another server."""
    return "/" in model


def _server(model: str) -> str:
    """Return the name of the server of a model; empty where it is one of this process."""
    return model.partition("/")[0] if is_served(model) else ""


def _sum(before: Usage, newest: Usage) -> Usage:
    """Return what both cost; a server may say anything, but nothing costs less than nothing."""
    return Usage(
        before.prompt_tokens + max(0, newest.prompt_tokens),
        before.cached_tokens + max(0, newest.cached_tokens),
        before.completion_tokens + max(0, newest.completion_tokens),
    )


def _mean(before: float | None, newest: float) -> float:
    return newest if before is None else before + _NEWEST * (newest - before)
