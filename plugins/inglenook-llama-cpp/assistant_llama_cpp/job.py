"""One reply on its way: what the owner thread works on, and how its deltas reach the event loop."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistant import AssistantError, ChatDelta, Priority, Sampling, TextDelta, ToolCall, WrittenToken
from assistant_llama_cpp.grammar import Grammar
from assistant_llama_cpp.output import Output
from assistant_llama_cpp.sequences import Sequence

if TYPE_CHECKING:
    from assistant_llama_cpp.eyes import Piece
    from assistant_llama_cpp.sampling import Sampler

__all__ = ["Job", "Outbox"]

_AHEAD = 64
"""Deltas that may lie unread before writing pauses."""
_BEAT = 1 / 30
"""Seconds from one waking of a program to the next. Each takes two cores out of step, for a thirtieth of the time
that a token of a small model takes, and nobody reads faster than thirty times a second."""


class Outbox:
    """Deltas from the owner thread to one reader on the event loop; made on that loop.

    *resume* is called when a reader that lagged behind has caught up. With *aloud* each word is due at once.
    """

    def __init__(self, resume: Callable[[], None], *, aloud: bool = False) -> None:
        self._beat = 0.0 if aloud else _BEAT
        self._next = 0.0
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._items: deque[ChatDelta | AssistantError] = deque()
        self._resume = resume

    @property
    def full(self) -> bool:
        """Return whether writing should pause until the reader has caught up."""
        return len(self._items) >= _AHEAD

    @property
    def due(self) -> bool:
        """Return whether the reader should learn of what there is: of the first words, and of the end, at once."""
        return time.monotonic() >= self._next

    def put(self, *items: ChatDelta | AssistantError) -> None:
        """Hand over *items*, from any thread; the reader learns of them by `tell`."""
        self._items.extend(items)
        if not all(isinstance(item, TextDelta) for item in items):
            self._next = 0.0

    def tell(self) -> None:
        """Wake the reader, from any thread."""
        self._next = time.monotonic() + self._beat
        if self._items and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ready.set)

    async def get(self) -> ChatDelta:
        """Return the next delta, or raise the error that took its place."""
        while not self._items:
            self._ready.clear()
            if not self._items:
                await self._ready.wait()
        was_full = self.full
        item = self._items.popleft()
        if was_full and not self.full:
            self._resume()
        if isinstance(item, AssistantError):
            raise item
        return item


@dataclass(slots=True, eq=False)
class Job:
    """A request in the owner thread's terms. The fields after `outbox` are that thread's own."""

    tokens: list[int]
    """The prompt, and the reply as it grows."""
    static: int
    """Tokens at the start that are the same in every conversation: system message and tools."""
    conversation: str
    """Whose prefix to continue."""
    priority: Priority
    """Who goes first."""
    limit: int
    """Tokens of the reply; 0 only reads the prompt."""
    sampling: Sampling
    """How tokens are drawn."""
    grammar: Grammar | None
    """What holds the reply from its start."""
    call_grammar: Grammar | None
    """What holds a call once the model has opened one."""
    output: Output
    """From tokens to deltas."""
    outbox: Outbox
    """Where deltas go."""
    logprobs: int | None = None
    """How many of the likeliest tokens are told beside each that is written; None tells nothing of tokens."""
    pieces: "Mapping[int, Piece]" = field(default_factory=dict)
    """What the numbers below 0 in `tokens` stand for: pieces of images."""
    order: int = 0
    """Arrival; the earlier goes first among equals."""
    cancelled: bool = False
    """Whether the reader has left."""
    prompt: int = field(init=False)
    """Tokens of the prompt."""
    cached: int = 0
    """Of these, tokens that were in the cache."""
    sequence: Sequence | None = None
    """Where it is written, while it has a place."""
    begun: int = 0
    """Tokens that the sequence held when it got it."""
    untold: list[WrittenToken] = field(default_factory=list)
    """Tokens that were written since the last words left, where `logprobs` asks for them."""
    sampler: "Sampler | None" = None
    """What draws its tokens, from its first step on."""

    def __post_init__(self) -> None:
        self.prompt = len(self.tokens)

    @property
    def rank(self) -> tuple[int, int]:
        """Return what jobs are ordered by."""
        return self.priority, self.order

    @property
    def ready(self) -> bool:
        """Return whether its reader takes what is written."""
        return not self.outbox.full

    @property
    def read(self) -> int:
        """Return the tokens that were computed since it got its place."""
        return len(self.sequence.tokens) - self.begun if self.sequence else 0

    @property
    def written(self) -> int:
        """Return the tokens of the reply so far."""
        return len(self.tokens) - self.prompt

    @property
    def next_piece(self) -> "Piece | None":
        """Return the piece of an image that is to be read next; None where a token is, or nothing."""
        held = len(self.sequence.tokens) if self.sequence else 0
        return self.pieces.get(self.tokens[held]) if held < len(self.tokens) else None

    def words(self, most: int) -> list[int]:
        """Return the next tokens to be read, at most *most*, up to the next image."""
        held = len(self.sequence.tokens) if self.sequence else 0
        ahead = self.tokens[held : held + most]
        return ahead[: next((n for n, token in enumerate(ahead) if token < 0), len(ahead))]

    @property
    def writing(self) -> bool:
        """Return whether all but the newest token is read."""
        held = len(self.sequence.tokens) if self.sequence else 0
        return self.written > 0 and held == len(self.tokens) - 1

    def told(self, deltas: list[TextDelta | ToolCall]) -> list[ChatDelta]:
        """Return *deltas*, the words among them with the tokens that were written since the last."""
        told: list[ChatDelta] = []
        for delta in deltas:
            if self.untold and isinstance(delta, TextDelta):
                delta = replace(delta, logprobs=tuple(self.untold))
            told.append(delta)
            self.untold.clear()
        return told

    def close(self) -> None:
        """Free the sampler; for the thread that owns the model."""
        if self.sampler:
            self.sampler.close()
            self.sampler = None
