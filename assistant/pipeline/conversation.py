"""What was said before, by conversation; in memory only, and only what was really heard."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from assistant.chat import ChatMessage
from assistant.config.schema import ConversationConfig
from assistant.skill import Ask
from assistant.speech import Recognition
from assistant.undo import Undo

__all__ = ["Account", "Conversation", "Conversations", "Exchange"]

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
    person: str = ""
    """Who asked; empty for somebody who is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How an answer came about: for whoever asks why, or says that something else was meant."""

    rung: str
    """Which rung of the ladder answered: `exact`, `several`, `paraphrase`, `answer`, `command`, `correction`, `chat`,
    `bigger`, `none`."""
    text: str
    """The sentence that was understood: what was said, or what that stood for."""
    language: str
    """BCP-47 tag of the sentence."""
    recognition: Recognition | None = None
    """What the intent engine said of it; None where no intent engine understood it."""
    skill: str = ""
    """The skill that answered; empty where none did."""
    model: str = ""
    """The chat model that answered; empty where none did."""
    instead_of: tuple[str, ...] = ()
    """Chat models that are preferred to it and did not answer."""
    tools: tuple[str, ...] = ()
    """The tools that it called, by name."""
    undo: Undo | None = None
    """Takes back what was done; None where nothing was, or it cannot be taken back."""
    acted: bool = False
    """Whether something was done that is more than an answer."""


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
    account: Account | None = None
    """How the last answer came about."""
    foreign: bool = False
    """Whether anything in it was written by others: an image, a web page, a mail."""
    offered: tuple[str, ...] = ()
    """The tools that the chat model was offered last, those that were needed last first."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one turn that may write."""

    def add(self, *messages: ChatMessage) -> None:
        """Append to the history."""
        self.keep((*self.messages, *messages))

    def ask(self, asks: Ask | None) -> None:
        """Note what this turn asks back, if anything: the next one is the answer, or is about something else."""
        self.asks = asks

    def settle(self, asked: Ask | None) -> None:
        """Drop what was asked back before this turn, unless the turn asked something itself."""
        if self.asks is asked:
            self.ask(None)

    def offer(self, tools: tuple[str, ...]) -> None:
        """Note which tools the chat model was offered."""
        self.offered = tools

    def explain(self, account: Account | None) -> None:
        """Note how the answer of this turn comes about."""
        self.account = account

    def mark_foreign(self) -> None:
        """Note that it holds what others wrote, until all of it is forgotten."""
        self.foreign = True

    def keep(self, messages: tuple[ChatMessage, ...]) -> None:
        """Replace the history."""
        self.messages = messages
        self.revision += 1
        self.foreign = self.foreign and bool(messages)

    def forget(self) -> None:
        """Forget all that was said, what was asked back, and how the last answer came about."""
        self.keep(())
        self.ask(None)
        self.explain(None)


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
            known = conversation.messages or conversation.asks or conversation.account
            if known and self._clock() - conversation.used > self._config.expiry:
                conversation.forget()
            try:
                yield conversation
            finally:
                conversation.used = self._clock()
                self._shorten(conversation)
                self._forget_oldest()

    @contextmanager
    def held(self, conversation: Conversation) -> Generator[None, None, None]:
        """Know a conversation of which somebody else keeps the history, for as long as it lasts."""
        self._known[conversation.key] = conversation
        try:
            yield
        finally:
            self._known.pop(conversation.key, None)

    def account(self, key: str) -> Account | None:
        """Return how the last answer of a conversation came about; None where nothing is known of it."""
        return self._known[key].account if key in self._known else None

    def asks(self, key: str) -> bool:
        """Tell whether the last turn of a conversation asked something back."""
        return key in self._known and self._known[key].asks is not None

    def heard(self, key: str) -> str:
        """Return what was heard last of the assistant in a conversation; empty where nothing was."""
        messages = self._known[key].messages if key in self._known else ()
        return next((message.text for message in reversed(messages) if message.role == "assistant"), "")

    def forget(self) -> None:
        """Forget all that was said. A turn that is going on goes on, and remembers only itself."""
        for conversation in self._known.values():
            conversation.forget()

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
