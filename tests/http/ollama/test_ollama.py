"""The door for programs that speak to Ollama: its own Python package, and what other programs read."""

import asyncio
import base64
import json
import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import ollama
import pytest

from assistant import (
    Capabilities,
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Done,
    EngineError,
    Image,
    ImagePart,
    Kind,
    Sampling,
    TextDelta,
    TextPart,
    TokenLogprob,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    WrittenToken,
)
from assistant.config import HttpConfig
from assistant.config.doors import AliasConfig
from assistant.engines import EngineConfig
from assistant.events import EventBus
from assistant.http.app import make_app, serve
from assistant.http.ollama import files, routes
from assistant.models.catalogue import catalogue
from assistant.models.pool import Model, Pool
from assistant.models.store import Progress, Report, Store
from assistant.serving import Embedding, Generation, Names
from assistant.testing import FakeChat, FakeEmbed, fake_spec
from tests.http.conftest import KEY
from tests.pictures import png

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
    },
}


class FakeStore(Store):
    """Fetches without a network."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, catalogue())
        self.pulled: list[str] = []
        self.fails: Exception | None = None
        self.stalls = False

    async def pull(self, models: Any, report: Report = lambda progress: None) -> None:
        """Take two steps for each model."""
        for model in models:
            report(Progress(model, 1, 2, "somewhere"))
            await asyncio.sleep(0)
            if self.fails:
                raise self.fails
            self.pulled.append(model)
            report(Progress(model, 2, 2))
        if self.stalls:
            await asyncio.Event().wait()


class ShortEmbed(FakeEmbed):
    """Places texts of up to three letters."""

    def fits(self, text: str) -> bool:
        """Tell whether a text is one."""
        return len(text) <= 3


@dataclass
class House:
    """What stands behind the door."""

    chat: FakeChat = field(default_factory=lambda: FakeChat(pace=0.0))
    """The chat model."""
    embed: ShortEmbed = field(default_factory=lambda: ShortEmbed({"a": (1.0, 0.0), "b": (0.0, 1.0)}))
    """The model of sentences."""
    url: str = ""
    """Where the door is."""
    store: Any = None
    """Where models are."""
    clients: list[ollama.AsyncClient] = field(default_factory=list)
    """Who came."""

    def client(self, key: str = KEY) -> ollama.AsyncClient:
        """Return Ollama's own client."""
        self.clients.append(client := ollama.AsyncClient(self.url, headers={"Authorization": f"Bearer {key}"}))
        return client


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House, None]:
    house = House(store=FakeStore(tmp_path))
    able = Capabilities(
        inputs=frozenset({"text", "image"}),
        tools=True,
        schema=True,
        logprobs=True,
        memory=100_000_000,
        rank=135,
        context=4096,
    )
    pool = Pool(
        {
            "small": Model("small", fake_spec("fake", Kind.CHAT, house.chat), EngineConfig(), able),
            "blind": Model("blind", fake_spec("fake", Kind.CHAT, house.chat), EngineConfig(), Capabilities()),
            "near": Model("near", fake_spec("nearness", Kind.EMBED, house.embed), EngineConfig(), Capabilities()),
            "vague": Model("vague", fake_spec("vague", Kind.EMBED, FakeEmbed()), EngineConfig(), Capabilities()),
        },
        lambda config: config,
    )
    names = Names(pool.status, {"llama3.2": AliasConfig(model="small", temperature=0.1)})
    config = HttpConfig(port=0, key=KEY)
    generation, vectors = Generation(pool, names, 4, 5.0), Embedding(pool, names, 4)
    app = make_app(config, EventBus(), dict, {}, routes(generation, vectors, house.store))
    async with serve(app, config) as port:
        house.url = f"http://127.0.0.1:{port}"
        yield house
        for client in house.clients:
            await client.close()
    await pool.close()


