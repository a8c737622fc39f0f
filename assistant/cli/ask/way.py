"""What a question is, what comes of it, and who may be asked."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.audio import AudioChunk
from assistant.speech import Transcript
from assistant.vision import Image

__all__ = ["Piece", "Question", "Told", "Way"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked in one turn."""

    text: str
    """The words."""
    language: str = ""
    """BCP-47 tag of the language that was heard; empty where nothing tells."""
    images: tuple[Image, ...] = ()
    """What it is about."""
    sounding: bool = False
    """Whether the answer is wanted as sound, too."""


@dataclass(frozen=True, slots=True)
class Told:
    """How an answer came about: the last that comes of a question."""

    turn: str
    """The turn's name in events and receipts."""
    models: Mapping[str, str]
    """Who did what, by the work."""
    parts: Mapping[str, float]
    """Seconds, by stage."""
    asks: bool
    """Whether something is asked back."""


Piece = str | AudioChunk | Told
"""More words of an answer, more of its sound, or how it came about."""


class Way(Protocol):
    """Who answers: a running daemon, or engines of this process. The turns asked of one are a conversation."""

    async def heard(self, recording: Path, language: str) -> Transcript:
        """Return what is said in a WAV file; the assistant's language counts where none is given."""
        ...

    def answer(self, question: Question) -> AsyncGenerator[Piece, None]:
        """Yield what comes of a question."""
        ...
