"""What hostile requests do to the door: nothing."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from assistant import ChatDelta, ChatRequest, Done, TextDelta
from assistant.access import Scope
from assistant.access.keys import Keys
from assistant.http import streaming
from assistant.state import State
from tests.http.openai.conftest import KEY, Served, serving

HELLO = [{"role": "user", "content": "Hello."}]
DEEP = 100_000


def body(more: str) -> bytes:
    """Return a request with *more* beside a question."""
    return f'{{"messages": [{{"role": "user", "content": "Hello."}}], {more}}}'.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEEP,
        body('"unknown": ' + "[" * DEEP + "]" * DEEP),
        body(
            '"tools": [{"type": "function", "function": {"name": "x", "parameters": {"a": '
            + "[" * DEEP
            + "]" * DEEP
            + "}}}]"
        ),
        body('"seed": ' + "9" * 1_000_000),
        body('"temperature": ' + "9" * 1_000_000),
        body('"max_tokens": 1e400'),
        body('"temperature": NaN'),
        body('"temperature": Infinity'),
        body('"top_p": -Infinity'),
        body('"stop": "\\ud800"'),
        body('"model": "\\udfff\\ud800"'),
        b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}',
        b'{"messages": [{"role": "user", "content": "\x00"}]}',
        b"\xef\xbb\xbf" + body('"n": 1'),
        body('"n": 1')[:-1],
        body('"n": 1') * 2,
        b"",
        b"null",
        b"[]",
        b'"messages"',
        b'{"messages": "Hello."}',
        b'{"messages": {}}',
        b'{"messages": [null]}',
    ],
    ids=range(23),
)
async def test_t9_json_that_is_none_or_hostile_is_refused(door: Served, data: bytes) -> None:
    status, answer = await door.post("/v1/chat/completions", data)
    assert status == 400 and answer["error"]["type"] == "invalid_request_error"
    assert len(answer["error"]["message"]) < 300
    assert not door.chat.requests
    assert (await door.ask())[0] == 200


async def test_t9_of_two_keys_of_one_name_the_last_counts_and_no_check_is_passed_by(door: Served) -> None:
    assert (await door.post("/v1/chat/completions", body('"max_tokens": -1, "max_tokens": 5')))[0] == 400
    assert (await door.post("/v1/chat/completions", body('"max_tokens": 5, "max_tokens": -1')))[0] == 400
    assert (await door.post("/v1/chat/completions", body('"max_tokens": 6, "max_tokens": 5')))[0] == 200
    assert door.chat.requests[0].max_tokens == 5


NUMBERS = ["temperature", "top_p", "presence_penalty", "frequency_penalty", "max_tokens", "max_completion_tokens"]
NUMBERS += ["seed", "n", "top_logprobs"]
WRONG: list[Any] = [-1e9, 2**63, 2**64, -(2**63) - 1, 1e308, "0.5", [1], {}, True, "\u0661"]


@pytest.mark.parametrize("key", NUMBERS)
async def test_t10_no_number_reaches_an_engine_out_of_range(door: Served, key: str) -> None:
    for value in WRONG:
        status, answer = await door.ask(**{key: value})
        assert (status, answer["error"]["param"]) == (400, key), value
    assert not door.chat.requests


@pytest.mark.parametrize(
    ("path", "asked", "keys"),
    [
        ("/v1/responses", {"input": "Hello."}, ["temperature", "top_p", "max_output_tokens"]),
        ("/v1/completions", {"prompt": "Hello."}, [*NUMBERS[:5], "seed", "n", "best_of", "logprobs"]),
        ("/v1/embeddings", {"input": "Hello."}, ["dimensions"]),
    ],
)
async def test_t10_nor_by_any_other_route(door: Served, path: str, asked: dict[str, Any], keys: list[str]) -> None:
    for key in keys:
        for value in WRONG:
            status, answer = await door.post(path, asked | {key: value})
            assert (status, answer["error"]["param"]) == (400, key), value
    assert not door.chat.requests and not door.embed.asked


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("presence_penalty", -2, 2),
        ("frequency_penalty", -2, 2),
        ("max_tokens", 1, 1_000_000),
        ("max_completion_tokens", 1, 1_000_000),
        ("n", 1, 8),
        ("seed", -(2**63), 2**63 - 1),
    ],
)
async def test_t10_a_range_is_whole_and_ends(door: Served, key: str, least: Any, most: Any) -> None:
    real = key in ("temperature", "top_p", "presence_penalty", "frequency_penalty")
    for value in (least, most):
        assert (await door.ask(**{key: value}))[0] == 200, value
    beyond = (math.nextafter(least, -math.inf), math.nextafter(most, math.inf)) if real else (least - 1, most + 1)
    reached = len(door.chat.requests)
    for value in beyond:
        assert (await door.ask(**{key: value}))[0] == 400, value
    assert len(door.chat.requests) == reached


@pytest.mark.parametrize(
    "more",
    [
        {"stop": ["x"] * 10_000},
        {"stop": "x" * 257},
        {"stop": ""},
        {"stop": [""]},
        {"stop": [1]},
        {"tools": [{"type": "function", "function": {"name": f"t{n}"}} for n in range(129)]},
        {"tools": [{"type": "function", "function": {"name": "x" * 65}}]},
        {"tools": [{"type": "function", "function": {"name": "../x"}}]},
        {"tools": [{"type": "function", "function": {"name": "x", "parameters": {"maximum": 2**70}}}]},
        {"tool_choice": "x"},
        {"tool_choice": {"type": "function", "function": {"name": "x"}}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"maximum": 2**70}}}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": [1]}}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": ["x"] * 50_000}}}},
        {"response_format": {"type": "grammar", "grammar": "root ::= root root"}},
        {"stream_options": {"include_usage": "yes"}},
        {"modalities": ["audio"]},
        {"logit_bias": {"1": 100}},
        {"functions": [{"name": "x"}]},
        {"function_call": {"name": "x"}},
        {"messages": HELLO * 10_001},
        {"messages": [{"role": "tool", "content": "x", "tool_call_id": "x" * 257}]},
        {
            "messages": [
                {"role": "assistant", "tool_calls": [{"id": "x", "function": {"name": "f", "arguments": "[]"}}]}
            ]
        },
    ],
    ids=range(23),
)
async def test_t10_what_has_no_sense_or_no_end_is_refused(door: Served, more: dict[str, Any]) -> None:
    status, answer = await door.ask(**more)
    assert status == 400 and answer["error"]["message"]
    assert not door.chat.requests


async def test_t10_unknown_keys_never_reach_an_engine(door: Served) -> None:
    await door.ask()
    more = {"n_discard": -1, "cache_prompt": True, "grammar": "root ::= x", "logit_bias": {}, "top_k": -5}
    more |= {"min_p": 9, "id_slot": -7, "priority": 0, "conversation": "somebody's", "mirostat": 2, "samplers": ["x"]}
    assert (await door.ask(**more))[0] == 200
    assert door.chat.requests[1] == door.chat.requests[0]


URLS = [
    "http://127.0.0.1/x.png",
    "https://169.254.169.254/latest/meta-data/",
    "http://[::ffff:127.0.0.1]/x.png",
    "http://0.0.0.0/x.png",
    "http://2130706433/x.png",
    "file:///etc/passwd",
    "ftp://127.0.0.1/x.png",
    "http://good.example\\@127.0.0.1/x.png",
    "//127.0.0.1/x.png",
    "/etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "data:text/html;base64,PGI+",
    "data:,http://127.0.0.1/",
    "data:image/png,http://127.0.0.1/",
    " data:image/png;base64,http://127.0.0.1/",
    "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
    "",
]


@pytest.mark.parametrize("url", URLS)
async def test_t18_a_picture_comes_with_the_request_and_nothing_is_fetched(door: Served, url: str) -> None:
    knocks = asyncio.Event()

    async def knocked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.set()
        writer.close()

    trap = await asyncio.start_server(knocked, "127.0.0.1", 0)
    async with trap:
        here = url.replace("127.0.0.1", f"127.0.0.1:{trap.sockets[0].getsockname()[1]}")
        contents: list[tuple[str, Any]] = [
            ("/v1/chat/completions", {"type": "image_url", "image_url": {"url": here}}),
            ("/v1/chat/completions", {"type": "image_url", "image_url": here}),
            ("/v1/responses", {"type": "input_image", "image_url": here}),
        ]
        for path, content in contents:
            said = [{"role": "user", "content": [content]}]
            status, answer = await door.post(path, {"messages": said, "input": said})
            assert status in (400, 415) and answer["error"]["message"]
    assert not knocks.is_set() and not door.chat.requests


class Endless:
    """Writes until it is stopped."""

    def __init__(self, word: str = "word ") -> None:
        self.word = word
        self.begun = self.closed = 0
        self.idle = asyncio.Event()

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        self.begun += 1
        self.idle.clear()
        try:
            for _ in range(request.max_tokens):
                await asyncio.sleep(0)
                yield TextDelta(self.word)
            yield Done("length")
        finally:
            self.closed += 1
            if self.closed == self.begun:
                self.idle.set()

    async def warm(self, request: ChatRequest) -> None:
        """Nothing is kept."""


def endless(path: str, stream: bool = True, model: str = "small") -> bytes:
    """Return the bytes of a request for an endless answer."""
    asked = {"model": model, "messages": HELLO, "input": "Hello.", "stream": stream, "max_tokens": 1_000_000}
    data = json.dumps(asked).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(data)}"
    return f"{head}\r\nContent-Type: application/json\r\n\r\n".encode() + data


async def test_t25_a_key_that_fills_the_queue_leaves_a_place_and_a_turn_to_another(home: Path) -> None:
    engine = Endless()
    async with State(home / "assistant.db") as state, serving(engine, queue=2, keys=Keys(state.keys)) as door:
        assert door.keys
        key = await door.keys.create("kitchen", [Scope.CHAT])
        body = json.dumps({"messages": HELLO, "model": "plain", "max_tokens": 1})
        greedy = []
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(endless("/v1/chat/completions", model="plain"))
            greedy.append(writer)
            await asyncio.sleep(0.2)
        assert (await door.post("/v1/chat/completions", body.encode()))[0] == 429
        head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        kitchen = asyncio.create_task(door.http.request("POST", "/v1/chat/completions", data=body, headers=head))
        await asyncio.sleep(0.2)
        greedy[0].transport.abort()  # the second of the greedy key begins, and then it is the other's turn
        await asyncio.sleep(0.2)
        assert not kitchen.done()
        greedy[1].transport.abort()
        async with asyncio.timeout(10), await kitchen as answer:
            assert answer.status == 200
        greedy[2].transport.abort()


async def test_t27_who_leaves_a_hundred_times_leaves_nothing_behind() -> None:
    engine = Endless()
    async with serving(engine, queue=0) as door:
        for n in range(100):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(endless(("/v1/chat/completions", "/v1/responses")[n % 2]))
            await writer.drain()
            await reader.readuntil(b"word ")
            writer.transport.abort()
            async with asyncio.timeout(10):
                await engine.idle.wait()
        assert engine.closed == 100
        assert (await door.ask(max_tokens=2))[0] == 200


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
async def test_t27_who_leaves_before_the_first_word_leaves_nothing_behind(path: str, stream: bool) -> None:
    asked, closed = asyncio.Event(), asyncio.Event()

    class Mute(Endless):
        async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
            asked.set()
            try:
                await asyncio.Event().wait()
                yield Done("stop")
            finally:
                closed.set()

    async with serving(Mute()) as door:
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(endless(path, stream))
        async with asyncio.timeout(10):
            await asked.wait()
            writer.transport.abort()
            await closed.wait()


async def test_t28_who_does_not_read_is_hung_up_on_and_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_STALLED", 0.5)
    engine = Endless("word " * 2000)
    async with serving(engine) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
        writer.write(endless("/v1/chat/completions"))
        await reader.readuntil(b"word ")
        assert (await door.ask(max_tokens=1))[0] == 200
        async with asyncio.timeout(30):
            while engine.closed < 2:
                await asyncio.sleep(0.05)
        writer.transport.abort()


@pytest.mark.parametrize(
    ("path", "key", "part"),
    [
        ("/v1/chat/completions", "messages", {"type": "text", "text": "a"}),
        ("/v1/responses", "input", {"type": "input_text", "text": "a"}),
    ],
)
async def test_t7_a_conversation_has_so_many_parts_and_no_more(door: Served, path: str, key: str, part: Any) -> None:
    for many, status in ((100, 200), (101, 400)):
        messages = [{"role": "assistant", "content": [part] * 100}] * many
        assert (await door.post(path, {key: [*messages[1:], {"role": "user", "content": [part] * 100}]}))[0] == status
    [request] = door.chat.requests
    assert sum(len(message.parts) for message in request.messages) == 10_000
