"""Live conversations over a door that is really served, with engines that do as a script says."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from openai import AsyncOpenAI

from assistant.access.keys import Keys
from assistant.audio import AudioFormat
from assistant.config import AssistantConfig, ConversationConfig, HttpConfig, TimeoutConfig
from assistant.config.doors import AliasConfig, LimitsConfig
from assistant.controls import Controls
from assistant.engines import AnySpec, Capabilities, Kind
from assistant.events import EventBus
from assistant.http import app, realtime
from assistant.http.app import make_app, serve
from assistant.models.pool import Model, Pool
from assistant.pipeline.conversation import Conversations
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.phrases import Phrases
from assistant.serving import Generation, Names
from assistant.testing import FakeChat, FakeStt, FakeTts, FakeTurn, FakeVad, fake_spec

KEY = "a key of the tests"
CLIENT = AudioFormat(24_000)
LAMP: Any = {
    "type": "function",
    "name": "switch_lamp",
    "description": "Switch a lamp.",
    "parameters": {"type": "object", "properties": {"on": {"type": "boolean"}}},
}


def voice(seconds: float) -> str:
    """Make sound that the fake detector takes for speech, as clients send it."""
    return base64.b64encode(b"\x10\x10" * round(seconds * CLIENT.rate)).decode()


def quiet(seconds: float) -> str:
    """Make silence, as clients send it."""
    return base64.b64encode(bytes(CLIENT.size(seconds))).decode()


@dataclass
class Served:
    """The door, what is behind it, and who knocks."""

    stt: FakeStt = field(default_factory=FakeStt)
    chat: FakeChat = field(default_factory=lambda: FakeChat(pace=0.0))
    tts: FakeTts = field(default_factory=FakeTts)
    vad: FakeVad = field(default_factory=FakeVad)
    turn: FakeTurn = field(default_factory=FakeTurn)
    assistant: AssistantConfig = field(default_factory=lambda: AssistantConfig(turn="", intent="", prompt="Be brief."))
    keys: Keys | None = None
    """Named keys beside the owner's."""
    specs: dict[str, AnySpec] = field(default_factory=dict)
    """Further engines, and those that take the place of the fakes."""
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    """How often somebody may ask who is not the owner."""
    port: int = 0

    @property
    def url(self) -> str:
        """Return where the door is."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[AsyncOpenAI, None]:
        """Serve, and give a client that has the key."""
        able = Capabilities(tools=True, parallel=4)
        specs = {
            "vad": fake_spec("vad", Kind.VAD, self.vad),
            "turn": fake_spec("turn", Kind.TURN, self.turn),
            "stt": fake_spec("stt", Kind.STT, self.stt),
            "chat": fake_spec("chat", Kind.CHAT, self.chat, able),
            "tts": fake_spec("tts", Kind.TTS, self.tts),
            **self.specs,
        }
        models = {id_: Model(id_, spec, spec.config(), spec.describe(spec.config())) for id_, spec in specs.items()}
        pool, light = Pool(models, lambda options: options), ThreadPoolExecutor(1)
        equipment = Equipment(
            pool=pool,
            assistants={"jarvis": self.assistant},
            conversations=Conversations(ConversationConfig(), asyncio.get_running_loop().time),
            tools={},
            route=lambda request, candidates: None,
            events=EventBus(),
            phrases=Phrases(),
            timeouts=TimeoutConfig(),
            keep=lambda receipt: None,
            light=light,
            controls=Controls(),
        )
        names = Names(pool.status, {"gpt-realtime": AliasConfig(model="chat")})
        routes = realtime.routes(equipment, Generation(pool, names, queue=4, patience=20.0))
        config = HttpConfig(port=0, key=KEY, limits=self.limits)
        try:
            async with (
                serve(make_app(config, EventBus(), dict, {}, routes, keys=self.keys), config) as self.port,
                AsyncOpenAI(base_url=f"{self.url}/v1", api_key=KEY, max_retries=0) as client,
            ):
                yield client
        finally:
            await pool.close()
            light.shutdown()


@dataclass
class Talk:
    """One conversation by OpenAI's own library, and what it was told so far."""

    connection: Any
    told: list[Any] = field(default_factory=list)

    async def until(self, kind: str, patience: float = 20.0) -> Any:
        """Return the next event of a kind; what comes before is kept in `told`."""
        async with asyncio.timeout(patience):
            while True:
                event = await self.connection.recv()
                self.told.append(event)
                if event.type == kind:
                    return event

    async def so_far(self) -> list[str]:
        """Return the types of what was told, once what was sent is worked off."""
        await asyncio.sleep(0.2)
        await self.connection.session.update(session={"type": "realtime"})
        await self.until("session.updated")
        return self.types()

    async def answer(self) -> Any:
        """Return the response that is made next, once it is done."""
        return (await self.until("response.done")).response

    async def say(self, text: str) -> None:
        """Add something that the user writes."""
        content = [{"type": "input_text", "text": text}]
        await self.connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})

    def types(self) -> list[str]:
        """Return the types of what was told."""
        return [event.type for event in self.told]

    @property
    def errors(self) -> list[Any]:
        """Return the errors that were told."""
        return [event for event in self.told if event.type == "error"]

    @property
    def sound(self) -> bytes:
        """Return the sound that was sent."""
        deltas = (event.delta for event in self.told if event.type == "response.output_audio.delta")
        return b"".join(map(base64.b64decode, deltas))

    @property
    def transcript(self) -> str:
        """Return the words that were sent beside the sound."""
        return "".join(event.delta for event in self.told if event.type == "response.output_audio_transcript.delta")


@asynccontextmanager
async def talking(client: AsyncOpenAI, model: str = "gpt-realtime", **session: Any) -> AsyncGenerator[Talk, None]:
    """Begin a conversation that is set to *session*; by hand where nothing else is said."""
    async with client.realtime.connect(model=model) as connection:
        talk = Talk(connection)
        created = await talk.until("session.created")
        assert created.session.audio.input.turn_detection.type == "server_vad"
        setting: Any = {"type": "realtime"} | (session or {"audio": {"input": {"turn_detection": None}}})
        await connection.session.update(session=setting)
        await talk.until("session.updated")
        yield talk


@pytest.fixture
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for who has to wait, however long a test takes."""
    monkeypatch.setattr(app, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.fixture
def door() -> Served:
    """A door that is not served yet."""
    return Served()
