"""What was said before, by conversation; in memory only, and only what was really heard."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from assistant.chat import ChatMessage
from assistant.config.schema import ConversationConfig
from assistant.skill import Ask

__all__ = ["Conversation", "Conversations", "Exchange"]

_MOST = 256
"""Conversations that are remembered at once; the longest unused goes first."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said in a turn, and what was heard of the answer."""

    turn: str
    """The turn's name in events and receipts."""
    started: float
    """Seconds since the epoch."""
    device: str
    """Where: a device's or a door's name."""
    assistant: str
    """Who answered."""
    said: str
    """The question."""
    heard: str
    """The answer, as far as it was heard or read."""


@dataclass
class Conversation:
    """The history of one conversation. Only the holder of its turn writes."""

    key: str
    """Assistant and device, or a door's own id."""
    messages: tuple[ChatMessage, ...] = ()
    """Oldest first, without the system prompt."""
    revision: int = 0
    """Grows with each write: a draft made on an older one is worthless."""
    used: float = 0.0
    """Seconds on the clock of the loop at which the last turn ended."""
    asks: Ask | None = None
    """What the assistant asked back in its last turn."""
    foreign: bool = False
    """Whether anything in it was written by others: an image, a web page, a mail."""
    offered: frozenset[str] = frozenset()
    """The tools that the chat model was offered last."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one turn that may write."""

    def add(self, *messages: ChatMessage) -> None:
        """Append to the history."""
        self.keep((*self.messages, *messages))

    def ask(self, asks: Ask | None) -> None:
        """Note what this turn asks back, if anything: the next one is the answer, or is about something else."""
        self.asks = asks

    def mark_foreign(self) -> None:
        """Note that it holds what others wrote, until all of it is forgotten."""
        self.foreign = True

    def keep(self, messages: tuple[ChatMessage, ...]) -> None:
        """Replace the history."""
        self.messages = messages
        self.revision += 1
        self.foreign = self.foreign and bool(messages)


class Conversations:
    """Find conversations by key; forget those that have been quiet for long."""

    def __init__(self, config: ConversationConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._known: dict[str, Conversation] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncGenerator[Conversation, None]:
        """Hold the one turn of a conversation that may write its history."""
        conversation = self._known.setdefault(key, Conversation(key))
        async with conversation.turn:
            known = conversation.messages or conversation.asks
            if known and self._clock() - conversation.used > self._config.expiry:
                conversation.keep(())
                conversation.ask(None)
            asked = conversation.asks
            try:
                yield conversation
            finally:
                if conversation.asks is asked:
                    conversation.ask(None)  # this was the turn that could have answered it
                conversation.used = self._clock()
                self._shorten(conversation)
                self._forget_oldest()

    def forget(self) -> None:
        """Forget all that was said. A turn that is going on goes on, and remembers only itself."""
        for conversation in self._known.values():
            conversation.keep(())
            conversation.ask(None)

    def _shorten(self, conversation: Conversation) -> None:
        """Drop the older half at once: dropping one message a turn would spoil the prefix cache each time."""
        if len(conversation.messages) > self._config.messages:
            kept = conversation.messages[-(self._config.messages // 2) :]
            first = next((at for at, message in enumerate(kept) if message.role == "user"), len(kept))
            conversation.keep(kept[first:])

    def _forget_oldest(self) -> None:
        idle = [known for known in self._known.values() if not known.turn.locked()]
        for conversation in sorted(idle, key=lambda known: known.used)[: max(0, len(self._known) - _MOST)]:
            del self._known[conversation.key]
