"""Prefixes of conversations that nobody goes on with at the moment, outside of the KV cache.

Attention looks at every cell up to the last one that is used, also at those of others: with eight idle conversations
in the cache SmolLM2-135M writes 5 % fewer tokens a second. A copy outside costs 23 KB a token, and comes back in
milliseconds.
"""

from collections.abc import Sequence as Tokens
from dataclasses import dataclass

from assistant_llama_cpp.sequences import reusable

__all__ = ["Parked", "Prefix"]


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """What a sequence held."""

    tokens: list[int]
    """From position 0 on."""
    conversation: str
    """Whose it is; may be empty."""
    state: bytes
    """What llama.cpp holds for it."""


class Parked:
    """Keep prefixes of at most *limit* bytes together; those that were unused for longest go first."""

    def __init__(self, limit: int, divisible: bool) -> None:
        self._limit = limit
        self._divisible = divisible
        self._kept: list[Prefix] = []

    def takes(self, size: int) -> bool:
        """Tell whether a state of *size* bytes is small enough: one that fills half of the room would cost too many."""
        return 0 < size <= self._limit // 2

    def keep(self, prefix: Prefix) -> None:
        """Keep a prefix, in the place of what it goes on from and of what its conversation had before."""
        self._kept = [other for other in self._kept if not _replaces(prefix, other)]
        self._kept.append(prefix)
        while sum(len(kept.state) for kept in self._kept) > self._limit:
            del self._kept[0]

    def find(self, prompt: Tokens[int]) -> tuple[Prefix, int] | None:
        """Return the prefix of which most tokens need not be read again for *prompt*, and how many; None for none."""
        prompt = list(prompt)
        found = [(reusable(kept.tokens, prompt, self._divisible), kept) for kept in self._kept]
        count, best = max(found, key=lambda item: item[0], default=(0, None))
        if best is None or not count:
            return None
        self._kept.remove(best)
        self._kept.append(best)
        return best, count

    def drop(self, prefix: Prefix) -> None:
        """Keep a prefix no longer."""
        self._kept.remove(prefix)


def _replaces(new: Prefix, old: Prefix) -> bool:
    same = bool(new.conversation) and new.conversation == old.conversation
    return same or (not old.conversation and new.tokens[: len(old.tokens)] == old.tokens)
