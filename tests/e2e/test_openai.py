"""A real daemon with a real model, asked by OpenAI's own library as any program asks."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from assistant.paths import models_folder
from tests.running import CONFIG, Home

CHAT: Any = [{"role": "user", "content": "What is the capital of France? Answer in one sentence."}]
LAMP: Any = {
    "type": "function",
    "function": {
        "name": "switch_lamp",
        "description": "Switch a lamp on or off.",
        "parameters": {
            "type": "object",
            "properties": {"room": {"enum": ["kitchen", "hall"]}, "on": {"type": "boolean"}},
            "required": ["room", "on"],
        },
    },
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """Ask a daemon that writes by SmolLM2 and places by MiniLM, and by SmolLM2 as a GGUF model that is told how."""
    home = Home(tmp_path_factory.mktemp("home"))
    engines = "models:\n  {chat: {engine: llama-cpp, temperature: 0}, sentences: {engine: minilm},\n   "
    engines += "places: {engine: llama-cpp-embed, model: smollm2-135m, pooling: mean, context: 128},\n   "
    home.write(
        CONFIG.replace("models:\n  {", engines).replace(" chat: {engine: fake-chat},", "")
        + "aliases: {gpt-4o-mini: {model: chat, max_tokens: 12}}\n"
    )
    (home.folder / "data" / "models").symlink_to(models_folder())
    with home.daemon() as daemon:
        daemon.ready()
        with openai.OpenAI(base_url=f"{daemon.address}/v1", api_key=home.key, max_retries=0) as library:
            yield library
        assert daemon.stop() == 0


@pytest.mark.once
def test_a_question_is_answered_whole_and_as_it_is_written(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="chat", messages=CHAT, max_tokens=40)
    words = whole.choices[0].message.content or ""
    assert "Paris" in words
    assert whole.usage and 0 < whole.usage.completion_tokens <= 40
    stream = client.chat.completions.create(
        model="chat", messages=CHAT, max_tokens=40, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == words
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens


@pytest.mark.once
def test_a_tool_that_must_be_called_is_called_with_what_its_schema_admits(client: openai.OpenAI) -> None:
    said: Any = [{"role": "user", "content": "Switch the lamp in the hall on."}]
    choice: Any = {"type": "function", "function": {"name": "switch_lamp"}}
    with client.chat.completions.stream(model="chat", messages=said, tools=[LAMP], tool_choice=choice) as stream:
        answer: Any = stream.get_final_completion()
    [call] = answer.choices[0].message.tool_calls
    arguments = json.loads(call.function.arguments)
    assert call.function.name == "switch_lamp"
    assert arguments["room"] in ("kitchen", "hall") and isinstance(arguments["on"], bool)


@pytest.mark.once
def test_json_satisfies_its_schema(client: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "size": {"type": "integer"}}}
    form: Any = {
        "type": "json_schema",
        "json_schema": {"name": "city", "schema": schema | {"required": ["city", "size"]}},
    }
    answer = client.chat.completions.create(model="chat", messages=CHAT, response_format=form, max_tokens=60)
    found = json.loads(answer.choices[0].message.content or "")
    assert set(found) == {"city", "size"} and isinstance(found["size"], int)
    answer = client.chat.completions.create(
        model="chat", messages=CHAT, response_format={"type": "json_object"}, max_tokens=200, stop=["\n\n\n"]
    )
    assert (answer.choices[0].message.content or "").startswith("{")


@pytest.mark.once
def test_a_response_streams_and_an_alias_cuts_it(client: openai.OpenAI) -> None:
    with client.responses.stream(model="gpt-4o-mini", input="Tell a long story of a fox.") as stream:
        events = list(stream)
    words = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last: Any = events[-1]
    final = last.response
    assert last.type == "response.incomplete"
    assert final.output_text == words and words
    assert (final.status, final.model) == ("incomplete", "gpt-4o-mini")
    assert final.usage and final.usage.output_tokens == 12


@pytest.mark.once
@pytest.mark.parametrize(("model", "nearer"), [("sentences", 0.2), ("places", 0.1)])
def test_near_sentences_are_near(client: openai.OpenAI, model: str, nearer: float) -> None:
    texts = ["The light in the kitchen is on.", "The kitchen lamp burns.", "He plays the piano."]
    numbers = client.embeddings.create(model=model, input=texts, encoding_format="float").data
    coded: Any = client.embeddings.create(model=model, input=texts, encoding_format="base64").data
    first, near, far = [place.embedding for place in numbers]
    assert (
        sum(a * b for a, b in zip(first, near, strict=True))
        > sum(a * b for a, b in zip(first, far, strict=True)) + nearer
    )
    data = base64.b64decode(coded[0].embedding)
    assert struct.unpack(f"<{len(data) // 4}f", data) == pytest.approx(first, abs=1e-6)


@pytest.mark.once
def test_it_is_told_how_likely_the_words_were(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="chat", messages=CHAT, max_tokens=20, logprobs=True, top_logprobs=2, frequency_penalty=0.1
    )
    told: Any = answer.choices[0].logprobs
    assert "".join(token.token for token in told.content) == answer.choices[0].message.content
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in told.content)


@pytest.mark.once
def test_what_cannot_be_done_is_the_programs_mistake(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="tokens, the context"):
        client.chat.completions.create(model="chat", messages=[{"role": "user", "content": "word " * 20_000}])
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "#/nowhere"}}}
    with pytest.raises(openai.BadRequestError, match="cannot be followed"):
        client.chat.completions.create(model="chat", messages=CHAT, response_format=form)
