"""What happens during turns, told to whoever wants to know, and never at the cost of the turn."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["CONTENT", "EventBus", "EventType", "TurnEvent"]

log = logging.getLogger(__name__)


class EventType(StrEnum):
    """Home Assistant's names of the events of a pipeline run, Wyoming's of timers; and our own of all around them."""

    RUN_START = "run-start"
    RUN_END = "run-end"
    WAKE_WORD_START = "wake_word-start"
    WAKE_WORD_END = "wake_word-end"
    STT_START = "stt-start"
    STT_VAD_START = "stt-vad-start"
    STT_VAD_END = "stt-vad-end"
    STT_END = "stt-end"
    INTENT_START = "intent-start"
    INTENT_PROGRESS = "intent-progress"
    INTENT_END = "intent-end"
    TOOL_START = "tool-start"
    TOOL_END = "tool-end"
    TTS_START = "tts-start"
    TTS_END = "tts-end"
    ERROR = "error"
    DEVICE_CHANGED = "device-changed"
    PROVIDER_CHANGED = "provider-changed"
    TIMER_STARTED = "timer-started"
    TIMER_UPDATED = "timer-updated"
    TIMER_FINISHED = "timer-finished"
    TIMER_CANCELLED = "timer-cancelled"


CONTENT = frozenset({"text", "delta", "reply", "arguments"})
"""Keys of `TurnEvent.data` that show what was said."""


@dataclass(frozen=True, slots=True)
class TurnEvent:
    """Something happened in a turn."""

    type: EventType
    """What happened."""
    turn: str
    """Which turn; empty for what belongs to a device (waiting for a wake word)."""
    device: str
    """Where: a device's or a door's name."""
    timestamp: float
    """Seconds since the epoch."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """More of it, JSON values only; the keys named in `CONTENT` show what was said."""


class EventBus:
    """Hand every event to every subscriber; a slow one loses its oldest events and is told how many."""

    def __init__(self, backlog: int = 256) -> None:
        self._backlog = backlog
        self._subscribers: set[_Subscriber] = set()
        self.lost = 0
        """Events that a subscriber was too slow for, of all subscribers."""

    def publish(self, event: TurnEvent) -> None:
        """Hand *event* to all who listen now. Never waits."""
        for subscriber in self._subscribers:
            self.lost += subscriber.put(event)

    async def subscribe(self) -> AsyncGenerator[TurnEvent, None]:
        """Yield the events published from the first step on, until closed."""
        subscriber = _Subscriber(self._backlog)
        self._subscribers.add(subscriber)
        try:
            while True:
                yield await subscriber.get()
        finally:
            self._subscribers.discard(subscriber)


class _Subscriber:
    def __init__(self, backlog: int) -> None:
        self._events: deque[TurnEvent] = deque(maxlen=backlog)
        self._arrived = asyncio.Event()
        self._lost = 0

    def put(self, event: TurnEvent) -> bool:
        """Take an event; return whether the oldest is lost for it."""
        if losing := len(self._events) == self._events.maxlen:
            self._lost += 1
            if self._lost == 1:
                log.warning("a subscriber of turn events is too slow and loses the oldest")
        self._events.append(event)
        self._arrived.set()
        return losing

    async def get(self) -> TurnEvent:
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        if self._lost:
            log.warning("a subscriber of turn events lost %d", self._lost)
            self._lost = 0
        return self._events.popleft()
