"""Which sequence of the KV cache a request takes, and how much of it can stay: bookkeeping without native code."""

from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field

__all__ = ["Claim", "PrefixCache", "Sequence", "common_prefix", "reusable"]


def common_prefix(one: Tokens[int], other: Tokens[int]) -> int:
    """Return how many tokens two sequences start with in common."""
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def reusable(held: Tokens[int], prompt: Tokens[int], divisible: bool) -> int:
    """Return how many of the tokens *held* need not be read again for *prompt*, of which the last always is."""
    same = min(common_prefix(held, prompt), len(prompt) - 1)
    return same if divisible or same == len(held) else 0


@dataclass(slots=True, eq=False)
class Sequence:
    """A row of the KV cache."""

    id: int
    """What llama.cpp calls it."""
    tokens: list[int] = field(default_factory=list)
    """What the cache holds, from position 0 on."""
    conversation: str = ""
    """Whose prefix it is."""
    used: int = 0
    """When it was last claimed or released; larger is later."""
    busy: bool = False
    """Whether a reply is being written into it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sequence for a request."""

    sequence: Sequence
    """The one to write into; its `tokens` are what it will hold once the cache is brought in line."""
    source: Sequence
    """Where they are taken from: another sequence, or this one, cut behind them."""

    @property
    def cached(self) -> int:
        """Return the tokens that need not be read."""
        return len(self.sequence.tokens)


class PrefixCache:
    """Hand out *count* sequences; a whole prefix is kept where its tokens stay the same.

    *divisible* is False for models with a recurrent state: of these a prefix can be kept whole, but not cut.
    """

    def __init__(self, count: int, divisible: bool = True) -> None:
        self.sequences = [Sequence(n) for n in range(count)]
        self._divisible = divisible
        self._clock = 0

    def claim(self, tokens: Tokens[int], conversation: str) -> Claim:
        """Choose the sequence for a prompt of *tokens* and mark it busy. The last token is never taken as cached:
        reading it is what starts the reply.
        """
        prompt = list(tokens)
        found = [
            (
                reusable(s.tokens, prompt, self._divisible),
                bool(s.conversation) and s.conversation == conversation,
                s.used,
                -s.id,
                s,
            )
            for s in self.sequences
        ]
        cached, _, _, _, source = max(found, key=lambda item: item[:4])
        target = self._target(source, cached, conversation)
        if not cached:
            source = target
        kept = source.tokens[:cached]
        target.tokens, target.conversation, target.busy = kept, conversation, True
        self._touch(target)
        return Claim(target, source)

    def release(self, sequence: Sequence) -> None:
        """Keep a sequence for the next turn."""
        sequence.busy = False
        self._touch(sequence)

    def resting(self) -> list[Sequence]:
        """Return what is idle, that which was unused for longest first, without the one that was used last."""
        return sorted((s for s in self.sequences if not s.busy and s.tokens), key=lambda s: s.used)[:-1]

    def evict(self) -> Sequence | None:
        """Give up the prefix that was unused for longest and return its sequence, or None if there is none."""
        idle = [s for s in self.sequences if not s.busy and s.tokens]
        if not idle:
            return None
        oldest = min(idle, key=lambda s: s.used)
        self.forget(oldest)
        return oldest

    def forget(self, sequence: Sequence) -> None:
        """Take a sequence for empty, as after an error."""
        sequence.tokens, sequence.conversation, sequence.used = [], "", 0

    def _target(self, source: Sequence, cached: int, conversation: str) -> Sequence:
        idle = [s for s in self.sequences if not s.busy]
        if not idle:
            raise RuntimeError("more sequences are claimed than there are")
        for own in idle:
            if conversation and own.conversation == conversation:
                return own
        if source in idle and not source.conversation and cached == len(source.tokens):
            return source  # the next turn of a nameless conversation: nothing in it would be lost
        return min(idle, key=lambda s: (s is source, s.used))

    def _touch(self, sequence: Sequence) -> None:
        self._clock += 1
        sequence.used = self._clock
