"""One conversation by voice with one client: what it wants, what is heard, what is answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from assistant.audio import AudioChunk
from assistant.http.problem import Problem
from assistant.http.realtime import requests
from assistant.http.realtime.answering import Ending, answering, unanswered
from assistant.http.realtime.buffer import Buffer
from assistant.http.realtime.dictation import Dictation
from assistant.http.realtime.hearing import utterance
from assistant.http.realtime.items import Item, Items
from assistant.http.realtime.party import Party
from assistant.http.realtime.permit import Permit
from assistant.http.realtime.report import Report
from assistant.http.realtime.response import Response
from assistant.http.realtime.settings import SemanticVad, ServerVad, Settings
from assistant.http.realtime.shown import shown
from assistant.http.realtime.wire import Wire, new_id, problem_with
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.draft import Draft, Drafts
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.question import Question
from assistant.pipeline.utterance import Utterance, transcribe
from assistant.serving import Generation

__all__ = ["Session"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_SHORTEST = 0.1
"""Seconds of sound that can be committed."""
_PAUSE = 1.0
"""Seconds after which a session listens anew where listening failed; twice as long each time that it goes on to."""
_LONGEST_PAUSE = 10.0
"""Seconds that it is at most."""


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """An utterance on its way to an answer."""

    item: Item
    """What it is to the client."""
    report: Report
    """What is told of its turn."""
    settings: Settings
    """What the session was set to."""
    drafts: Drafts
    """Where its answer is made."""
    ending: Ending
    """What the answer comes to beside its words."""
    permit: Permit
    """Leave to answer it."""

    async def close(self) -> None:
        """End all work for it, and tell that its turn has ended."""
        try:
            await self.drafts.close()
        finally:
            self.report.end()


class Session:
    """The session; *ask* raises Problem where no further response may be made. Every task ends with `close`."""

    def __init__(
        self,
        wire: Wire,
        party: Party,
        generation: Generation,
        ask: Callable[[], None],
        *,
        transcribes: bool = False,
    ) -> None:
        self._wire = wire
        self._party = party
        self._generation = generation
        self._ask = ask
        self._id = new_id("sess")
        self._settings = replace(party.settings, transcribes=transcribes)
        self._items = Items()
        self._dictation = Dictation(wire, self._items)
        self._buffer = Buffer(asyncio.get_running_loop().time())
        self._response: Response | None = None
        self._interruptions = 0
        self._speaking = False
        self._spoke_at = 0.0
        self._listening: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._followed: set[_Heard] = set()

    @property
    def conversation(self) -> Conversation:
        """Return what was said so far."""
        return self._items.conversation

    async def begin(self) -> None:
        """Tell what the session is, and listen."""
        await self._tell("session.created")
        self._listen()

    async def take(self, data: str | bytes) -> None:
        """Do what an event of the client's asks for, or tell why not; raises ConnectionError."""
        try:
            await self._do(requests.read_event(data))
        except Exception as error:
            if isinstance(error, ConnectionError):
                raise
            if (problem := problem_with(error)).code == "internal_error":
                log.exception("an event of a realtime session failed")
            await self._wire.fault(problem, requests.id_of(data))

    async def close(self) -> None:
        """End all work."""
        for task in self._tasks:
            task.cancel()
        try:
            if self._tasks:
                await asyncio.wait(self._tasks)
        finally:  # what follows an utterance may have been ended before it began
            await asyncio.gather(*(heard.close() for heard in self._followed))

    async def _do(self, event: requests.Event) -> None:
        match event:
            case requests.UpdateSession(session=change):
                await self._set(self._settings.changed(change))
            case requests.UpdateTranscription(session=change):
                if not self._settings.transcribes:
                    hint = "open it with `intent=transcription`"
                    raise Problem(400, "unsupported", "this is no session of transcription", hint, key="type")
                await self._set(self._settings.changed(change))
            case requests.Append(audio=audio):
                self._buffer.push(audio, self._settings.hears)
            case requests.Commit():
                await self._commit()
            case requests.Clear():
                self._buffer.take()
                self._listen()
                await self._wire.send("input_audio_buffer.cleared")
            case requests.CreateItem(item=new, previous_item_id=after):
                await self._add(new, after)
            case requests.RetrieveItem(item_id=item_id):
                shown_item = self._items.find(item_id).shown(beta=self._wire.beta)
                await self._wire.send("conversation.item.retrieved", item=shown_item)
            case requests.DeleteItem(item_id=item_id):
                self._items.delete(item_id)
                await self._wire.send("conversation.item.deleted", item_id=item_id)
            case requests.TruncateItem(item_id=item_id, audio_end_ms=end):
                await self._truncate(self._items.find(item_id), end)
            case requests.CreateResponse(response=change):
                settings = self._settings.changed(change) if change else self._settings
                response = self._begin_response(settings, self._ask, change.metadata if change else None)
                self._own(self._answer(response, settings))
            case requests.CancelResponse(response_id=meant):
                if self._response is None:
                    raise Problem(400, "response_cancel_not_active", "no response is being made")
                if meant not in (None, self._response.id):
                    message = f"the response {meant} is not being made"
                    raise Problem(400, "response_cancel_not_active", message, key="response_id")
                self._response.cancel("client_cancelled")

    async def _tell(self, kind: str) -> None:
        told = shown(self._settings, beta=self._wire.beta)
        if self._settings.transcribes:
            head = {"id": self._id, "object": "realtime.transcription_session"}
            kind = f"transcription_{kind}" if self._wire.beta else kind
        else:
            head = {"id": self._id, "object": "realtime.session", "model": self._party.model}
        await self._wire.send(kind, session=head | told)

    async def _set(self, settings: Settings) -> None:
        before, self._settings = self._settings, settings
        if settings.detection is not None and not self._party.vad:
            self._settings = before
            raise Problem(400, "unsupported", "there is no voice activity detector", "send turn_detection: null")
        await self._tell("session.updated")
        if settings.detection != before.detection or (settings != before and not self._speaking):
            self._listen()

    async def _add(self, new: requests.NewItem, after: str | None) -> None:
        if (sound := requests.sound_in(new)) is not None:
            self._dictation.check()
            buffer = Buffer(asyncio.get_running_loop().time())
            buffer.push(sound, self._settings.hears)
            item = Item(role="user", spoken=True, id=new.id or new_id("item"))
            await self._take_in(item, buffer.take(), partial(self._tell_of, after=after))
            return
        message = requests.message_of(new)
        item = Item(role=message.role, parts=message.parts, id=new.id or new_id("item"))
        await self._tell_of(item, after)

    async def _tell_of(self, item: Item, after: str | None) -> None:
        before, told = self._items.add(item, after), item.shown(beta=self._wire.beta)
        await self._wire.send("conversation.item.added", previous_item_id=before, item=told)
        await self._wire.send("conversation.item.done", previous_item_id=before, item=told)

    async def _truncate(self, item: Item, end: int) -> None:
        """Keep of an answer what was heard."""
        if item.playback is None:
            raise Problem(400, "invalid_value", f"{item.id} is no answer by voice", key="item_id")
        if end / 1000 > item.playback.given:
            given = round(item.playback.given * 1000)
            raise Problem(400, "invalid_value", f"the sound of {item.id} has {given} ms only", key="audio_end_ms")
        item.heard, before = end / 1000, item.words
        item.say(item.playback.heard_until(item.heard))
        if item.words != before:
            self._items.conversation.ask(None)  # what was not heard to its end was not asked
        self._items.keep()
        where = {"item_id": item.id, "content_index": 0, "audio_end_ms": end}
        await self._wire.send("conversation.item.truncated", **where)

    def _listen(self) -> None:
        """Listen anew, as the session is set now."""
        before, self._listening, self._speaking = self._listening, None, False
        if before is not None:
            before.cancel()
            self._leaving.add(before)
            before.add_done_callback(self._leaving.discard)
        if self._settings.detection is not None and self._party.vad:
            self._listening = self._own(self._hear(self._settings.detection, set(self._leaving)))

    async def _hear(self, detection: ServerVad | SemanticVad, before: "Collection[asyncio.Task[None]]") -> None:
        """Hear, once all who listened *before* have left; where that fails tell why, and hear anew after a pause."""
        if before:
            await asyncio.wait(before)
        pause = _PAUSE
        while True:
            try:
                await self._open()
                while True:
                    await self._next(detection)
                    pause = _PAUSE
            except ConnectionError:
                raise
            except Exception as error:
                await self._complain(error)
            self._speaking = False
            await asyncio.sleep(pause)
            self._buffer.take()  # what came meanwhile was said to nobody
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _next(self, detection: ServerVad | SemanticVad) -> None:
        """Hear one utterance, and have it followed."""
        settings, item, ending = self._settings, Item(role="user", spoken=True), Ending()
        answers = not settings.transcribes and detection.create_response is not False
        turn = self._party.turn(settings, self._dictation.language)
        report, permit = Report(turn, told=self._party.house and answers), Permit(self._ask)
        answer = permit.answering(answering(self._generation, self._party, settings, ending))
        drafts = Drafts(turn, self._items.conversation, answer if answers else unanswered)
        heard = _Heard(item, report, settings, drafts, ending, permit)
        try:
            started = partial(self._somebody_speaks, item, detection, report)
            draft = await utterance(turn, self._buffer, self._party.vad, detection, heard.drafts, started)
            end = self._milliseconds(draft.end)
            await self._wire.send("input_audio_buffer.speech_stopped", item_id=item.id, audio_end_ms=end)
            await self._said(item)
            await self._dictation.place()
        except BaseException:
            await heard.close()
            raise
        self._speaking = False
        self._followed.add(heard)
        self._own(self._follow(heard, draft, draft.end - self._spoke_at, answers, self._interruptions))

    async def _open(self) -> None:
        """Open the engines that listen and speak: a program has time."""
        for model in self._party.engines:
            await self._party.equipment.pool.open(model)

    async def _somebody_speaks(self, item: Item, detection: ServerVad | SemanticVad, report: Report, at: float) -> None:
        """Tell so, and end the response that is talked into."""
        report.begin()
        self._speaking, self._spoke_at = True, at
        if detection.interrupt_response is not False:
            self._interruptions += 1
            if self._response is not None:
                self._response.cancel("turn_detected")
        start = self._milliseconds(at)
        await self._wire.send("input_audio_buffer.speech_started", item_id=item.id, audio_start_ms=start)

    def _milliseconds(self, at: float) -> int:
        return max(0, round((at - self._buffer.began) * 1000))

    async def _follow(self, heard: _Heard, draft: Draft, seconds: float, answers: bool, interruptions: int) -> None:
        """Tell what was said, and answer it, unless somebody speaks again before that is known."""
        try:
            words = await self._dictation.write(heard.item, seconds, lambda: asyncio.shield(draft.transcript))
            if not words:
                heard.report.nothing()
            elif answers and interruptions == self._interruptions:
                with self._making(response := self._begin_response(heard.settings, heard.permit.use)):
                    await response.run(draft.sound(), heard.ending)
                    if response.cancelled:
                        await heard.drafts.close()  # so that it asks nothing any more
                    self._answered(words, response, heard.report)
            elif answers:
                await heard.drafts.close()
                self._items.conversation.ask(None)  # what nobody heard was not asked
        except Problem as problem:
            heard.report.failed(problem)
            raise
        finally:
            await heard.close()
            self._followed.discard(heard)

    def _answered(self, question: str, response: Response, report: Report) -> None:
        """Note what came of a response; what is remembered are the items."""
        report.answered(question, response, self._items.conversation)
        self._items.keep()

    async def _commit(self) -> None:
        """Take what was sent for all that was said."""
        if self._settings.detection is not None:
            raise Problem(400, "unsupported", "turn_detection commits by itself", "send turn_detection: null first")
        self._dictation.check()
        await self._take_in(Item(role="user", spoken=True), self._buffer.take(), self._said)

    async def _take_in(self, item: Item, chunks: Sequence[AudioChunk], tell: Callable[[Item], Awaitable[None]]) -> None:
        """Have what was said written down, once it is an item and the client was told of it."""
        if sum(chunk.duration for chunk in chunks) < _SHORTEST:
            message = f"there is less than {_SHORTEST * 1000:g} ms of sound"
            raise Problem(400, "input_audio_buffer_commit_empty", message)
        turn = self._party.turn(self._settings, self._dictation.language)
        said = Utterance(tuple(chunks), chunks[0].timestamp, chunks[-1].end, chunks[0].timestamp)
        await tell(item)
        await self._dictation.place()
        self._own(self._dictation.write(item, said.seconds, partial(transcribe, said, turn, turn.expected)))

    async def _said(self, item: Item) -> None:
        """Tell that something was said, of which the words are not known yet."""
        if self._settings.transcribes:
            self._items.make_room()  # nobody answers what was said, and dictation goes on
        before = self._items.add(item)
        told = item.shown(beta=self._wire.beta)
        await self._wire.send("input_audio_buffer.committed", previous_item_id=before, item_id=item.id)
        await self._wire.send("conversation.item.added", previous_item_id=before, item=told)
        await self._wire.send("conversation.item.done", previous_item_id=before, item=told)

    def _begin_response(
        self, settings: Settings, ask: Callable[[], None], metadata: Mapping[str, str] | None = None
    ) -> Response:
        """Return a response that is to be sent, for which *ask* gave leave.

        Raises Problem where it did not, while another response is sent, and where nothing is answered.
        """
        if settings.transcribes:
            raise Problem(400, "unsupported", "a session of transcription answers nothing", "set its type: realtime")
        if self._response is not None and not (self._response.cancelled and self._response.follows is None):
            message = f"the response {self._response.id} is being made"
            raise Problem(400, "conversation_already_has_active_response", message, "wait for it, or cancel it")
        ask()
        before, self._response = self._response, Response(self._wire, self._items, settings, metadata)
        self._response.follows = before
        return self._response

    async def _answer(self, response: Response, settings: Settings) -> None:
        """Answer the conversation as it is, because the client wants that."""
        with self._making(response):
            await self._dictation.written()
            turn, ending = self._party.turn(settings, self._dictation.language), Ending()
            conversation, language = self._items.conversation, turn.language
            answer = answering(self._generation, self._party, settings, ending)
            report = Report(turn, told=self._party.house)
            question = Question(turn.request(conversation), language, conversation)
            turn.timeline.start()
            report.begin()
            try:
                await response.run(answer(question, Outbox.unheld(turn)), ending)
                self._answered(question.text, response, report)
            finally:
                report.end()

    @contextmanager
    def _making(self, response: Response) -> Generator[None, None, None]:
        """Let the next response begin once this one has ended, whatever becomes of it."""
        try:
            yield
        finally:
            response.ended.set()
            if self._response is response:
                self._response = None

    def _own(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T | None]":
        """Begin a task that ends with the session, and tells the client what goes wrong."""
        task = asyncio.create_task(self._guarded(work), name=f"realtime {self._id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # which never began where the task was ended before it did
        return task

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await work
        except ConnectionError:
            return None  # the client has left
        except Exception as error:
            with suppress(ConnectionError):
                await self._complain(error)
            return None

    async def _complain(self, error: Exception) -> None:
        """Tell what went wrong, and in the log what nobody foresaw; raises ConnectionError."""
        if (problem := problem_with(error)).code == "internal_error":
            log.error("a realtime session failed", exc_info=error)
        await self._wire.fault(problem)
