"""Sentences of one's own that were learnt to mean one that is understood."""

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Learnt", "Paraphrase"]


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """What somebody once confirmed: by the one they mean the other."""

    text: str
    """What is said, plain: lower case, without punctuation."""
    language: str
    """Main tag of the language, such as `en`."""
    sentence: str
    """What is meant by it: a sentence that an intent engine understands."""
    started: float
    """Seconds since the epoch at which it was learnt."""
    uses: int = 0
    """How often it was said since."""


class Learnt(Protocol):
    """Where paraphrases are kept."""

    async def find(self, text: str, language: str) -> Paraphrase | None:
        """Return what was learnt of *text*, plain; raises ServiceError."""
        ...

    async def all(self) -> list[Paraphrase]:
        """Return all that was learnt, the newest first; raises ServiceError."""
        ...

    async def learn(self, text: str, language: str, sentence: str, person: str = "") -> None:
        """Keep what a person means by *text*, plain; raises ServiceError."""
        ...

    def use(self, paraphrase: Paraphrase) -> None:
        """Note soon that it was said once more."""
        ...
