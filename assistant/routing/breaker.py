"""Whether what failed is asked again: a circuit breaker."""

import random
from collections.abc import Callable
from enum import StrEnum

__all__ = ["Breaker", "State"]

_SHORTEST = 5.0
"""Seconds for which the first failure opens it."""
_LONGEST = 300.0
"""Seconds for which it is open at most, however often it fails."""
_JITTER = 0.2
"""Share by which a time is longer or shorter by chance, so that not everybody tries at once."""


class State(StrEnum):
    """Whether something is asked."""

    CLOSED = "closed"
    """All is well."""
    OPEN = "open"
    """It failed, and somebody else is asked first."""
    HALF_OPEN = "half-open"
    """One may try."""


class Breaker:
    """Opens when something fails. After a while one may try: a success closes it, a failure opens it for twice as long.

    Times are seconds on the clock of the loop.
    """

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._failures = 0
        self._until = 0.0
        self._tried = False

    def state(self, now: float) -> State:
        """Return whether it is asked now."""
        if not self._failures:
            return State.CLOSED
        return State.OPEN if self._tried or now < self._until else State.HALF_OPEN

    def begin(self, now: float) -> bool:
        """Note that it is asked, and return whether that is the one trial, which has to be ended."""
        trial = self.state(now) is State.HALF_OPEN
        self._tried |= trial
        return trial

    def end_trial(self) -> None:
        """Note that the trial is over, however it ended."""
        self._tried = False

    def failed(self, now: float) -> None:
        """Open. What fails while it is open was begun before, and tells nothing new."""
        if now < self._until:
            return
        pause = min(_LONGEST, _SHORTEST * 2.0**self._failures)
        self._failures += 1
        self._until = now + pause * (1 + _JITTER * (2 * self._draw() - 1))

    def succeeded(self) -> None:
        """Close."""
        self._failures, self._until = 0, 0.0

    def may_be_tried(self, now: float) -> None:
        """Let one try now: there is a sign of life."""
        self._until = min(self._until, now)
