"""`/v1/chat/completions` as OpenAI's own library speaks to it."""

from assistant import ChatMessage, Done, TextDelta, TextPart, Usage
from tests.http.openai.conftest import Served

USAGE = Usage(prompt_tokens=12, cached_tokens=8, completion_tokens=3)
HELLO = [{"role": "user", "content": "Hello."}]


async def test_a_reply_comes_whole(door: Served) -> None:
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("stop", USAGE)]]
    answer = await door.openai.chat.completions.create(model="small", messages=HELLO)
    assert answer.choices[0].message.content == "Good day."
    assert (answer.choices[0].finish_reason, answer.model, answer.object) == ("stop", "small", "chat.completion")
    assert answer.usage.prompt_tokens_details.cached_tokens == 8
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (12, 3, 15)
    assert door.chat.requests[0].messages == (ChatMessage("user", (TextPart("Hello."),)),)
