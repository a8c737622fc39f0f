"""What a turn has to answer."""

from dataclasses import dataclass, replace
from typing import Self

from assistant.chat import ChatMessage, ChatRequest, TextPart
from assistant.pipeline.conversation import Conversation

__all__ = ["Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """The words of a person, with all that belongs to them."""

    request: ChatRequest
    """What a chat model would be asked; the words are its last message."""
    language: str
    """BCP-47 tag of the language in which it is answered."""
    conversation: Conversation
    """Where it was asked."""

    @property
    def text(self) -> str:
        """Return the words; empty where somebody else than a person spoke last."""
        messages = self.request.messages
        return messages[-1].text if messages and messages[-1].role == "user" else ""

    def saying(self, text: str) -> Self:
        """Return the same question in other words."""
        *before, last = self.request.messages
        parts = (*(part for part in last.parts if not isinstance(part, TextPart)), TextPart(text))
        return replace(self, request=replace(self.request, messages=(*before, ChatMessage(last.role, parts))))
