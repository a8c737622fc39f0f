"""GPT4All, by a contract server of its source at cd70db2 (after release 3.10.0): gpt4all-chat/src/server.cpp."""

from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, LONG, LOOK, trial

from assistant import ChatRequest, Done, EngineUnavailable, Sampling, TextDelta, UnfitRequest

TITLES = {"Llama 3 8B Instruct": "Meta-Llama-3-8B-Instruct.Q4_0.gguf", "Nous Hermes 2 Mistral DPO": "hermes.gguf"}
LLAMA = "Llama%203%208B%20Instruct"
NUMBERS = ("max_tokens", "n", "temperature", "top_p", "min_p")
REFUSED = (
    *("frequency_penalty", "presence_penalty", "seed", "stop", "stream_options", "logit_bias", "top_logprobs"),
    *("response_format", "tools", "tool_choice", "function_call", "functions"),
)


class Gpt4All:
    """A server that refuses what it does not know, and answers in one piece."""

    def __init__(self) -> None:
        self.enabled = True
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    async def _models(self, request: web.Request) -> web.Response:
        if not self.enabled:
            return web.Response(status=401)
        card = {"object": "model", "created": 0, "owned_by": "humanity", "parent": None, "permissions": [{}]}
        return web.json_response({"object": "list", "data": [card | {"id": name, "root": name} for name in TITLES]})

    def _wrong(self, body: dict[str, Any]) -> str:
        """Return what is wrong with a request, looked at in the server's own order."""
        left = dict(body)
        if not isinstance(left.pop("model", None), str):
            return "you must provide a model parameter"
        for name in NUMBERS:
            if not isinstance(left.pop(name, 0), int | float):
                return f"'{name}' is not of type 'number'"
        for name in REFUSED:
            if left.pop(name, None) is not None:
                return f"'{name}' is not supported"
        if left.pop("stream", False):
            return "'stream' is not supported"
        for at, message in enumerate(left.pop("messages")):
            if message["role"] not in ("system", "user", "assistant"):
                return f"Invalid 'messages[{at}].role': expected one of 'system', 'assistant', or 'user'"
            if not isinstance(message["content"], str):
                return f"'{message['content']}' is not of type 'string' - 'content'"
            if message.keys() - {"role", "content"}:
                return f"Invalid 'messages[{at}]': unrecognized key"
        return f"Unrecognized request argument supplied: {next(iter(left))}" if left else ""

    async def _chat(self, request: web.Request) -> web.Response:
        if not self.enabled:
            return web.Response(status=401)
        self.asked.append(body := await request.json())
        if wrong := self._wrong(body):
            error = {"message": wrong, "type": "invalid_request_error", "param": None, "code": None}
            return web.json_response({"error": error}, status=400)
        known = [title for title, file in TITLES.items() if body["model"] in (title, file)]
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}
        answer = {"id": "placeholder", "object": "chat.completion", "created": 1, "model": [*known, *TITLES][0]}
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        return web.json_response(answer | {"choices": [choice | {"logprobs": None}], "usage": usage})


@pytest.fixture
def server() -> Gpt4All:
    return Gpt4All()


async def test_it_is_recognised(server: Gpt4All) -> None:
    async with trial("gpt4all", server.app()) as tried:
        assert await tried.recognised() == "gpt4all"


async def test_its_models_are_listed_by_names_without_spaces(server: Gpt4All) -> None:
    async with trial("gpt4all", server.app()) as tried:
        found = await tried.models()
    can = found[LLAMA].capabilities
    assert len(found) == 2 and not can.tools and not can.schema and can.inputs == {"text"} and can.parallel == 1


async def test_it_replies_in_one_piece(server: Gpt4All) -> None:
    async with trial("gpt4all", server.app()) as tried:
        assert await tried.check(LLAMA) == "Hi."
        text, done = await tried.reply(model=LLAMA)
    assert text == TextDelta("Hi.") and isinstance(done, Done) and done.usage.completion_tokens == 2
    assert server.asked[-1]["model"] == "Llama 3 8B Instruct" and server.asked[-1]["max_tokens"] == 20


async def test_nothing_is_told_that_it_would_refuse(server: Gpt4All) -> None:
    sampling = Sampling(temperature=0.5, top_k=3, min_p=0.1, presence_penalty=0.5, seed=7)
    async with trial("gpt4all", server.app()) as tried:
        await tried.reply(ChatRequest(LONG.messages, sampling=sampling, logprobs=2), TITLES["Llama 3 8B Instruct"])
    assert server.asked[-1]["min_p"] == 0.1 and "(Result: a cat)" in server.asked[-1]["messages"][1]["content"]


@pytest.mark.parametrize(
    "more", [{"tools": (LOOK,)}, {"schema": {"type": "object"}}, {"grammar": "a"}, {"stop": (".",)}]
)
async def test_what_would_change_the_reply_is_refused_here(server: Gpt4All, more: dict[str, Any]) -> None:
    async with trial("gpt4all", server.app()) as tried:
        failed = await tried.failure(ChatRequest(HELLO.messages, **more), LLAMA)
    assert isinstance(failed, UnfitRequest) and not server.asked


async def test_another_model_than_the_one_that_was_asked_for_is_no_answer(server: Gpt4All) -> None:
    async with trial("gpt4all", server.app()) as tried:
        failed = await tried.failure(model="Phi%204")
    assert isinstance(failed, EngineUnavailable) and "Llama 3 8B Instruct" in str(failed)


async def test_a_server_that_is_switched_off_in_its_settings(server: Gpt4All) -> None:
    server.enabled = False
    async with trial("gpt4all", server.app()) as tried:
        assert await tried.recognised() == ""
        assert isinstance(await tried.failure(model=LLAMA), EngineUnavailable)
