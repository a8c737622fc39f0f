"""litellm and llama-index, which want an older `openai`: in the Python that `INGLENOOK_TEST_CLIENTS` names.

It has `litellm`, `mcp` (without which litellm calls no tools) and `llama-index-llms-openai-like`; `make test` makes
one of clients.txt.
"""

import asyncio
import json
import os
from typing import Any

import pytest

from assistant import Done, TextDelta, ToolCall, Usage
from tests.http.openai.conftest import KEY, ONLY_HERE, Served

PYTHON = os.environ.get("INGLENOOK_TEST_CLIENTS", "")
if not PYTHON:
    pytest.skip("INGLENOOK_TEST_CLIENTS names no Python with litellm and llama-index", allow_module_level=True)

pytestmark = pytest.mark.once

LITELLM = """
import json, litellm, sys
how = {"api_base": sys.argv[1] + "/v1", "api_key": sys.argv[2]}
ask = [{"role": "user", "content": "Hello."}]
lamp = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
tool = {"type": "function", "function": {"name": "switch_lamp", "parameters": lamp}}
form = {"type": "json_schema", "json_schema": {"name": "lamp", "schema": lamp}}
whole = litellm.completion("openai/chat", ask, **how)
pieces = litellm.completion("openai/chat", ask, stream=True, stream_options={"include_usage": True}, **how)
called = litellm.completion("openai/chat", ask, tools=[tool], tool_choice="required", **how)
[call] = called.choices[0].message.tool_calls
held = litellm.completion("openai/chat", ask, response_format=form, **how)
try:
    litellm.completion("openai/nobody", ask, **how)
except litellm.NotFoundError:
    unknown = True
places = litellm.embedding("openai/sentences", ["warm", "hot"], encoding_format="float", **how)
print(json.dumps([
    whole.choices[0].message.content, whole.usage.total_tokens,
    "".join(piece.choices[0].delta.content or "" for piece in pieces),
    call.function.name, json.loads(call.function.arguments), json.loads(held.choices[0].message.content), unknown,
    [place["embedding"] for place in places.data],
]))
"""
LLAMA_INDEX = """
import json, sys
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

class Lamp(BaseModel):
    '''A lamp.'''
    on: bool

def switch_lamp(on: bool) -> str:
    '''Switch the lamp.'''
    return "done"

model = OpenAILike(
    model="chat", api_base=sys.argv[1] + "/v1", api_key=sys.argv[2], is_chat_model=True, is_function_calling_model=True
)
whole = model.complete("Hello.").text
pieces = "".join(piece.delta for piece in model.stream_chat([ChatMessage(role="user", content="Hello.")]))
told = model.chat_with_tools([FunctionTool.from_defaults(switch_lamp)], user_msg="Light!", tool_required=True)
[call] = model.get_tool_calls_from_response(told)
lamp = model.as_structured_llm(Lamp).complete("Is it on?").raw
print(json.dumps([whole, pieces, call.tool_name, call.tool_kwargs, lamp.on]))
"""
CALL = ToolCall("c1", "switch_lamp", {"on": True})


async def shown(program: str, door: Served) -> Any:
    """Run a program in that Python, and return what it shows."""
    environment = os.environ | ONLY_HERE | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    process = await asyncio.create_subprocess_exec(
        PYTHON, "-c", program, door.url, KEY, env=environment, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(answer.splitlines()[-1])


async def test_litellm_asks_streams_calls_tools_and_places_texts(door: Served) -> None:
    usage = Usage(prompt_tokens=12, completion_tokens=3)
    door.chat.script = [
        [TextDelta("Good day."), Done("stop", usage)],
        "Good day to you.",
        [CALL, Done("tool_calls")],
        '{"on": true}',
    ]
    lamp = {"on": True}
    said = ["Good day.", 15, "Good day to you.", "switch_lamp", lamp, lamp, True, [[1.0, 0.0], [0.6, 0.8]]]
    assert await shown(LITELLM, door) == said
    assert door.chat.requests[2].tool_choice == "required" and door.chat.requests[3].schema


async def test_llama_index_asks_streams_calls_tools_and_wants_a_form(door: Served) -> None:
    lamp = ToolCall("c2", "Lamp", {"on": True})
    door.chat.script = ["Good day.", "Good day to you.", [CALL, Done("tool_calls")], [lamp, Done("tool_calls")]]
    assert await shown(LLAMA_INDEX, door) == ["Good day.", "Good day to you.", "switch_lamp", {"on": True}, True]
    assert door.chat.requests[2].tool_choice == "required"
