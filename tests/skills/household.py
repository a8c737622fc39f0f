"""An assistant in each of four languages with all its skills and the real intent engine; its chat model gives up."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from assistant import Kind, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.chat import Priority
from assistant.config import load
from assistant.engines import AnySpec, Intent
from assistant.plugins import Plugins
from assistant.skills.clock import clock
from assistant.testing import FakeChat, FakeSink, FakeSource, FakeStt, FakeTts, FakeTurn, FakeVad, FakeWake, fake_spec

__all__ = ["GAVE_UP", "LANGUAGES", "NOW", "Household", "household"]

LANGUAGES = ("en", "de", "fr", "es")
GAVE_UP = "The chat model was asked."
"""What is said where no skill understood."""
NOW = datetime(2026, 11, 21, 15, 30, tzinfo=ZoneInfo("Europe/Berlin"))
"""What time it is in it: a Saturday."""
_CONFIG = """
models: {stt: {engine: s}, chat: {engine: c}, tts: {engine: t}, turn: {engine: u}, intent: {engine: hassil},
         wake: {engine: w}, vad: {engine: v}, microphone: {engine: m}, speaker: {engine: p}}
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
            fake_spec("w", Kind.WAKE, FakeWake()),
            fake_spec("v", Kind.VAD, FakeVad()),
            fake_spec("m", Kind.SOURCE, FakeSource([])),
            fake_spec("p", Kind.SINK, FakeSink()),
        ]


class Household:
    """What can be asked in a test."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly

    async def ask(self, text: str, language: str = "en", conversation: str = "talk", device: str = "room") -> str:
        """Return the answer to *text*, as it is written."""
        answer = await self.assembly.run_turn(
            text, assistant=language, conversation=f"{conversation} {language}", device=device
        )
        return answer.text.replace("\u00a0", " ").replace("\u202f", " ")

    async def intent(self, text: str, language: str) -> str:
        """Return what the intent engine understands; empty where it is nothing whole."""
        engine: Intent
        async with self.assembly.pool.lease("intent", Priority.API) as engine:
            await self.assembly.equipment.lessons.teach(engine)
            found = engine.recognise(text, language, {"device": "room"})
        return found.intent if found is not None and found.complete else ""


def _now(zone: tzinfo | None) -> datetime:
    return NOW.astimezone(zone) if zone else NOW


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
        skills = assembly.equipment.skills
        skills[:] = [clock(_now, lambda: True) if skill.name == "clock" else skill for skill in skills]
        yield Household(assembly)
