"""Three chat models behind real doors."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from assistant import Capabilities, Kind, hookimpl
from assistant.access import Scope
from assistant.assembly import assemble
from assistant.config import load
from assistant.engines import AnySpec
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.plugins import Plugins
from assistant.testing import FakeChat, FakeEmbed, FakeIntent, FakeStt, FakeTts, FakeTurn, fake_spec
from tests.docs.examples import examples, run
from tests.http.conftest import KEY
from tests.running import CONFIG

__all__ = ["House", "living"]

CHATS = "chat: {engine: fake-small}, large: {engine: fake-large}, away: {engine: fake-away}, near: {engine: fake-near}"


@dataclass
class House:
    """Three chat models behind real doors."""

    small: FakeChat = field(default_factory=lambda: FakeChat(["small"] * 100, pace=0.0))
    """Knows no form."""
    large: FakeChat = field(default_factory=lambda: FakeChat(["large"] * 100, pace=0.0))
    """Is good at code."""
    near: FakeEmbed = field(default_factory=lambda: FakeEmbed({"a": (1.0, 0.0)}))
    away: FakeChat = field(default_factory=lambda: FakeChat(["away"] * 100, pace=0.0))
    """Is on another machine, and the largest."""
    other: str = ""
    """The key of somebody else."""
    url: str = ""
    """Where the door is."""
    session: Any = None
    """A program that has the owner's key."""

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        large = Capabilities(rank=8000, schema=True, good_at=("code",), price=2.0)
        return [
            fake_spec("fake-stt", Kind.STT, FakeStt()),
            fake_spec("fake-tts", Kind.TTS, FakeTts()),
            fake_spec("fake-turn", Kind.TURN, FakeTurn()),
            fake_spec("fake-intent", Kind.INTENT, FakeIntent()),
            fake_spec("fake-small", Kind.CHAT, self.small, Capabilities(rank=135, price=1.0)),
            fake_spec("fake-large", Kind.CHAT, self.large, large),
            fake_spec(
                "fake-away", Kind.CHAT, self.away, Capabilities(rank=70_000, local=False, schema=True, price=9.0)
            ),
            fake_spec("fake-near", Kind.EMBED, self.near),
        ]

    async def ask(self, path: str, key: str = KEY, **body: Any) -> tuple[int, Any]:
        """Ask for work."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self.session.post(path, json={"inputs": "Hello."} | body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def shown(self, heading: str, home: Path) -> Any:
        """Run the example of the docs below *heading*, with the address of the door and its key; return its answer."""
        [example] = [block for block in examples() if block.heading.endswith(heading)]
        return json.loads(await run(example, self.url, KEY, home))


@asynccontextmanager
async def living(home: Path, more: str = "", *, cache: str = "size: 100000") -> AsyncGenerator[House, None]:
    file, house, plugins = home / "assistant.yaml", House(), Plugins()
    http = f"http: {{port: 0, key: {KEY}, cache: {{{cache}}}}}"
    text = CONFIG.replace("http: {port: 0}", http).replace("chat: {engine: fake-chat}", CHATS)
    file.write_text(text + more)
    plugins.add("fakes", lambda: house)
    loaded = load(file, {})
    async with assemble(loaded, plugins) as assembly:
        config = loaded.config.http
        house.other = await assembly.keys.create("other", [Scope.CHAT])
        app = make_app(config, assembly.events, dict, {}, doors(assembly), assembly.keys, assembly.audit)
        async with (
            serve(app, config) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as house.session,
        ):
            house.url = f"http://127.0.0.1:{port}"
            yield house
