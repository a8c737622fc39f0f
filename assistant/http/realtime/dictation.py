"""What was said, in words: how many utterances wait for them, and how the client is told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from assistant.errors import AssistantError
from assistant.http.openai.dialect import fault
from assistant.http.problem import Problem
from assistant.http.realtime.items import Item, Items
from assistant.http.realtime.wire import Wire, problem_with
from assistant.speech import Transcript

__all__ = ["Dictation"]

log = logging.getLogger(__name__)

_UNHEARD = 8
"""Utterances that may wait for a recogniser."""
_KIND = "conversation.item.input_audio_transcription"


class Dictation:
    """The utterances of a session that are being written down."""

    def __init__(self, wire: Wire, items: Items) -> None:
        self.language = ""
        """BCP-47 tag of the language that was heard last; empty before."""
        self._wire = wire
        self._items = items
        self._room = asyncio.Semaphore(_UNHEARD)
        self._waiting: set[asyncio.Event] = set()

    def check(self) -> None:
        """Raise Problem where no further utterance may wait."""
        if self._room.locked():
            raise Problem(429, "too_many", f"{_UNHEARD} utterances wait to be transcribed", "wait for them")

    async def place(self) -> None:
        """Wait for a place, which `write` gives back."""
        await self._room.acquire()

    async def write(self, item: Item, seconds: float, hear: Callable[[], Awaitable[Transcript]]) -> str:
        """Tell the words of an item, and return them; empty where there are none, or they could not be understood."""
        known = asyncio.Event()
        self._waiting.add(known)
        where = {"item_id": item.id, "content_index": 0}
        try:
            heard = await hear()
            item.say(heard.text)
            self.language = heard.language
            self._items.keep()
            if heard.text:
                await self._wire.send(f"{_KIND}.delta", **where, delta=heard.text)
            usage = {"type": "duration", "seconds": round(seconds, 3)}
            await self._wire.send(f"{_KIND}.completed", **where, transcript=heard.text, usage=usage)
            return heard.text
        except AssistantError as error:
            log.error("the transcription of %s failed: %s", item.id, error)
            told = fault(problem_with(error))
            reason = {"type": told.type, "code": told.code, "message": told.message}
            await self._wire.send(f"{_KIND}.failed", **where, error=reason)
            return ""
        finally:
            self._room.release()
            known.set()
            self._waiting.discard(known)

    async def written(self) -> None:
        """Wait until the words are known of all that was said until now."""
        for known in list(self._waiting):
            await known.wait()
