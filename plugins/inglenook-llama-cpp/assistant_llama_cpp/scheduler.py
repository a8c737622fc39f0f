"""Who is written at once, who waits, and what a step reads of each: policy without native code.

Requests join and leave between steps (continuous batching; Orca, Yu et al., OSDI 2022), prompts are read in pieces
beside the replies that are being written (Sarathi-Serve, Agrawal et al., OSDI 2024), and whoever finds no room gives
way and is continued later (vLLM, Kwon et al., SOSP 2023).
"""

from bisect import insort
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from assistant import Priority

__all__ = ["Scheduler", "Work"]

_SHARE = 4
"""While a more urgent reply is read or written, the others take part in one step of so many. Cores are shared by all
that is in a step: the reply to a voice must not be written at a quarter of its pace because three programs ask too."""
_MARGIN = 32
"""Tokens that each reply is expected to grow by at least, when one more is let in."""


class Work(Protocol):
    """What there is to know of a request."""

    tokens: list[int]
    """The prompt, and the reply as it grows."""
    priority: Priority
    """Its class."""

    @property
    def rank(self) -> tuple[int, int]:
        """Class, then arrival; the smaller goes first."""

    @property
    def ready(self) -> bool:
        """Whether it can take part in a step now."""

    @property
    def read(self) -> int:
        """Tokens that were read for it so far."""

    @property
    def writing(self) -> bool:
        """Whether a step adds one token to its reply, rather than reading its prompt."""

    def words(self, most: int) -> list[int]:
        """Return the next tokens to be read, at most *most*."""


W = TypeVar("W", bound=Work)


class Scheduler(Generic[W]):
    """Order requests for *slots* places and *context* tokens; a step reads at most *batch* tokens of prompts."""

    def __init__(self, slots: int, context: int, batch: int) -> None:
        self._slots = self._places = slots
        self._context = context
        self._batch = batch
        self._steps = 0
        self.waiting: list[W] = []
        """Those that have no place, the next one first."""
        self.active: list[W] = []
        """Those that have one, in the order in which they got it."""

    def add(self, work: W) -> None:
        """Let a request wait for its turn."""
        insort(self.waiting, work, key=lambda other: other.rank)

    def giving_way(self) -> list[W] | None:
        """Return who must give way so that the first that waits can begin: nobody, or some that are less urgent.

        None while it must wait, or where nobody does.
        """
        if not self.waiting:
            return None
        first, staying, leaving = self.waiting[0], self._by_rank(), []
        while not self._has_place(first, staying):
            if staying[-1].priority <= first.priority:
                return None
            leaving.append(staying.pop())
        return leaving

    def begin(self) -> W:
        """Give the first that waits its place."""
        work = self.waiting.pop(0)
        self.active.append(work)
        return work

    def leave(self, work: W) -> None:
        """Take away a request that is complete, has failed or was given up, wherever it is."""
        if work in self.active:
            self.active.remove(work)
            self._places = self._slots
        elif work in self.waiting:
            self.waiting.remove(work)

    def pause(self, work: W) -> None:
        """Take the place of a request, which waits from now on and is continued when its turn comes."""
        self.active.remove(work)
        self.add(work)

    def crowded(self) -> W | None:
        """Return whom to pause because the context is full: the least urgent, unless nobody else is there.

        Nobody gets the place until another one leaves: those who stay need the room.
        """
        if len(self.active) < 2:
            return None
        self._places = len(self.active) - 1
        return self._by_rank()[-1]

    def turns(self) -> list[W]:
        """Return who takes part in the next step: those that are being written first, then by rank."""
        ready = [work for work in self.active if work.ready]
        self._steps += 1
        if len(ready) < 2:
            return ready
        if self._steps % _SHARE:
            most_urgent = min((work.priority for work in ready), default=Priority.VOICE)
            ready = [work for work in ready if work.priority == most_urgent]
        return sorted(ready, key=lambda work: (not work.writing, work.rank))

    def parts(self, turns: Sequence[W], allowance: int) -> list[tuple[W, list[int]]]:
        """Return what a step reads of each: one token of those that are being written, and of prompts what fits.

        Beside a reply of its class a prompt's start is read at once, so that a short one starts soon, and the rest in
        pieces of *allowance* tokens, all prompts together. Beside a more urgent reply all of it is read in such pieces.
        """
        written = min((work.priority for work in turns if work.writing), default=None)
        room, parts = self._batch, []
        for work in turns:
            if work.writing:
                words = work.words(1)
            else:
                most = allowance
                if written is None or work.priority < written:
                    most = room
                elif work.priority == written:
                    most = max(allowance, self._batch // 2 - work.read)
                words = work.words(max(0, min(most, room)))
                room -= len(words)
                allowance -= len(words)
            if words:
                parts.append((work, words))
        return parts

    def _by_rank(self) -> list[W]:
        return sorted(self.active, key=lambda work: work.rank)

    def _has_place(self, work: W, beside: Sequence[W]) -> bool:
        if not beside:
            return True
        needed = sum(len(other.tokens) + _MARGIN for other in (*beside, work))
        return len(beside) < self._places and needed <= self._context
