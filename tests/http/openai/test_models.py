"""Names: the list of models, a model in the path, and names that are none (T15)."""

import openai
import pytest
from openai import AsyncOpenAI

from tests.http.openai.conftest import KEY, Served

HELLO = "Hello."
ALIASES = ["chat", "sentences", "gpt-4o-mini"]


async def test_every_model_and_alias_is_listed(door: Served) -> None:
    models = [model async for model in await door.openai.models.list()]
    assert [model.id for model in models] == ["small", "plain", "ears", "mouth", "places", *ALIASES]
    assert {(model.object, model.owned_by) for model in models} == {("model", "inglenook")}
    assert (await door.openai.models.retrieve("gpt-4o-mini")).id == "gpt-4o-mini"
    with pytest.raises(openai.NotFoundError) as missing:
        await door.openai.models.retrieve("gpt-9")
    assert missing.value.code == "model_not_found"


async def test_a_model_in_the_path_goes_before_that_of_the_body(door: Served) -> None:
    door.chat.script = ["Yes."] * 3
    async with AsyncOpenAI(base_url=f"{door.url}/models/gpt-4o-mini/v1", api_key=KEY, max_retries=0) as client:
        said = await client.chat.completions.create(model="whatever", messages=[{"role": "user", "content": HELLO}])
        assert (said.model, door.chat.requests[0].max_tokens) == ("gpt-4o-mini", 77)
        assert (await client.responses.create(model="whatever", input=HELLO)).model == "gpt-4o-mini"
        assert (await client.completions.create(model="whatever", prompt=HELLO)).model == "gpt-4o-mini"
        assert [model.id async for model in await client.models.list()] == ["gpt-4o-mini"]
        with pytest.raises(openai.NotFoundError):
            await client.embeddings.create(model="places", input=HELLO)


NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "small\0",
    "sm\u2024all",
    "SMALL",
    "small ",
    "x" * 200,
    "small/../small",
    "__class__",
]


@pytest.mark.parametrize("name", NAMES)
async def test_t15_a_name_that_is_none_is_not_found_wherever_it_stands(door: Served, name: str) -> None:
    bodies: dict[str, dict[str, object]] = {
        "/v1/chat/completions": {"messages": [{"role": "user", "content": HELLO}]},
        "/v1/completions": {"prompt": HELLO},
        "/v1/responses": {"input": HELLO},
        "/v1/embeddings": {"input": HELLO},
    }
    for path, body in bodies.items():
        status, answer = await door.post(path, {"model": name, **body})
        assert status == 404 and answer["error"]["code"] == "model_not_found"
        assert name not in answer["error"]["message"]
    assert not door.chat.requests


@pytest.mark.parametrize(
    "path",
    [
        "/models/..%2f..%2fetc%2fpasswd/v1/chat/completions",
        "/models/%2e%2e/v1/chat/completions",
        "/models/small%00/v1/chat/completions",
        "/models/small%2fv1%2f../v1/chat/completions",
        "/models/%ff%fe/v1/chat/completions",
        "/models/" + "x" * 4000 + "/v1/chat/completions",
        "/models//v1/chat/completions",
    ],
)
async def test_t15_a_path_that_names_no_model_is_not_found(door: Served, path: str) -> None:
    body = b'{"messages": [{"role": "user", "content": "Hello."}]}'
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
    status, text = await door.raw(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    assert status in (400, 404) and "passwd" not in text
    assert not door.chat.requests


async def test_t15_a_name_of_four_kilobytes_is_refused(door: Served) -> None:
    status, answer = await door.ask(model="x" * 4096)
    assert status == 400 and answer["error"]["param"] == "model"
