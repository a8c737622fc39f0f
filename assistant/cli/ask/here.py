"""A question that is answered here, by engines that are opened for it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path

from assistant.assembly import Assembly
from assistant.chat import ChatMessage, ChatRequest, Priority
from assistant.cli.ask.way import Piece, Question, Told
from assistant.cli.transcribe import first_to_hear, transcribed
from assistant.errors import EngineUnavailable
from assistant.pipeline import question
from assistant.pipeline.answer import speak
from assistant.pipeline.clauses import clauses
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.ladder import understood
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.sight import watchers, with_images
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.pipeline.voices import Voices
from assistant.skill import OWNER
from assistant.speech import Transcript
from assistant.streams import once

__all__ = ["Here"]


class Here:
    """An assistant of this process."""

    def __init__(self, assembly: Assembly, assistant: str) -> None:
        self._assembly = assembly
        self._assistant = assembly.assistant(assistant)
        self._conversation = ""

    async def heard(self, recording: Path, language: str) -> Transcript:
        """Return what is said in a WAV file; the assistant's language counts where none is given."""
        section = self._assembly.config.assistants[self._assistant]
        expected = "" if section.language == "auto" else section.language
        language = language or expected
        return await first_to_hear(section.ears, lambda m: transcribed(self._assembly, m, recording, language))

    async def answer(self, asked: Question) -> AsyncGenerator[Piece, None]:
        """Yield what comes of a question."""
        turn = self._assembly.turn(self._assistant, priority=Priority.VOICE, person=OWNER)
        turn.heard = asked.language
        if not self._conversation:
            self._conversation = turn.id
            for model in await self._needed(turn, asked):
                await self._assembly.pool.open(model)  # which may take longer than a turn has patience
        said = ""
        async with aclosing(text_turn(turn, asked.text, self._conversation, asked.images)) as words:
            async for word in words:
                said += word
                yield word
        if asked.sounding:
            with suppress(EngineUnavailable):  # another voice may speak in its place
                await self._assembly.pool.open(Voices(self._assembly.pool, turn.config, turn.language).models[0])
            parts = clauses(once(said), turn.language)
            async with aclosing(speak(parts, turn.language, Outbox.unheld(turn))) as pieces:
                async for piece in pieces:
                    yield piece.chunk
        asks = self._assembly.equipment.conversations.asks(self._conversation)
        yield Told(turn.id, dict(turn.models), turn.timeline.parts(), asks)

    async def _needed(self, turn: Turn, asked: Question) -> set[str]:
        """Return the models without which a first question has no answer: no chat model for what skills understand."""
        by = watchers(turn) if asked.images else {}
        needed = set(by.values())
        if asked.images or not await _is_understood(asked.text, turn):
            request = ChatRequest((ChatMessage.of("user", asked.text),))
            needed.add(turn.chat_model(with_images(request, () if by else asked.images)))
        return needed


async def _is_understood(text: str, turn: Turn) -> bool:
    conversation = Conversation(turn.id)
    asked = question.Question(turn.request(conversation, text), turn.language, conversation)
    return await understood(asked, turn) is not None
