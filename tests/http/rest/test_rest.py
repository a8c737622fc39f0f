"""Plain doors: models and their states, work by a model's id, and what fails in its place."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from assistant import (
    Capabilities,
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Done,
    EngineError,
    Kind,
    Sampling,
    TextDelta,
    Usage,
)
from assistant.config import HttpConfig
from assistant.config.doors import AliasConfig
from assistant.engines import EngineConfig
from assistant.events import EventBus
from assistant.http import app as door
from assistant.http.app import make_app, serve
from assistant.http.rest import routes
from assistant.models.pool import Model, Pool
from assistant.serving import Embedding, Generation, Names
from assistant.testing import FakeChat, FakeEmbed, fake_spec
from tests.http.conftest import KEY


@dataclass
class House:
    """What stands behind the door, and who knocks."""

    chat: FakeChat = field(default_factory=lambda: FakeChat(pace=0.0))
    """The chat model."""
    session: Any = None
    """A program that has the key."""
    pool: Any = None
    """Where the models are."""

    async def get(self, path: str) -> tuple[int, Any]:
        """Ask for something."""
        async with self.session.get(path) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """Ask for work."""
        async with self.session.post(path, json=body) as answer:
            return answer.status, await answer.json()


@pytest.fixture
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for who has to wait, however long a test takes."""
    monkeypatch.setattr(door, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.fixture
async def house() -> AsyncGenerator[House, None]:
    house = House()
    places = FakeEmbed({"a": (1.0, 0.0), "b": (0.0, 1.0)})
    able = Capabilities(schema=True, memory=1000, languages=("en",))
    pool = Pool(
        {
            "small": Model("small", fake_spec("fake", Kind.CHAT, house.chat), EngineConfig(), able),
            "near": Model("near", fake_spec("nearness", Kind.EMBED, places), EngineConfig(), Capabilities()),
            "broken": Model("broken", fake_spec("none", Kind.CHAT, object()), EngineConfig(), Capabilities()),
        },
        lambda config: config,
    )
    names = Names(pool.status, {"gpt-4o-mini": AliasConfig(model="small")})
    config = HttpConfig(port=0, key=KEY)
    app = make_app(config, EventBus(), dict, {}, routes(Generation(pool, names, 4, 5.0), Embedding(pool, names, 4)))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        serve(app, config) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session,
    ):
        house.session, house.pool = session, pool
        yield house
    await pool.close()


@pytest.mark.parametrize("path", ["/models", "/api/models", "/api/models/"])
async def test_models_are_shown_and_loaded_and_unloaded(house: House, path: str) -> None:
    _, body = await house.get(path)
    assert [(model["id"], model["state"], model["aliases"]) for model in body["models"]] == [
        ("small", "closed", ["gpt-4o-mini"]),
        ("near", "closed", []),
        ("broken", "closed", []),
    ]
    path = path.rstrip("/")
    loaded = {"id": "small", "state": "open", "reason": "", "working": 0, "waiting": 0, "queue": []}
    assert await house.post(f"{path}/gpt-4o-mini/load") == (200, loaded)
    assert await house.get("/api/models/small/status") == (200, loaded)
    assert (await house.get("/api/models/small"))[1]["languages"] == ["en"]
    assert await house.post(f"{path}/small/unload") == (200, loaded | {"state": "closed"})


async def test_it_is_shown_how_many_are_before_the_next(house: House) -> None:
    house.chat.script = ["Blue."] * 2
    async with asyncio.TaskGroup() as group, house.pool.lease("small"):
        for _ in range(2):
            group.create_task(house.post("/generate", prompt="The sky?"))
        while house.pool.waiting("small") < 2:
            await asyncio.sleep(0.01)
        queue = {"working": 1, "waiting": 2}
        assert queue.items() <= (await house.get("/api/models/small/status"))[1].items()
        assert queue.items() <= (await house.get("/models"))[1]["models"][0].items()
        assert (await house.get("/health"))[1]["statistics"]["waiting"] == 2


