"""A question that a running daemon answers: what was said before is remembered there, and nothing is opened twice."""

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

from assistant.audio import AudioChunk
from assistant.cli.ask.way import Piece, Question, Told
from assistant.cli.daemon import Daemon
from assistant.cli.transcribe import first_to_hear
from assistant.config.assistants import AssistantConfig
from assistant.serving import SPOKEN
from assistant.speech import Transcript

__all__ = ["Beside"]


class Beside:
    """An assistant of a running daemon."""

    def __init__(
        self, daemon: Daemon, assistants: Mapping[str, AssistantConfig], assistant: str, conversation: str
    ) -> None:
        self._daemon = daemon
        self._assistants = assistants
        self._assistant = assistant
        self._conversation = conversation

    async def heard(self, recording: Path, language: str) -> Transcript:
        """Return what is said in a WAV file; the assistant's language counts where none is given."""
        first = next(iter(self._assistants))
        section = self._assistants.get(self._assistant or first, AssistantConfig())  # the daemon knows who is nobody
        expected = "" if section.language == "auto" else section.language
        language = language or expected
        return await first_to_hear(section.ears, lambda model: self._daemon.transcript(recording, model, language))

    async def answer(self, asked: Question) -> AsyncGenerator[Piece, None]:
        """Yield what comes of a question."""
        body = {
            "text": asked.text,
            "language": asked.language,
            "images": [base64.b64encode(image.data).decode() for image in asked.images],
            "assistant": self._assistant,
            "conversation": self._conversation,
            "sound": asked.sounding,
        }
        async with aclosing(self._daemon.events("/api/turn", body, last="receipt")) as events:
            async for name, told in events:
                match name:
                    case "transcript":
                        self._conversation = told["conversation"]
                    case "words":
                        yield told["text"]
                    case "sound":
                        yield AudioChunk(base64.b64decode(told["audio"]), SPOKEN)
                    case "receipt":
                        yield Told(told["turn"], told["models"], told["parts"], told["asks"])
