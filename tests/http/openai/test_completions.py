"""`/v1/completions` as OpenAI's own library speaks to it."""

from assistant import Done, TextDelta, Usage
from tests.http.openai.conftest import Served

USAGE = Usage(prompt_tokens=12, completion_tokens=3)


async def test_a_prompt_is_answered_whole(door: Served) -> None:
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("stop", USAGE)]]
    answer = await door.openai.completions.create(model="small", prompt="Hello.", seed=3, stop="\n")
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("Good day.", "stop")
    assert answer.usage and answer.usage.total_tokens == 15
    asked = door.chat.requests[0]
    assert (asked.messages[0].text, asked.max_tokens, asked.stop) == ("Hello.", 16, ("\n",))
    assert asked.sampling.seed == 3


async def test_a_prompt_is_answered_as_it_is_written(door: Served) -> None:
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("length", USAGE)]]
    stream = await door.openai.completions.create(
        model="small", prompt=["Hello."], stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == "Good day."
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens == 3


async def test_the_best_of_several_is_refused(door: Served) -> None:
    status, body = await door.post("/v1/completions", {"prompt": "one", "best_of": 2})
    assert (status, body["error"]["param"]) == (400, "best_of") and not door.chat.requests
    assert (await door.post("/v1/completions", {"prompt": "one", "n": 1, "best_of": 1}))[0] == 200


async def test_several_prompts_are_refused(door: Served) -> None:
    status, body = await door.post("/v1/completions", {"prompt": ["one", "two"]})
    assert (status, body["error"]["param"]) == (400, "prompt")
