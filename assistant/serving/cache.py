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

from assistant.chat import ChatMessage, ChatRequest, Done, Priority, TextPart
from assistant.serving.gist import gist

__all__ = ["Cache", "Kept", "Key"]

_ENTRY = 600
"""Bytes of a kept reply beside its text: the key, the numbers, the place in the order (measured with tracemalloc)."""
_LIKE = 400
"""Bytes beside its text of the question that it answers, which is found by what it says (measured so, too)."""


@dataclass(frozen=True, slots=True)
class Key:
    """What names the reply of a model to a request."""

    exact: str
    """The same for requests that are the same."""
    like: str = ""
    """The same for those that differ only in how their last question is put; empty for one that can be put one way."""
    question: str = ""
    """How it is put here."""
    language: str = ""
    """In which language."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply that is complete."""

    text: str
    """Its words."""
    end: Done
    """Why it ended, and what it cost when it was written."""
    question: str = ""
    """How the question was put; empty where nobody looks for the same put otherwise."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kept: Kept
    like: str
    end: float
    """When it is over, on the clock of the loop."""


Keep = Callable[[str, Done], None]


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
        self.hits = self.likes = self.misses = 0
        """How often a reply was there that could have been: to the same request, to the same question put otherwise,
        and how often none."""
        self._size = size
        self._lifetime = lifetime
        self._clock = clock
        self._kept = OrderedDict[str, _Entry]()
        self._alike = dict[str, str]()
        self._making = dict[str, asyncio.Event]()

    def key(self, model: str, request: ChatRequest, asker: str, *, drawn: bool, like: bool = False) -> Key | None:
        """Return what names the reply of a model to a request; None where it is not to be kept.

        Nobody is given, or can notice, what another *asker* was told. *drawn* says that a reply which would come out
        otherwise the next time is kept, too; *like* that it may answer the same question put otherwise.
        """
        parts = {type(part) for message in request.messages for part in message.parts}
        plain = parts <= {TextPart} and not request.tools and request.logprobs is None
        if not self._size or not plain or not (drawn or request.sampling.temperature == 0):
            return None
        asked = replace(request, conversation="", priority=Priority.API)
        exact = _digest("same", asker, model, asked)
        *before, last = request.messages or (ChatMessage.of("user", ""),)
        said = gist(last.text) if like and last.role == "user" else None
        if said is None:
            return Key(exact)
        alike = _digest("like", asker, model, replace(asked, messages=tuple(before)), said)
        return Key(exact, alike, last.text, said.language)

    async def find(self, key: Key) -> Kept | None:
        """Return a reply that is kept; where it is just being written, once it is, or once that came to nothing."""
        if making := self._making.get(key.exact):
            await making.wait()
        return self._look(key.exact)

    def find_like(self, key: Key) -> Kept | None:
        """Return the newest reply that is kept to the same question, put otherwise."""
        return self._look(self._alike.get(key.like, ""))

    @contextmanager
    def making(self, key: Key) -> Iterator[Keep]:
        """Let who wants the same wait within the context; what it gives keeps the reply."""
        over = self._making[key.exact] = asyncio.Event()

        def keep(text: str, end: Done) -> None:
            if self._making.get(key.exact) is over:  # nothing was forgotten meanwhile
                kept = Kept(text, end, key.question)
                self._keep(key.exact, _Entry(kept, key.like, self._clock() + self._lifetime))

        try:
            yield keep
        finally:
            over.set()
            if self._making.get(key.exact) is over:
                del self._making[key.exact]

    def forget(self) -> None:
        """Forget every reply, and those that are being written."""
        self._kept.clear()
        self._alike.clear()
        self._making.clear()
        self.used = 0

    def _look(self, exact: str) -> Kept | None:
        if (entry := self._kept.get(exact)) is None:
            return None
        if self._clock() >= entry.end:
            self._drop(exact)
            return None
        self._kept.move_to_end(exact)
        return entry.kept

    def _keep(self, exact: str, entry: _Entry) -> None:
        if exact in self._kept:
            self._drop(exact)
        size = _size(entry)
        if size > self._size:
            return
        self._kept[exact] = entry
        if entry.like:
            self._alike[entry.like] = exact
        self.used += size
        while self.used > self._size:
            self._drop(next(iter(self._kept)))

    def _drop(self, exact: str) -> None:
        entry = self._kept.pop(exact)
        if self._alike.get(entry.like) == exact:
            del self._alike[entry.like]
        self.used -= _size(entry)


def _digest(*parts: object) -> str:
    return sha256(msgspec.msgpack.encode(parts)).hexdigest()


def _size(entry: _Entry) -> int:
    like = _LIKE + len(entry.kept.question.encode()) if entry.like else 0
    return _ENTRY + like + len(entry.kept.text.encode())