async def test_who_waits_sees_its_place(house: House) -> None:
    house.chat.script = ["Blue."] * 3

    async def ask(id_: str) -> str:
        async with house.session.post(
            "/generate", json={"prompt": "The sky?"}, headers={"X-Request-Id": id_}
        ) as answer:
            return answer.headers["X-Request-Id"]

    async with asyncio.TaskGroup() as group, house.pool.lease("small"):
        tasks = []
        for waiting, id_ in enumerate(("first", "second", "no id at all"), 1):
            tasks.append(group.create_task(ask(id_)))
            while house.pool.waiting("small") < waiting:
                await asyncio.sleep(0.01)
        tasks[0].cancel()
        while house.pool.waiting("small") > 2:
            await asyncio.sleep(0.01)
        _, body = await house.get("/api/models/small/status")
    assert body["waiting"] == 2
    assert body["queue"] == [await tasks[1], await tasks[2]]
    assert body["queue"][0] == "second"
    assert re.fullmatch("[0-9a-f]{32}", body["queue"][1]), "what is no id is not told to others"


async def test_health_names_every_state(house: House) -> None:
    assert (await house.get("/health"))[1]["status"] == "healthy"
    status, body = await house.post("/models/broken/load")
    assert (status, body["error"]["code"]) == (503, "engine_unavailable")
    body = (await house.get("/health"))[1]
    assert (body["status"], body["models"]) == ("degraded", {"small": "closed", "near": "closed", "broken": "failed"})
    assert body["statistics"]["memory"] > 10_000_000
    assert body["statistics"]["uptime"] > 0


async def test_a_prompt_is_answered(house: House) -> None:
    house.chat.script = [[TextDelta("It is "), TextDelta("blue."), Done("length", Usage(9, 2, 3))]]
    status, body = await house.post("/generate", prompt="The sky?", system="Be brief.", temperature=0.5, max_tokens=3)
    assert status == 200
    assert body.pop("seconds") >= 0
    assert body == {
        "model": "small",
        "text": "It is blue.",
        "vector": None,
        "finish_reason": "length",
        "tokens": {"prompt": 9, "cached": 2, "completion": 3},
        "cached": False,
    }
    [request] = house.chat.requests
    assert request.messages == (ChatMessage.of("system", "Be brief."), ChatMessage.of("user", "The sky?"))
    assert (request.sampling, request.max_tokens) == (Sampling(temperature=0.5), 3)


async def test_a_prompt_is_answered_as_it_is_written(house: House) -> None:
    house.chat.script = ["It is blue."]
    async with house.session.post("/generate", json={"prompt": "The sky?", "stream": True}) as answer:
        lines = [line async for line in answer.content]
    assert lines[:3] == [b'{"delta":"It"}\n', b'{"delta":" is"}\n', b'{"delta":" blue."}\n']
    assert b'"finish_reason":"stop"' in lines[3]


