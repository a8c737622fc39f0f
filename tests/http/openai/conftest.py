"""The door for OpenAI's clients, really served, with engines that do as a script says."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from openai import AsyncOpenAI

from assistant.access.keys import Keys
from assistant.config import AssistantConfig, HttpConfig
from assistant.config.doors import AliasConfig
from assistant.engines import Capabilities, EngineConfig, Kind
from assistant.events import EventBus
from assistant.http import openai
from assistant.http.app import make_app, serve
from assistant.models.pool import Model, Pool
from assistant.serving import Embedding, Generation, Hearing, Names, Sounds, Speaking
from assistant.speech import Voice
from assistant.testing import FakeChat, FakeCodec, FakeEmbed, FakeStt, FakeTts, fake_spec

KEY = "a key of the tests"
ABLE = Capabilities(inputs=frozenset({"text", "image", "audio"}), tools=True, schema=True, logprobs=True, parallel=4)
VOICE = Voice("joe", "en-US")
ONLY_HERE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9") | {
    "no_proxy": "127.0.0.1,localhost",
    "NO_PROXY": "127.0.0.1,localhost",
}
"""For a program's environment: what it asks of anybody but this machine is refused at once."""


@dataclass
class Served:
    """The door, what is behind it, and who knocks."""

    chat: FakeChat
    """What `small` and `gpt-4o-mini` mean."""
    embed: FakeEmbed
    """What `places` means."""
    port: int
    """Where the door is."""
    http: aiohttp.ClientSession
    """A program that has the key."""
    openai: AsyncOpenAI
    """The same with OpenAI's own library."""
    stt: FakeStt
    """What writes down what `plain` does not hear."""
    tts: FakeTts
    """What says what is to be sound."""
    keys: Keys | None = None
    """Named keys beside the owner's."""

    @property
    def url(self) -> str:
        """Return where the door is."""
        return f"http://127.0.0.1:{self.port}"

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Send a body and return what came."""
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with self.http.post(path, **sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def ask(self, **more: Any) -> tuple[int, Any]:
        """Ask the chat model something."""
        return await self.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello."}], **more})

    async def raw(self, request: bytes) -> tuple[int, str]:
        """Send the very bytes of a request and return the status and everything that came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            answer = await reader.read()
            return int(answer.split()[1]), answer.decode()
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def serving(
    chat: Any,
    embed: FakeEmbed | None = None,
    queue: int = 4,
    keys: Keys | None = None,
    *,
    company: bool = True,
    media: Iterable[str] = (),
) -> AsyncGenerator[Served, None]:
    """Serve *chat* and *embed*, to named *keys* too; in the *company* of an assistant that hears and speaks.

    Pictures may be fetched from the hosts *media*.
    """
    stt, tts = FakeStt(), FakeTts()
    embed = embed or FakeEmbed({"warm": (1.0, 0.0), "hot": (0.6, 0.8)})
    blind = Capabilities()
    models = {
        "small": Model("small", fake_spec("fake", Kind.CHAT, chat), EngineConfig(), ABLE),
        "plain": Model("plain", fake_spec("fake", Kind.CHAT, chat), EngineConfig(), blind),
        "ears": Model("ears", fake_spec("fake", Kind.STT, stt), EngineConfig(), Capabilities(("en",))),
        "mouth": Model("mouth", fake_spec("fake", Kind.TTS, tts), EngineConfig(), Capabilities(voices=(VOICE,))),
        "codec": Model("codec", fake_spec("fake", Kind.CODEC, FakeCodec()), EngineConfig(), blind),
        "places": Model("places", fake_spec("fake", Kind.EMBED, embed), EngineConfig(), blind),
    }
    pool = Pool(models, lambda config: config)
    aliases = {"chat": AliasConfig(model="small"), "sentences": AliasConfig(model="places")}
    aliases |= {"gpt-4o-mini": AliasConfig(model="small", temperature=0.3, max_tokens=77)}
    names = Names(pool.status, aliases)
    sounds = Sounds(pool, 3600.0)
    assistants = {"jarvis": AssistantConfig(stt="ears", tts="mouth")} if company else {}
    routes = openai.routes(
        Generation(pool, names, queue, patience=20.0),
        Embedding(pool, names, queue),
        openai.Ears(Hearing(pool, names, sounds, queue, 20.0), assistants),
        openai.Eyes(media),
        openai.Mouth(Speaking(pool, names, sounds, queue, 20.0), assistants),
    )
    config = HttpConfig(port=0, key=KEY)
    try:
        async with (
            serve(make_app(config, EventBus(), dict, {}, routes, keys=keys), config) as port,
            aiohttp.ClientSession(
                url := f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}
            ) as session,
            AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client,
        ):
            yield Served(chat, embed, port, session, client, stt, tts, keys)
    finally:
        await pool.close()


@pytest.fixture
async def door() -> AsyncGenerator[Served, None]:
    """Serve engines without a script."""
    async with serving(FakeChat(pace=0.0)) as served:
        yield served
