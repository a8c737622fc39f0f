"""One response: the answer as it is sent, and how it ends."""

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Literal

from assistant.chat import ToolCall, Usage
from assistant.http.openai.dialect import fault
from assistant.http.realtime.answering import Ending
from assistant.http.realtime.items import Item, Items
from assistant.http.realtime.settings import Settings
from assistant.http.realtime.sink import ClientSink
from assistant.http.realtime.wire import Wire, new_id, problem_with
from assistant.pipeline.playback import Playback, Spoken

__all__ = ["Response"]

log = logging.getLogger(__name__)

Reason = Literal["turn_detected", "client_cancelled"]


class Response:
    """An answer on its way to the client, who knows it by the *metadata* it gave, if it gave any."""

    def __init__(self, wire: Wire, items: Items, settings: Settings, metadata: Mapping[str, str] | None = None) -> None:
        self.id = new_id("resp")
        """What it is called."""
        self.ended = asyncio.Event()
        """Set by whoever runs it, once all of it was told."""
        self.cancelled: Reason | None = None
        """Why it ended early; None where it does not."""
        self.failure: BaseException | None = None
        """What went wrong with it."""
        self.follows: Response | None = None
        """The response before, of which the end is told first."""
        self._wire = wire
        self._items = items
        self._settings = settings
        self._metadata = metadata
        self._output: list[Item] = []
        self._message: Item | None = None
        self._playback = Playback()
        self._words: list[str] = []
        self._sending: asyncio.Task[None] | None = None

    def cancel(self, reason: Reason) -> None:
        """Send no more of it."""
        self.cancelled = self.cancelled or reason
        if self._sending is not None:
            self._sending.cancel()

    async def run(self, spoken: AsyncGenerator[Spoken, None], ending: Ending) -> None:
        """Send *spoken* to its end, or until it is cancelled, and tell how it ended; raises ConnectionError."""
        if self.follows is not None:
            await self.follows.ended.wait()
            self.follows = None
        await self._wire.send("response.created", response=self._shown("in_progress", None, None))
        self._sending = asyncio.create_task(self._send(spoken), name=f"response {self.id}")
        if self.cancelled:
            self._sending.cancel()
        try:
            await asyncio.wait({self._sending})
        finally:
            self._sending.cancel()
            await asyncio.wait({self._sending})
        self.failure = None if self._sending.cancelled() else self._sending.exception()
        await self._finish(ending, self.failure)

    @property
    def heard(self) -> str:
        """Return its words, once it has ended, as far as they were heard."""
        return self._message.words if self._message is not None else ""

    async def _send(self, spoken: AsyncGenerator[Spoken, None]) -> None:
        sink = ClientSink(self._sound, self._settings.says)
        async with aclosing(spoken), aclosing(self._playback.play(sink, self._told(spoken))) as progress:
            async for _ in progress:
                pass

    async def _told(self, spoken: AsyncGenerator[Spoken, None]) -> AsyncGenerator[Spoken, None]:
        """Yield *spoken*, having told the words that begin with each piece."""
        async for piece in spoken:
            if self._message is None:
                await self._begin_message()
            if piece.clause:
                blank = " " if self._words and not self._settings.written else ""
                self._words.append(blank + piece.clause)
                await self._part(f"{self._medium}.delta", delta=blank + piece.clause)
            yield piece

    async def _sound(self, audio: bytes) -> None:
        await self._part("output_audio.delta", delta=base64.b64encode(audio).decode())

    @property
    def _medium(self) -> str:
        return "output_text" if self._settings.written else "output_audio_transcript"

    async def _part(self, kind: str, **fields: Any) -> None:
        """Tell something of the message."""
        assert self._message is not None
        where = {"item_id": self._message.id, "output_index": 0, "content_index": 0}
        await self._wire.send(f"response.{kind}", response_id=self.id, **where, **fields)

    async def _begin_message(self) -> None:
        self._message = Item(role="assistant", spoken=not self._settings.written, status="in_progress")
        if not self._settings.written:
            self._message.playback = self._playback
        await self._begin(self._message)
        await self._part("content_part.added", part=self._content(""))

    async def _end_message(self, message: Item, *, whole: bool) -> None:
        said = "".join(self._words)
        message.say(self._heard(message, said))
        message.status = "completed" if whole else "incomplete"
        self._items.keep()
        if self._settings.written:
            await self._part("output_text.done", text=said)
        else:
            await self._part("output_audio.done")
            await self._part("output_audio_transcript.done", transcript=said)
        await self._part("content_part.done", part=self._content(said))
        await self._end(message)

    def _heard(self, message: Item, said: str) -> str:
        """Return what was heard, by the client, or else no more than there was time for where it was cancelled."""
        if message.heard is not None:
            return self._playback.heard_until(message.heard)
        if self._settings.written or not self.cancelled:
            return said
        if self._playback.began is None:
            return ""  # its sound was still to be made
        return self._playback.heard_until(asyncio.get_running_loop().time() - self._playback.began)

    def _content(self, words: str) -> dict[str, str]:
        return {"type": "text", "text": words} if self._settings.written else {"type": "audio", "transcript": words}

    async def _begin(self, item: Item) -> None:
        """Tell of a new item, which is not known yet."""
        self._output.append(item)
        before, shown = self._items.add(item), item.shown(beta=self._wire.beta)
        index = len(self._output) - 1
        await self._wire.send("response.output_item.added", response_id=self.id, output_index=index, item=shown)
        await self._wire.send("conversation.item.added", previous_item_id=before, item=shown)

    async def _end(self, item: Item) -> None:
        """Tell of an item that it is whole, or will not be."""
        index, shown = self._output.index(item), item.shown(beta=self._wire.beta)
        await self._wire.send("response.output_item.done", response_id=self.id, output_index=index, item=shown)
        await self._wire.send("conversation.item.done", previous_item_id=self._items.before(item), item=shown)

    async def _call(self, call: ToolCall) -> None:
        """Leave a call to the client."""
        item = Item(role="assistant", parts=(call,), status="in_progress")
        await self._begin(item)
        item.status = "completed"
        arguments = item.shown(beta=False)["arguments"]
        where = {"item_id": item.id, "output_index": len(self._output) - 1, "call_id": call.call_id}
        kind = "response.function_call_arguments"
        await self._wire.send(f"{kind}.delta", response_id=self.id, **where, delta=arguments)
        await self._wire.send(f"{kind}.done", response_id=self.id, **where, name=call.name, arguments=arguments)
        await self._end(item)

    async def _finish(self, ending: Ending, failure: BaseException | None) -> None:
        if isinstance(failure, ConnectionError):
            raise failure
        whole = not self.cancelled and failure is None
        if self._message is not None:
            await self._end_message(self._message, whole=whole)
        if whole:
            for call in ending.calls:
                await self._call(call)
        if failure is not None:
            log.error("the response %s failed: %s: %s", self.id, type(failure).__name__, failure)
        status, details = self._outcome(ending, failure)
        usage = ending.done.usage if ending.done else None
        await self._wire.send("response.done", response=self._shown(status, details, usage))

    def _outcome(self, ending: Ending, failure: BaseException | None) -> tuple[str, dict[str, Any] | None]:
        if self.cancelled:
            return "cancelled", {"type": "cancelled", "reason": self.cancelled}
        if failure is not None:
            told = fault(problem_with(failure))
            error = {"type": told.type, "code": told.code, "message": told.message}
            return "failed", {"type": "failed", "error": error}
        if ending.done is not None and ending.done.reason == "length":
            return "incomplete", {"type": "incomplete", "reason": "max_output_tokens"}
        return "completed", None

    def _shown(self, status: str, details: dict[str, Any] | None, usage: Usage | None) -> dict[str, Any]:
        written, beta = self._settings.written, self._wire.beta
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [item.shown(beta=beta) for item in self._output],
            "conversation_id": self._items.conversation.key,
            "modalities" if beta else "output_modalities": ["text"] if written else ["audio"],
            "metadata": self._metadata,
            "usage": _usage(usage),
        }


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "input_token_details": {"cached_tokens": usage.cached_tokens, "text_tokens": usage.prompt_tokens},
        "output_token_details": {"text_tokens": usage.completion_tokens},
    }