async def post(house: House, path: str, **body: Any) -> tuple[int, list[Any]]:
    """Send a body as programs do that give no content type, and return the lines of the answer."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session,
        session.post(f"{house.url}{path}", data=json.dumps(body)) as answer,
    ):
        return answer.status, [json.loads(line) for line in (await answer.text()).splitlines()]


# -- chat ------------------------------------------------------------------------------------------------------------


async def test_a_reply_is_streamed_and_timed(house: House) -> None:
    house.chat.script = [[TextDelta("Hello"), TextDelta(" you."), Done("stop", Usage(12, 3, 4))]]
    seen = [
        part async for part in await house.client().chat("small", [{"role": "user", "content": "Hi."}], stream=True)
    ]
    assert [part.message.content for part in seen] == ["Hello", " you.", ""]
    assert [part.done for part in seen] == [False, False, True]
    last = seen[-1]
    assert (last.done_reason, last.prompt_eval_count, last.eval_count) == ("stop", 12, 4)
    assert last.total_duration is not None
    parts = (last.load_duration, last.prompt_eval_duration, last.eval_duration)
    assert last.total_duration == sum(part for part in parts if part is not None)


async def test_a_reply_comes_whole(house: House) -> None:
    house.chat.script = ["Hello there."]
    reply = await house.client().chat("llama3.2:latest", [{"role": "user", "content": "Hi."}])
    assert (reply.message.content, reply.done, reply.model) == ("Hello there.", True, "llama3.2:latest")
    [request] = house.chat.requests
    assert request.messages == (ChatMessage.of("user", "Hi."),)
    assert request.sampling == Sampling(temperature=0.1)


async def test_options_reach_the_model_and_unknown_ones_do_not(house: House) -> None:
    options: dict[str, Any] = {"temperature": 0, "top_k": 5, "seed": 7, "num_predict": 9, "stop": ["END"]}
    await house.client().chat(
        "small", [{"role": "user", "content": "Hi."}], options=options | {"num_ctx": 4096, "mirostat": 2}, format="json"
    )
    [request] = house.chat.requests
    assert request.sampling == Sampling(temperature=0, top_k=5, seed=7)
    assert (request.max_tokens, request.stop, request.schema) == (9, ("END",), {"type": "object"})


async def test_it_is_told_how_likely_each_token_was(house: House) -> None:
    yes, no = TokenLogprob(b"Yes", -0.1), TokenLogprob(b"No", -2.5)
    house.chat.script = [
        [TextDelta("Yes", (WrittenToken(yes, (yes, no)),)), TextDelta("!", (WrittenToken(no),)), Done("stop")]
    ] * 2
    asked: dict[str, Any] = {"model": "small", "prompt": "Is it?", "logprobs": True, "top_logprobs": 2}
    told = [
        {"token": "Yes", "logprob": -0.1, "bytes": [89, 101, 115]},
        {"token": "No", "logprob": -2.5, "bytes": [78, 111]},
    ]
    first, second = told[0] | {"top_logprobs": told}, told[1] | {"top_logprobs": []}
    _, lines = await post(house, "/api/generate", **asked)
    assert [line.get("logprobs") for line in lines] == [[first], [second], None]
    whole = await house.client().generate(**asked)
    assert [one.token for one in whole.logprobs or ()] == ["Yes", "No"]
    assert whole.logprobs and [one.logprob for one in whole.logprobs[0].top_logprobs or ()] == [-0.1, -2.5]
    assert [request.logprobs for request in house.chat.requests] == [2, 2]


async def test_tools_are_called_and_answer_without_an_id(house: House) -> None:
    house.chat.script = [[ToolCall("1", "weather", {"town": "Rome"}), Done("tool_calls")], "It is sunny."]
    client = house.client()
    asked: list[Any] = [{"role": "user", "content": "How is the weather in Rome?"}]
    first = await client.chat("small", asked, tools=[WEATHER])
    [call] = first.message.tool_calls or []
    assert (call.function.name, call.function.arguments, first.done_reason) == ("weather", {"town": "Rome"}, "stop")
    asked += [first.message, {"role": "tool", "content": "sunny"}]
    assert (await client.chat("small", asked, tools=[WEATHER])).message.content == "It is sunny."
    told = house.chat.requests[1].messages[1:]
    assert told == (
        ChatMessage("assistant", (ToolCall("call_1_0", "weather", {"town": "Rome"}),)),
        ChatMessage("tool", (ToolResult("call_1_0", "sunny"),)),
    )
    function: Any = WEATHER["function"]
    assert house.chat.requests[0].tools == (ToolSpec("weather", "Tell the weather.", function["parameters"]),)


async def test_results_that_say_whose_they_are_come_in_any_order(house: House) -> None:
    calls: list[Any] = [{"function": {"name": name, "arguments": {}}} for name in ("weather", "clock", "weather")]
    results = [("clock", "noon"), ("weather", "sunny"), ("other", "rain")]
    messages: list[Any] = [
        {"role": "user", "content": "How is it?"},
        {"role": "assistant", "tool_calls": calls},
        *({"role": "tool", "tool_name": name, "content": content} for name, content in results),
    ]
    await post(house, "/api/chat", model="small", messages=messages)
    told = [part for message in house.chat.requests[0].messages[2:] for part in message.parts]
    assert told == [
        ToolResult("call_1_1", "noon"),
        ToolResult("call_1_0", "sunny"),
        ToolResult("call_1_2", "rain"),
    ]


async def test_images_are_seen(house: House) -> None:
    picture = png(4, 3)
    message = {"role": "user", "content": "What is it?", "images": [base64.b64encode(picture).decode()]}
    await house.client().chat("small", [message])
    assert house.chat.requests[0].messages[0].parts == (
        TextPart("What is it?"),
        ImagePart(Image(picture, "image/png")),
    )


async def test_a_prompt_is_answered(house: House) -> None:
    house.chat.script = ["Blue."]
    reply = await house.client().generate("small", "What colour is the sky?", system="Be brief.")
    assert reply.response == "Blue."
    assert house.chat.requests[0].messages == (
        ChatMessage.of("system", "Be brief."),
        ChatMessage.of("user", "What colour is the sky?"),
    )


async def test_a_model_is_loaded_and_unloaded(house: House) -> None:
    client = house.client()
    assert (await client.ps()).models == []
    assert (await client.generate("small")).done_reason == "load"
    assert [model.name for model in (await client.ps()).models] == ["small:latest", "llama3.2:latest"]
    assert (await client.generate("small", keep_alive=0)).done_reason == "unload"
    assert (await client.ps()).models == []
    house.chat.script = ["Here again."]
    assert (await client.generate("small", "Are you there?")).response == "Here again."


async def test_an_embedding_model_is_unloaded_by_the_same_way(house: House) -> None:
    assert (await post(house, "/api/embed", model="near", input="a"))[0] == 200
    assert [model.name for model in (await house.client().ps()).models] == ["near:latest"]
    gone = await post(house, "/api/generate", model="near:latest", prompt="", keep_alive=0)
    assert (gone[0], gone[1][0]["done_reason"]) == (200, "unload")
    assert (await house.client().ps()).models == []


@pytest.mark.parametrize("keep_alive", [0, 0.0, "0", "0s", "0m", "0.0h"])
async def test_a_model_that_is_not_to_stay_leaves_after_its_reply(house: House, keep_alive: Any) -> None:
    house.chat.script, client = ["Blue.", "Red."], house.client()
    assert (await client.generate("small", "Which?", keep_alive=keep_alive)).response == "Blue."
    assert (await client.ps()).models == []
    stream = await client.chat("small", [{"role": "user", "content": "Which?"}], keep_alive=keep_alive, stream=True)
    assert [part.done async for part in stream][-1]
    assert (await client.embed("near", "a", keep_alive=keep_alive)).embeddings
    assert (await client.ps()).models == []


async def test_a_model_that_cannot_leave_has_answered_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unload(pool: Pool, model: str) -> None:
        raise EngineError("its server does not answer")

    monkeypatch.setattr(Pool, "unload", unload)
    house.chat.script = ["Blue."]
    status, lines = await post(house, "/api/generate", model="small", prompt="Which?", keep_alive=0)
    assert (status, [line.get("done") for line in lines]) == (200, [False, True])


@pytest.mark.parametrize("keep_alive", [-1, "5m", "00x", "-5s", ""])
async def test_any_other_stays(house: House, keep_alive: Any) -> None:
    house.chat.script = ["Blue."]
    assert (await post(house, "/api/generate", model="small", prompt="Which?", keep_alive=keep_alive))[0] == 200
    assert len((await house.client().ps()).models) == 2


async def breaks(request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
    """Fail in the midst of a reply."""
    yield TextDelta("Well,")
    raise EngineError("the model is broken", hint="mend it")


async def test_what_fails_before_the_first_word_has_a_status_and_what_fails_after_it_a_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.chat.script = [EngineError("the model is broken")]
    question = [{"role": "user", "content": "Hi."}]
    status, [line] = await post(house, "/api/chat", model="small", messages=question)
    assert (status, line) == (500, {"error": "the model is broken"})
    monkeypatch.setattr(house.chat, "reply", breaks)
    status, [well, line] = await post(house, "/api/chat", model="small", messages=question)
    assert (status, well["message"]["content"], line) == (200, "Well,", {"error": "the model is broken (mend it)"})
    with pytest.raises(ollama.ResponseError, match="the model is broken"):
        async for _ in await house.client().generate("small", "Hi.", stream=True):
            pass


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("chat", {"model": "none", "messages": [{"role": "user", "content": "x"}]}, 404, "no chat model"),
        ("chat", {"model": "near", "messages": [{"role": "user", "content": "x"}]}, 404, "no chat model"),
        ("chat", {"model": "blind", "messages": [{"role": "user", "content": "x"}], "tools": [WEATHER]}, 400, "tools"),
        ("chat", {"messages": []}, 400, "model"),
        ("chat", {"model": "small", "messages": [{"role": "robot", "content": "x"}]}, 400, "messages"),
        ("chat", {"model": "small", "messages": "x"}, 400, "messages"),
        ("generate", {"model": "small", "prompt": "x", "options": {"temperature": 9}}, 400, "options.temperature"),
        ("generate", {"model": "small", "prompt": "x", "options": {"num_predict": 10**12}}, 400, "num_predict"),
        ("generate", {"model": "small", "prompt": "x", "options": {"stop": ["s"] * 99}}, 400, "options.stop"),
        ("generate", {"model": "small", "prompt": "x", "options": {"stop": "s" * 257}}, 400, "options.stop"),
        ("chat", {"model": "small", "messages": [{"role": "user", "content": "x"}] * 10_001}, 400, "messages"),
        ("chat", {"model": "small" * 52, "messages": [{"role": "user", "content": "x"}]}, 400, "model"),
        (
            "chat",
            {"model": "small", "messages": [{"role": "user", "content": "x"}], "think": True},
            400,
            "not support th",
        ),
        ("generate", {"model": "small", "prompt": "x", "think": "high"}, 400, '"small" does not support thinking'),
        ("generate", {"model": "small", "prompt": "x", "logprobs": True, "top_logprobs": 21}, 400, "top_logprobs"),
        ("generate", {"model": "blind", "prompt": "x", "logprobs": True}, 400, "logprobs"),
        ("generate", {"model": "small", "prompt": "x", "raw": True}, 400, "raw: that cannot be set"),
        ("generate", {"model": "small", "prompt": "x", "suffix": "y"}, 400, "suffix: that cannot be set"),
        ("generate", {"model": "small", "prompt": "x", "template": "{{ .Prompt }}"}, 400, "template: that cannot"),
        ("generate", {"model": "small", "prompt": "x", "context": [1, 2]}, 400, "context: that cannot be set"),
        ("generate", {"model": "small", "raw": True}, 400, "raw: that cannot be set"),
        ("generate", {"model": "small", "prompt": "x", "images": ["%%%"]}, 400, "base64"),
        ("generate", {"model": "small", "prompt": "x", "images": ["aGVsbG8="]}, 415, "JPEG"),
        ("generate", {"model": "small", "prompt": "x", "format": {"enum": ["y" * 70_000]}}, 400, "format takes more"),
        ("generate", {"model": "small", "prompt": "x", "format": {"maximum": 2**70}}, 400, "format"),
        ("embed", {"model": "small", "input": "x"}, 404, "no embed model"),
        ("embed", {"model": "near", "input": "a", "dimensions": 1}, 400, "dimensions: the model has 2"),
        ("embed", {"model": "near", "input": "a", "dimensions": 0}, 400, "dimensions"),
        ("embed", {"model": "near", "input": ["a", "long"], "truncate": False}, 400, "context length: input[1]"),
        ("embed", {"model": "vague", "input": "a", "truncate": False}, 400, "cannot tell which texts it cuts"),
        ("show", {"model": "../../etc/passwd"}, 404, "not found"),
        ("pull", {"model": "../../etc/passwd"}, 404, "does not exist"),
    ],
)
async def test_what_makes_no_sense_is_told_in_one_string(
    house: House, path: str, body: dict[str, Any], status: int, says: str
) -> None:
    assert (found := await post(house, f"/api/{path}", **body))[0] == status, found
    assert says in found[1][0]["error"]
    assert not house.chat.requests


async def test_a_wrong_key_is_told_as_ollamas_client_reads_it(house: House) -> None:
    with pytest.raises(ollama.ResponseError, match="nobody here has this key") as error:
        await house.client("wrong").list()
    assert error.value.status_code == 401


async def test_t27_who_leaves_stops_the_reply(house: House) -> None:
    house.chat.pace, house.chat.script = 0.05, ["one two three four five six seven eight nine ten"] * 2
    stream = await house.client().chat("small", [{"role": "user", "content": "Count."}], stream=True)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    house.chat.pace = 0.0
    assert (
        await house.client().generate("small", "Again.")
    ).response == "one two three four five six seven eight nine ten"
    assert house.chat.finished == 1


# -- models ----------------------------------------------------------------------------------------------------------


async def test_models_are_listed_as_each_client_reads_them(house: House) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        async with session.get(f"{house.url}/api/tags") as answer:
            models = (await answer.json())["models"]
        async with session.get(f"{house.url}/api/version") as answer:  # Open WebUI compares its integers
            assert all(part.isdecimal() for part in (await answer.json())["version"].split("."))
        for method in ("GET", "HEAD"):
            async with session.request(method, f"{house.url}/") as answer:
                assert answer.status == 200
                assert await answer.text() == ("Ollama is running" if method == "GET" else "")
    names = [f"{name}:latest" for name in ("small", "blind", "near", "vague", "llama3.2")]
    assert [model["name"] for model in models] == names
    assert all(model["name"] == model["model"] and len(model["digest"]) == 64 for model in models)
    assert models[0]["details"]["parameter_size"] == "135M"
    assert [model.model for model in (await house.client().list()).models] == [model["model"] for model in models]


async def test_a_model_is_shown(house: House) -> None:
    shown = await house.client().show("small")
    assert shown.capabilities == ["completion", "tools", "vision"]
    assert shown.modelinfo and shown.modelinfo["fake.context_length"] == 4096
    await house.client().generate("small", "")
    assert [model.context_length for model in (await house.client().ps()).models] == [4096] * 2  # and its alias
    assert (await house.client().show("near:latest")).capabilities == ["embedding"]


async def test_texts_become_vectors(house: House) -> None:
    client = house.client()
    assert (await client.embed("near", ["a", "b"])).embeddings == [[1.0, 0.0], [0.0, 1.0]]
    assert (await client.embed("near", "a")).embeddings == [[1.0, 0.0]]
    assert (await client.embeddings("near", "b")).embedding == [0.0, 1.0]
    assert (await client.embed("near", [])).embeddings == []
    assert (await client.embed("near", "a", truncate=False, dimensions=2)).embeddings == [[1.0, 0.0]]
    assert (await client.embed("near", "long", truncate=True)).embeddings == [[0.0, 0.0]]


async def test_vectors_are_written_as_json_whatever_their_numbers(house: House) -> None:
    house.embed.places = {"a": (1.0, 1e-300), "b": (math.nan, 0.0)}  # a model that fails; NaN is no JSON
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        body = {"model": "near", "input": ["a", "b"]}
        async with session.post(f"{house.url}/api/embed", json=body) as answer:
            assert (await answer.text()).startswith('{"model":"near","embeddings":[[1.0,1e-300],[null,0.0]],')


async def test_what_means_nothing_may_be_sent(house: House) -> None:
    house.chat.script = ["Blue."]
    empty: dict[str, Any] = {
        "think": False,
        "logprobs": False,
        "raw": False,
        "suffix": "",
        "template": "",
        "context": [],
    }
    await house.client().generate("small", "Which?", options={"stop": ["", "e" * 256]}, **empty)
    assert house.chat.requests[0].stop == ("e" * 256,)


async def test_a_model_of_the_catalogue_is_fetched_step_by_step(house: House) -> None:
    steps = [step async for step in await house.client().pull("smollm2-135m:latest", stream=True)]
    assert [step.status for step in steps] == ["pulling manifest", *["pulling smollm2-135m"] * 2, "success"]
    assert (steps[1].completed, steps[1].total) == (1, 2)
    assert (await house.client().pull("smollm2-135m")).status == "success"
    assert house.store.pulled == ["smollm2-135m"] * 2


async def test_a_model_of_the_house_is_there(house: House) -> None:
    assert (await house.client().pull("small")).status == "success"
    assert house.store.pulled == []


async def test_a_download_that_fails_says_so(house: House) -> None:
    house.store.fails = EngineError("no network")
    status, lines = await post(house, "/api/pull", model="smollm2-135m")
    assert (status, lines[0]) == (200, {"status": "pulling manifest"})
    assert lines[-1] == {"error": "no network"}


async def test_t27_who_leaves_a_download_unread_leaves_nothing_behind(house: House) -> None:
    house.store.stalls = True
    steps = files._steps(house.store, ["smollm2-135m"] * 100)
    assert [json.loads(await anext(steps))["status"] for _ in range(2)] == ["pulling manifest", "pulling smollm2-135m"]
    while len(house.store.pulled) < 100:  # 200 steps, of which nobody reads any more
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await steps.aclose()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "pull for a program"]


async def test_only_what_nobody_uses_is_deleted(house: House, tmp_path: Path) -> None:
    client = house.client()
    with pytest.raises(ollama.ResponseError, match="the configuration names"):
        await client.delete("small")
    with pytest.raises(ollama.ResponseError, match="not found"):
        await client.delete("smollm2-135m")
    (tmp_path / "smollm2-135m").mkdir()
    assert (await client.delete("smollm2-135m")).status == "success"
    assert not (tmp_path / "smollm2-135m").exists()
