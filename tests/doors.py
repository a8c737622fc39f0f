"""The real doors of an assistant whose engines are fakes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from assistant import Kind, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.config import Loaded, load
from assistant.engines import AnySpec
from assistant.plugins import Plugins
from assistant.testing import FakeChat, FakeIntent, FakeStt, FakeTts, FakeTurn, fake_spec
from tests.running import CONFIG

__all__ = ["Fakes", "assembled"]


class Fakes:
    """A plugin with an engine for each thing that an assistant without a device needs."""

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        return [
            fake_spec("fake-stt", Kind.STT, FakeStt()),
            fake_spec("fake-tts", Kind.TTS, FakeTts()),
            fake_spec("fake-turn", Kind.TURN, FakeTurn()),
            fake_spec("fake-intent", Kind.INTENT, FakeIntent()),
            fake_spec("fake-chat", Kind.CHAT, FakeChat(["Hello there."] * 100)),
        ]


@asynccontextmanager
async def assembled(
    home: Path, http: str = "{port: 0}", *, more: str = "", with_plugin: str = ""
) -> AsyncGenerator[tuple[Loaded, Assembly], None]:
    """Put an assistant of fakes together in the folder *home*, its section `http` as given, and *more* sections."""
    file = home / "assistant.yaml"
    file.write_text(CONFIG.replace("{port: 0}", http) + more)
    plugins = Plugins()
    plugins.add("fakes", Fakes)
    if with_plugin:
        plugins.add(with_plugin, lambda: import_module(with_plugin))
    loaded = load(file, {})
    async with assemble(loaded, plugins) as assembly:
        yield loaded, assembly
