"""An answer that is prepared before it is known whether the speaker has finished.

A draft is a transaction: it transcribes, thinks and speaks into a bounded buffer, and nobody learns of it until
`commit`. One that is discarded leaves nothing behind but what the engines keep in their caches.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from assistant.events import EventType
from assistant.pipeline.answer import sound_of
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.language import is_stop
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.playback import Spoken
from assistant.pipeline.question import Question
from assistant.pipeline.receipt import Drafting
from assistant.pipeline.turn import Turn
from assistant.pipeline.utterance import Utterance, transcribe
from assistant.pipeline.voices import Voices
from assistant.speech import Transcript

__all__ = ["Answering", "Draft", "Drafts"]

_BUFFER = 4
"""Pieces of sound that are made ahead of what is playing."""
_LEAVING = 3.0
"""Seconds that discarded drafts may take to end before the turn ends without them."""

_END = object()

Answering = Callable[[Question, Outbox], AsyncGenerator[Spoken, None]]
"""Makes the sound of an answer, and holds in the outbox what it would tell."""


class Draft:
    """One answer to one utterance as it stands, made in a task of its own."""

    def __init__(
        self,
        turn: Turn,
        conversation: Conversation,
        utterance: Utterance,
        earlier: "Draft | None",
        answering: Answering = sound_of,
    ) -> None:
        self.end = utterance.ended
        self.revision = conversation.revision
        self.transcript: asyncio.Future[Transcript] = asyncio.get_running_loop().create_future()
        self.began = asyncio.get_running_loop().time()
        self._advanced = False
        self._ended: float | None = None
        self._turn = turn
        self._conversation = conversation
        self._answering = answering
        self._outbox = Outbox(turn, self._advance)
        self._reply = Outbox(turn, self._advance)
        self._sound: asyncio.Queue[Spoken | object] = asyncio.Queue(_BUFFER)
        self._failure: Exception | None = None
        self._task = asyncio.create_task(self._make(utterance, earlier), name=f"draft {turn.id}")
        self.transcript.add_done_callback(lambda future: future.cancelled() or future.exception())  # seen

    @property
    def language(self) -> str:
        """Return the language of the answer, once there is a transcript."""
        configured = self._turn.config.language
        return self.transcript.result().language if configured == "auto" else configured

    @property
    def whole(self) -> bool:
        """Tell whether the whole answer lies in the buffer."""
        return self._task.done() and not self._task.cancelled() and self._failure is None and self.spoke

    @property
    def spoke(self) -> bool:
        """Tell whether there is a question to be answered: it may be empty, or only ask for silence."""
        heard = self.transcript
        if not heard.done() or heard.cancelled() or heard.exception() is not None:
            return False
        return bool(heard.result().text) and not is_stop(heard.result().text, self.language)

    def advanced(self) -> bool:
        """Tell whether its first clause is being spoken, or it gets no further before it is committed."""
        return self._advanced

    @property
    def spent(self) -> float:
        """Return the seconds of work so far."""
        return (self._ended or asyncio.get_running_loop().time()) - self.began

    def commit(self) -> None:
        """Let through what was held; from now on the answer is made in the open."""
        self._outbox.commit()
        self._reply.commit()

    async def discard(self) -> None:
        """Stop the work."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def sound(self) -> AsyncGenerator[Spoken, None]:
        """Yield the sound of the answer; raises what went wrong in making it."""
        while isinstance(piece := await self._sound.get(), Spoken):
            yield piece
        if self._failure is not None:
            raise self._failure

    async def _make(self, utterance: Utterance, earlier: "Draft | None") -> None:
        try:
            await self._answer(utterance, earlier)
        except Exception as error:
            self._failure = error
            if not self.transcript.done():
                self.transcript.set_exception(error)
        finally:
            self._ended = asyncio.get_running_loop().time()
            self.transcript.cancel()
            self._advance()
        await self._sound.put(_END)

    async def _answer(self, utterance: Utterance, earlier: "Draft | None") -> None:
        turn, outbox = self._turn, self._outbox
        outbox.mark("draft")
        outbox.uses("stt", turn.config.stt)
        if not turn.equipment.pool.model(turn.config.stt).capabilities.local:
            await outbox.committed()
        expected = None if turn.config.language == "auto" else turn.config.language
        transcript = await transcribe(utterance, turn, expected)
        turn.heard = transcript.language
        if transcript.text:
            outbox.mark("transcript")
            outbox.publish(EventType.STT_END, text=transcript.text, language=transcript.language)
        self.transcript.set_result(transcript)
        if not self.spoke:
            return
        if earlier is not None and earlier.answers(transcript, self.revision):
            self._reply.adopt(earlier._reply)
            self._sound = earlier._sound
            return
        question = Question(turn.request(self._conversation, transcript.text), self.language, self._conversation)
        voices = Voices(turn.equipment.pool, turn.config, self.language)
        self._reply.publish(EventType.TTS_START, model=voices.models[0])
        async with aclosing(self._answering(question, self._reply)) as spoken:
            async for piece in spoken:
                await self._sound.put(piece)

    def _advance(self) -> None:
        self._advanced = True

    def answers(self, transcript: Transcript, revision: int) -> bool:
        """Tell whether this is the whole answer to the same words in the same conversation."""
        return self.whole and self.revision == revision and self.transcript.result() == transcript


class Drafts:
    """The drafts of one turn; at most one is alive. Whoever owns it closes it."""

    def __init__(self, turn: Turn, conversation: Conversation, answering: Answering = sound_of) -> None:
        self._turn = turn
        self._conversation = conversation
        self._answering = answering
        self._draft: Draft | None = None
        self._finished: Draft | None = None
        """The latest that was whole when it was discarded."""
        self._leaving: set[asyncio.Task[None]] = set()
        self._begun = 0
        self._wasted = 0.0

    def paused(self, utterance: Utterance) -> Draft | None:
        """Draft an answer to what was said so far, unless that is not worth the work."""
        policy = self._turn.config.draft
        if self._begun >= policy.attempts or utterance.seconds > policy.longest or self._busy():
            return None
        return self._begin(utterance)

    def resumed(self) -> None:
        """Discard the draft: the speaker went on."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        self._wasted += draft.spent
        if draft.whole:
            self._finished = draft  # the next draft may come to the same question
        leaving = asyncio.create_task(draft.discard(), name=f"discard a draft of {self._turn.id}")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    def commit(self, utterance: Utterance) -> Draft:
        """Commit to the answer: to the draft if it is of this utterance, or else to one that is begun now."""
        draft = self._draft
        hit = draft is not None and draft.end == utterance.ended and draft.revision == self._conversation.revision
        if draft is None or not hit:
            self.resumed()
            draft = self._begin(utterance)
        self._turn.drafting = Drafting(self._begun, hit, self._wasted)
        draft.commit()
        return draft

    async def close(self) -> None:
        """End all work."""
        self.resumed()
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=_LEAVING)

    def _begin(self, utterance: Utterance) -> Draft:
        self._begun += 1
        self._draft = Draft(self._turn, self._conversation, utterance, self._finished, self._answering)
        return self._draft

    def _busy(self) -> bool:
        """Tell whether others wait for the engines: what may be in vain is not done before what is not."""
        pool, config = self._turn.equipment.pool, self._turn.config
        return any(pool.wanted(model) for model in (config.stt, *self._turn.chats, *config.voices[:1]))
