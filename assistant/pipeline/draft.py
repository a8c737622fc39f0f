"""An answer that is prepared before it is known whether the speaker has finished.

A draft is a transaction: it transcribes, thinks and speaks into a bounded buffer, and nobody learns of it until
`commit`. One that is discarded leaves nothing behind but what the engines keep in their caches.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from assistant.events import EventType
from assistant.pipeline.answer import sound_of
from assistant.pipeline.asking import if_remote
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.ears import Ears
from assistant.pipeline.language import is_stop
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.playback import Spoken
from assistant.pipeline.question import Question
from assistant.pipeline.receipt import Drafting
from assistant.pipeline.turn import Turn
from assistant.pipeline.utterance import Utterance, words_of
from assistant.pipeline.voices import Voices
from assistant.speech import Transcript

__all__ = ["Answering", "Draft", "Drafts"]

_BUFFER = 4
"""Pieces of sound that are made ahead of what is playing."""
_LEAVING = 3.0
"""Seconds that discarded drafts may take to end before the turn ends without them."""

_END = object()

_MARKS = re.compile(r"[,.;:?!…]+(?=\s|$)")
"""What recognisers write at the end of words, each as it likes."""

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
        *,
        held: bool = True,
    ) -> None:
        """Begin; with *held* nothing leaves this machine before the commit, and who hears here is asked first."""
        self.ears = Ears(turn, turn.expected, held=held)
        self.end = utterance.ended
        self.revision = conversation.revision
        self.transcript: asyncio.Future[Transcript] = asyncio.get_running_loop().create_future()
        self.began = asyncio.get_running_loop().time()
        self._advanced = False
        self._ended: float | None = None
        self._turn = turn
        self._conversation = conversation
        self._answering = answering
        self._earlier = earlier
        self._speaker = self
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
        made = self._speaker
        return made._task.done() and not made._task.cancelled() and made._failure is None and self.spoke

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
        """Stop the work, and that of the draft from which it may be taken."""
        tasks = {self._task} if self._earlier is None else {self._task, self._earlier._task}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def sound(self) -> AsyncGenerator[Spoken, None]:
        """Yield the sound of the answer; raises what went wrong in making it."""
        while isinstance(piece := await self._speaker._sound.get(), Spoken):
            yield piece
        if self._speaker._failure is not None:
            raise self._speaker._failure

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
        turn.equipment.routing.health.want(self.ears.wanted)
        transcript = await words_of(utterance, partial(self.ears.hear, begin=self._hear))
        turn.heard = transcript.language
        if transcript.text:
            outbox.mark("transcript")
            outbox.publish(EventType.STT_END, text=transcript.text, language=transcript.language)
        self.transcript.set_result(transcript)
        if earlier is not None:
            if self.spoke and earlier.answers(transcript, self.revision):
                self._take_over(earlier)
                return
            await earlier.discard()
        if not self.spoke:
            return
        question = Question(turn.request(self._conversation, transcript.text), self.language, self._conversation)
        voices = Voices(turn.equipment.pool, turn.config, self.language)
        self._reply.publish(EventType.TTS_START, model=voices.models[0])
        async with aclosing(self._answering(question, self._reply)) as spoken:
            async for piece in spoken:
                await self._sound.put(piece)

    async def _hear(self, model: str) -> None:
        """Note who hears, once that may be."""
        self._outbox.uses("stt", model)
        await if_remote(model, self._outbox)

    def _advance(self) -> None:
        self._advanced = True

    def answers(self, transcript: Transcript, revision: int) -> bool:
        """Tell whether this answers the same words in the same conversation, and has not failed."""
        if self._task.cancelled() or self._failure is not None or not self.spoke or self.revision != revision:
            return False
        mine = self.transcript.result()
        return _words(mine) == _words(transcript) and mine.language == transcript.language

    @property
    def is_taken_over(self) -> bool:
        """Tell whether its answer is that of an earlier draft."""
        return self._speaker is not self

    def _take_over(self, earlier: "Draft") -> None:
        """Have the answer of *earlier*, which may still be in the making, for one's own."""
        self._speaker, self._reply = earlier._speaker, earlier._reply
        if not self._outbox.held:
            self._reply.commit()


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
        return self._begin(utterance, self._finished)

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
        """Commit to the answer: to the draft if it is of this utterance, or else to one that is begun now.

        What a stand-in heard is heard again by who is asked first. Where that are the same words, the answer stands.
        """
        draft = self._draft
        hit = draft is not None and draft.end == utterance.ended and draft.revision == self._conversation.revision
        if draft is None or not hit:
            self.resumed()
            draft = self._begin(utterance, self._finished, held=False)
        elif draft.ears.stand_in:
            draft = self._again(utterance, draft)
        self._turn.drafting = Drafting(self._begun, hit, self._wasted)
        draft.commit()
        return draft

    async def close(self) -> None:
        """End all work."""
        self.resumed()
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=_LEAVING)

    def _begin(self, utterance: Utterance, earlier: Draft | None, *, held: bool = True) -> Draft:
        self._begun += 1
        self._draft = Draft(self._turn, self._conversation, utterance, earlier, self._answering, held=held)
        return self._draft

    def _again(self, utterance: Utterance, before: Draft) -> Draft:
        """Begin a draft that hears again, and takes over the answer of the one before if it can."""

        def compare(transcript: "asyncio.Future[Transcript]") -> None:
            if not again.is_taken_over:
                self._wasted += before.spent
                self._turn.drafting = Drafting(self._begun, hit=False, wasted=self._wasted)

        again = self._begin(utterance, before, held=False)
        again.transcript.add_done_callback(compare)
        return again

    def _busy(self) -> bool:
        """Tell whether others wait for the engines: what may be in vain is not done before what is not."""
        turn, pool = self._turn, self._turn.equipment.pool
        ears = Ears(turn, turn.expected, held=True).models[:1]
        return any(pool.wanted(model) for model in (*ears, *turn.chats, *turn.config.voices[:1]))


def _words(transcript: Transcript) -> str:
    """Return what two recognisers write alike where they hear the same words."""
    return _MARKS.sub("", transcript.text.casefold())
