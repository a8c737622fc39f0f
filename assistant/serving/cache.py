"""Replies that were written before, for programs that ask the same again.

Only what cannot come out otherwise is kept, unless a program asks for more: text alone, likeliest token by likeliest
token. What people say to the assistant never comes here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256

import msgspec

from assistant.chat import ChatRequest, Done, Priority, TextPart

__all__ = ["Cache", "Kept"]

_ENTRY = 600
"""Bytes of a kept reply beside its text: the key, the numbers, the place in the order (measured with tracemalloc)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply that is complete."""

    text: str
    """Its words."""
    end: Done
    """Why it ended, and what it cost when it was written."""


Keep = Callable[[Kept], None]


class Cache:
    """Keep replies for a while, up to a size; of more, those go that were not asked for the longest."""

    def __init__(
        self,
        size: int,
        lifetime: float,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        self.used = 0
        """Bytes that are taken, of at most *size*."""
        self.hits = self.misses = 0
        """How often a reply was there that could have been, and how often it was not."""
        self._size = size
        self._lifetime = lifetime
        self._clock = clock
        self._kept = OrderedDict[str, tuple[Kept, float]]()
        self._making = dict[str, asyncio.Event]()

    def key(self, model: str, request: ChatRequest, asker: str, *, drawn: bool) -> str:
        """Return what names the reply of a model to a request; empty where it is not to be kept.

        Nobody is given, or can notice, what another *asker* was told. *drawn* says that a reply which would come out
        otherwise the next time is kept, too.
        """
        parts = {type(part) for message in request.messages for part in message.parts}
        plain = parts <= {TextPart} and not request.tools and request.logprobs is None
        if not self._size or not plain or not (drawn or request.sampling.temperature == 0):
            return ""
        asked = replace(request, conversation="", priority=Priority.API)
        return sha256(msgspec.msgpack.encode((asker, model, asked))).hexdigest()

    async def find(self, key: str) -> Kept | None:
        """Return a reply that is kept; where it is just being written, once it is, or once that came to nothing."""
        if making := self._making.get(key):
            await making.wait()
        kept = self._look(key)
        if kept is None:
            self.misses += 1
        else:
            self.hits += 1
        return kept

    @contextmanager
    def making(self, key: str) -> Iterator[Keep]:
        """Let who wants the same wait within the context; what it gives keeps the reply."""
        over = self._making[key] = asyncio.Event()

        def keep(kept: Kept) -> None:
            if self._making.get(key) is over:  # nothing was forgotten meanwhile
                self._keep(key, kept)

        try:
            yield keep
        finally:
            over.set()
            if self._making.get(key) is over:
                del self._making[key]

    def forget(self) -> None:
        """Forget every reply, and those that are being written."""
        self._kept.clear()
        self._making.clear()
        self.used = 0

    def _look(self, key: str) -> Kept | None:
        if key not in self._kept:
            return None
        kept, end = self._kept[key]
        if self._clock() >= end:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: str, kept: Kept) -> None:
        if key in self._kept:
            self._drop(key)
        size = _size(kept)
        if size > self._size:
            return
        self._kept[key] = kept, self._clock() + self._lifetime
        self.used += size
        while self.used > self._size:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        kept, _ = self._kept.pop(key)
        self.used -= _size(kept)


def _size(kept: Kept) -> int:
    return _ENTRY + len(kept.text.encode())