async def test_what_fails_in_the_midst_is_the_last_line(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        yield TextDelta("Well,")
        raise EngineError("it is broken", hint="mend it")

    monkeypatch.setattr(house.chat, "reply", breaks)
    async with house.session.post("/generate", json={"prompt": "The sky?", "stream": True}) as answer:
        lines = [json.loads(line) async for line in answer.content]
    fault = {"code": "engine_error", "message": "it is broken", "hint": "mend it"}
    assert lines == [{"delta": "Well,"}, {"error": fault}]


@pytest.mark.parametrize(
    ("inputs", "messages"),
    [
        ("Hello.", (ChatMessage.of("user", "Hello."),)),
        (
            [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Yes?"}],
            (ChatMessage.of("user", "Hi."), ChatMessage.of("assistant", "Yes?")),
        ),
    ],
)
async def test_a_chat_model_goes_on(house: House, inputs: Any, messages: tuple[ChatMessage, ...]) -> None:
    house.chat.script = ["Well."]
    body = (await house.post("/api/inference/", model_id="gpt-4o-mini", inputs=inputs))[1]
    assert body["text"] == "Well."
    assert house.chat.requests[0].messages == messages


async def test_a_model_of_sentences_places_them(house: House) -> None:
    assert (await house.post("/api/inference/", model_id="near", inputs="b"))[1]["vector"] == [0.0, 1.0]
    status, body = await house.post("/api/inference/", model_id="near", inputs=[{"role": "user", "content": "b"}])
    assert (status, body["error"]["code"]) == (400, "unfit_model")


async def test_what_fails_of_several_is_told_in_its_place(house: House) -> None:
    house.chat.script = ["One.", EngineError("it is broken"), "Three."]
    body = (await house.post("/api/inference/batch", model_id="small", inputs=["1", "2", "3"]))[1]
    assert [one["result"] and one["result"]["text"] for one in body["results"]] == ["One.", None, "Three."]
    assert (body["failed"], body["results"][1]["error"]["message"]) == (1, "it is broken")


async def test_several_work_at_once(house: House) -> None:
    house.chat.script = ["Here."]
    wanted = [{"inputs": "a", "model_id": model} for model in ("near", "small", "nobody", "broken")]
    status, body = await house.post("/api/inference/parallel", requests=wanted)
    assert (status, body["failed"]) == (200, 2)
    near, small, nobody, broken = body["results"]
    assert near["result"]["vector"] == [1.0, 0.0]
    assert small["result"]["text"] == "Here."
    assert (nobody["error"]["code"], broken["error"]["code"]) == ("unknown_model", "engine_unavailable")


@pytest.mark.usefixtures("_nobody_waits")
async def test_each_of_several_pieces_counts_as_a_request_does(house: House) -> None:
    async def asked(path: str, **body: Any) -> tuple[int, str | None]:
        from_afar = {"Via": "1.1 proxy"}  # here the owner may ask as often as they like
        async with house.session.post(path, json=body, headers=from_afar) as answer:
            return answer.status, answer.headers.get("Retry-After")

    piece = {"inputs": "a", "model_id": "near"}
    batch, parallel = "/api/inference/batch", "/api/inference/parallel"
    assert await asked(parallel, requests=[piece] * 16) == (200, None)
    assert await asked(batch, model_id="small", inputs=["x"] * 20) == (429, "7")
    assert await asked(batch, model_id="near", inputs=["a"] * 13) == (200, None)
    assert await asked(parallel, requests=[piece]) == (429, "1")
    assert not house.chat.requests


@pytest.mark.usefixtures("_nobody_waits")
async def test_a_list_counts_as_a_burst_at_most(house: House) -> None:
    path, headers = "/api/inference/batch", {"Via": "1.1 proxy"}
    for status in (200, 429):
        body = {"model_id": "near", "inputs": ["a"] * 64}
        async with house.session.post(path, json=body, headers=headers) as answer:
            assert answer.status == status


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/generate", {"prompt": ""}, 400, "prompt"),
        ("/generate", {"prompt": "x", "temperature": -1}, 400, "temperature"),
        ("/generate", {"prompt": "x", "max_tokens": 10**9}, 400, "max_tokens"),
        ("/generate", {"prompt": "x", "model": "../../etc/passwd"}, 404, "no chat model"),
        ("/api/inference/", {"inputs": []}, 400, "inputs"),
        ("/api/inference/", {"inputs": "x", "parameters": {"seed": -1}}, 400, "parameters.seed"),
        ("/generate", {"prompt": "x", "schema": {"enum": ["y" * 70_000]}}, 400, "schema takes more"),
        ("/generate", {"prompt": "x", "presence_penalty": 3}, 400, "presence_penalty"),
        ("/api/inference/batch", {"inputs": ["x"] * 65}, 400, "inputs"),
        ("/api/inference/parallel", {"requests": [{"inputs": "x"}] * 17}, 400, "requests"),
    ],
)
async def test_what_makes_no_sense_is_told(house: House, path: str, body: Any, status: int, says: str) -> None:
    assert (found := await house.post(path, **body))[0] == status, found
    assert says in found[1]["error"]["message"]
    assert not house.chat.requests


@pytest.mark.parametrize("path", ["/api/models/nobody", "/api/models/..%2F..%2Fetc%2Fpasswd/status"])
async def test_who_is_not_there_is_told(house: House, path: str) -> None:
    status, body = await house.get(path)
    assert (status, body["error"]["hint"]) == (404, "there are: small, near, broken, gpt-4o-mini")
