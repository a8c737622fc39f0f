"""`/api/inference/orchestrated`, and replies that are given again: real doors over several fakes."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from assistant import ConfigError, Done, EngineError, TextDelta, Usage
from tests.http.conftest import KEY
from tests.http.rest.house import House, living

PATH = "/api/inference/orchestrated"
COLD: Any = {"parameters": {"temperature": 0}}


@pytest.fixture
async def house(home: Path) -> AsyncGenerator[House, None]:
    async with living(home) as house:
        yield house


@pytest.mark.parametrize(
    ("body", "model", "why"),
    [
        ({}, "chat", "number 1 of the list"),
        ({"strategy": "accuracy"}, "away", "70000 million parameters"),
        ({"strategy": "cost"}, "chat", "1 for a million tokens"),
        ({"strategy": "private"}, "chat", "number 1 of the list"),
        ({"strategy": "performance"}, "chat", "it was never measured"),
        ({"task": "code"}, "large", "it is good at code"),
        ({"task": "poetry"}, "chat", "number 1 of the list"),
        ({"model_id": "large", "strategy": "accuracy"}, "large", "8000 million parameters"),
        ({"strategy": "cost", "parameters": {"schema": {"type": "object"}}}, "large", "2 for a million tokens"),
    ],
)
async def test_the_best_model_answers_and_tells_why(house: House, body: dict[str, Any], model: str, why: str) -> None:
    status, answer = await house.ask(PATH, **body)
    assert status == 200
    assert (answer["model"], answer["why"], answer["cached"]) == (model, why, False)
    assert answer["text"] == ("small" if model == "chat" else model)
    assert {"model": model, "why": why, "outcome": "answered"} in answer["candidates"]
    assert answer["seconds"] >= 0
    left_out = {one["model"]: one["why"] for one in answer["candidates"] if one["outcome"] == "left out"}
    if body.get("strategy") == "private":
        assert left_out == {"away": "it is not on this machine"}
    elif "parameters" in body:
        assert left_out == {"chat": "it takes no schema"}
    else:
        assert not left_out


async def test_where_one_fails_the_next_answers(house: House) -> None:
    house.large.script = [EngineError("it broke")]
    house.small.script = [[TextDelta("Instead."), Done("length", Usage(9, 2, 3))]]
    _, answer = await house.ask(PATH, task="code", parameters={"max_tokens": 3})
    assert (answer["model"], answer["text"], answer["finish_reason"]) == ("chat", "Instead.", "length")
    assert answer["tokens"] == {"prompt": 9, "cached": 2, "completion": 3}
    outcomes = [(one["model"], one["outcome"]) for one in answer["candidates"]]
    assert outcomes == [("large", "engine_error"), ("chat", "answered"), ("away", "not asked")]


async def test_where_all_fail_it_is_told(house: House) -> None:
    for chat in (house.small, house.large, house.away):
        chat.script = [EngineError("it broke")]
    status, body = await house.ask(PATH)
    assert (status, body["error"]["code"], body["error"]["message"]) == (500, "engine_error", "it broke")


async def test_a_text_is_placed_where_that_is_the_task(house: House) -> None:
    _, answer = await house.ask(PATH, inputs="a", task="embedding")
    assert (answer["model"], answer["vector"], answer["text"]) == ("near", [1.0, 0.0], None)
    assert answer["why"] == "it places texts"
    conversation = [{"role": "user", "content": "a"}]
    assert (await house.ask(PATH, inputs=conversation, task="embedding"))[0] == 400


async def test_what_is_private_is_asked_of_no_other_machine(home: Path) -> None:
    aliases = "aliases: {auto: {model: [away, large], strategy: private}, far: {model: away, strategy: private}}\n"
    async with living(home, aliases) as house:
        assert (await house.ask(PATH, strategy="accuracy"))[1]["model"] == "large"
        house.large.script = [EngineError("it broke")]
        assert (await house.ask(PATH, strategy="accuracy"))[0] == 500
        status, body = await house.ask(PATH, model_id="far", strategy="accuracy")
        assert (status, body["error"]["code"]) == (400, "unfit_model")
        status, body = await house.ask(PATH, model_id="away", strategy="private")
        assert (status, body["error"]["code"]) == (400, "unfit_model")
        assert not house.away.requests


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"inputs": ""}, 400, "inputs"),
        ({"strategy": "best"}, 400, "strategy"),
        ({"task": "x" * 65}, 400, "task"),
        ({"task": 3}, 400, "task"),
        ({"model_id": "none"}, 404, "no chat model"),
        ({"model_id": "near"}, 404, "no chat model"),
        ({"parameters": {"cache": "yes"}}, 400, "parameters.cache"),
    ],
)
async def test_what_does_not_fit_is_refused(house: House, body: dict[str, Any], status: int, word: str) -> None:
    refused, answer = await house.ask(PATH, **body)
    assert refused == status
    assert word in answer["error"]["message"]
    assert not house.small.requests


@pytest.mark.once
async def test_the_example_of_the_docs_works(house: House, tmp_path: Path) -> None:
    answer = await house.shown("/orchestrated", tmp_path)
    assert (answer["model"], answer["why"]) == ("away", "70000 million parameters")


# -- what was asked before -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PATH, "/api/inference/"])
async def test_the_same_is_answered_again_to_the_same_key_until_it_is_forgotten(house: House, path: str) -> None:
    first, again = (await house.ask(path, **COLD))[1], (await house.ask(path, **COLD))[1]
    assert (first.pop("cached"), again.pop("cached")) == (False, True)
    assert first.pop("seconds") >= 0 and again.pop("seconds") >= 0
    first.pop("candidates", None), again.pop("candidates", None)
    assert again == first
    assert len(house.small.requests) == 1
    assert not (await house.ask(path, house.other, **COLD))[1]["cached"]
    headers = {"Authorization": f"Bearer {KEY}"}
    async with house.session.delete("/api/history?seconds=all", headers=headers) as answer:
        assert answer.status == 200
    assert not (await house.ask(path, **COLD))[1]["cached"]


async def test_each_door_of_ours_keeps_what_is_asked_for(house: House) -> None:
    async def prompt(**body: Any) -> Any:
        return (await house.ask("/generate", prompt="Hello.", **body))[1]["cached"]

    assert [await prompt(), await prompt(), await prompt(temperature=0, cache=False)] == [False] * 3
    assert [await prompt(temperature=0), await prompt(temperature=0)] == [False, True]
    assert [await prompt(cache=True), await prompt(cache=True)] == [False, True]
    outcomes = (await house.ask("/api/inference/batch", inputs=["one", "one", "two"], **COLD))[1]["results"]
    assert [outcome["result"]["cached"] for outcome in outcomes] == [False, True, False]


async def test_two_equal_requests_at_once_are_written_once(house: House) -> None:
    house.small.pace = 0.1
    answers = await asyncio.gather(*(house.ask(PATH, **COLD) for _ in range(2)))
    assert sorted(answer["cached"] for _, answer in answers) == [False, True]
    assert len(house.small.requests) == 1


async def test_the_door_for_openais_clients_says_so_in_a_header(house: House) -> None:
    async def hit(**body: Any) -> str | None:
        asked = {"messages": [{"role": "user", "content": "Hello."}], "temperature": 0} | body
        headers = {"Authorization": f"Bearer {KEY}"}
        async with house.session.post("/v1/chat/completions", json=asked, headers=headers) as answer:
            assert (await answer.json())["choices"][0]["message"]["content"] == "small"
            header: str | None = answer.headers.get("X-Cache")
            return header

    assert [await hit(), await hit(), await hit()] == [None, "hit", "hit"]
    assert [await hit(temperature=1), await hit(temperature=1)] == [None, None]
    assert [await hit(n=2), await hit(n=2, seed=3), await hit(n=2, seed=3)] == ["hit", None, "hit"]
    tools = [{"type": "function", "function": {"name": "lamp", "parameters": {"type": "object"}}}]
    assert [await hit(tools=tools, tool_choice="none"), await hit(tools=tools, tool_choice="none")] == [None, None]


async def test_each_door_tells_where_the_question_was_put_otherwise(home: Path) -> None:
    """How it was put is told in the body, to whoever put it so, and never in a header, which others may write down."""
    one, other = "Who wrote Hamlet?", "Hi, can you tell me who wrote Hamlet?"
    like = {"question": one, "likeness": 0.96}
    async with living(home, cache="size: 100000, embed: near") as house:
        house.near.places = {one: (1.0, 0.0), other: (0.96, 0.28)}
        for path in (PATH, "/api/inference/"):
            first = (await house.ask(path, **COLD | {"inputs": one}))[1]
            again = (await house.ask(path, **COLD | {"inputs": other}))[1]
            assert "like" not in first
            assert (again["cached"], again["text"], again["like"]) == (True, first["text"], like)
        headers, said = {"Authorization": f"Bearer {KEY}"}, list[str | None]()
        for text in (one, other, one):
            body = {"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 7}
            async with house.session.post("/v1/chat/completions", json=body, headers=headers) as answer:
                said.append(answer.headers.get("X-Cache"))
                assert "Hamlet" not in f"{answer.headers} {await answer.text()}"
        assert said == [None, "like 0.960", "hit"]
        assert not (await house.ask(PATH, house.other, **COLD | {"inputs": other}))[1]["cached"]


@pytest.mark.parametrize("model", ["nobody", "chat"])
async def test_what_compares_questions_must_be_a_model_that_can(home: Path, model: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.cache\.embed"):
        async with living(home, cache=f"size: 100000, embed: {model}"):
            pass
