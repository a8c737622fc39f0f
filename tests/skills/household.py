"""An assistant in each of four languages with all its skills, the real intent engine, and a chat model that gives up."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from assistant import Kind, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.engines import AnySpec
from assistant.plugins import Plugins
from assistant.testing import FakeChat, FakeStt, FakeTts, FakeTurn, fake_spec

__all__ = ["GAVE_UP", "LANGUAGES", "Household", "household"]

LANGUAGES = ("en", "de", "fr", "es")
GAVE_UP = "The chat model was asked."
"""What is said where no skill understood."""
_CONFIG = """
devices: null
models: {stt: {engine: s}, chat: {engine: c}, tts: {engine: t}, turn: {engine: u}, intent: {engine: hassil},
         wake: null, vad: null, microphone: null, speaker: null}
assistants:
"""


class _Fakes:
    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        return [
            fake_spec("s", Kind.STT, FakeStt()),
            fake_spec("c", Kind.CHAT, FakeChat([GAVE_UP] * 1000)),
            fake_spec("t", Kind.TTS, FakeTts()),
            fake_spec("u", Kind.TURN, FakeTurn()),
        ]


class Household:
    """What can be asked in a test."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly

    async def ask(self, text: str, language: str = "en", conversation: str = "talk", device: str = "") -> str:
        """Return the answer to *text*, as it is written."""
        answer = await self.assembly.run_turn(
            text, assistant=language, conversation=f"{conversation} {language}", device=device
        )
        return answer.text.replace("\u00a0", " ").replace("\u202f", " ")


@asynccontextmanager
async def household(folder: Path) -> AsyncGenerator[Household, None]:
    """Put the assistants together; what they keep is where INGLENOOK_HOME says."""
    import assistant_intents

    file = folder / "household.yaml"
    file.write_text(_CONFIG + "".join(f"  {tag}: {{language: {tag}}}\n" for tag in (*LANGUAGES, "en-GB")))
    plugins = Plugins()
    plugins.add("fakes", _Fakes)
    plugins.add("intents", lambda: assistant_intents)
    async with assemble(load(file, {}), plugins) as assembly:
        yield Household(assembly)
