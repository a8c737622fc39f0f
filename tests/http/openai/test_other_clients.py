"""Programs that use OpenAI's door in their own way: langchain-openai, and Simon Willison's `llm`."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assistant import Done, TextDelta, ToolCall, Usage
from tests.http.openai.conftest import KEY, ONLY_HERE, Served

pytestmark = pytest.mark.once

USAGE = Usage(prompt_tokens=12, completion_tokens=3)
SCHEMA = {
    "title": "lamp",
    "description": "A lamp.",
    "type": "object",
    "properties": {"on": {"type": "boolean"}},
    "required": ["on"],
}


async def test_langchain_asks_streams_calls_tools_and_wants_a_schema(door: Served) -> None:
    from langchain_openai import ChatOpenAI

    def switch_lamp(on: bool) -> str:
        """Switch the lamp."""
        return "done"

    model = ChatOpenAI(base_url=f"{door.url}/v1", api_key=SecretStr(KEY), model="chat", max_retries=0)
    door.chat.script = [[TextDelta("Good day."), Done("stop", USAGE)], "Good day to you."]
    answer = await model.ainvoke("Hello.")
    assert answer.usage_metadata
    assert (answer.content, answer.usage_metadata["total_tokens"]) == ("Good day.", 15)
    assert "".join([str(chunk.content) async for chunk in model.astream("Hello.")]) == "Good day to you."

    call = ToolCall("c1", "switch_lamp", {"on": True})
    door.chat.script = [[call, Done("tool_calls")], [call, Done("tool_calls")], "Done.", '{"on": true}']
    able = model.bind_tools([switch_lamp], tool_choice="switch_lamp")
    called: Any = await able.ainvoke("Light!")
    assert called.tool_calls[0]["args"] == {"on": True}
    whole: Any = None
    async for chunk in able.astream("Light!"):
        whole = chunk if whole is None else whole + chunk
    assert whole.tool_calls[0] == {"name": "switch_lamp", "args": {"on": True}, "id": "c1", "type": "tool_call"}
    said = ["Light!", called, {"role": "tool", "tool_call_id": "c1", "content": "done"}]
    assert (await model.bind_tools([switch_lamp]).ainvoke(said)).content == "Done."
    assert (await model.with_structured_output(SCHEMA).ainvoke("Light?")) == {"on": True}
    await model.root_async_client.close()


async def test_langchain_places_texts(door: Served) -> None:
    from langchain_openai import OpenAIEmbeddings

    places = OpenAIEmbeddings(
        base_url=f"{door.url}/v1", api_key=SecretStr(KEY), model="sentences", check_embedding_ctx_length=False
    )
    assert await places.aembed_documents(["warm", "hot"]) == [[1.0, 0.0], pytest.approx([0.6, 0.8], abs=1e-7)]
    await places.async_client._client.close()  # langchain keeps it, and says nothing of closing


async def test_llm_asks_with_an_extra_model(door: Served, tmp_path: Path) -> None:
    models = f"- {{model_id: mine, model_name: chat, api_base: '{door.url}/v1', api_key_name: mine}}\n"
    (tmp_path / "extra-openai-models.yaml").write_text(models)
    (tmp_path / "keys.json").write_text(json.dumps({"mine": KEY}))
    environment = os.environ | {"LLM_USER_PATH": str(tmp_path)} | ONLY_HERE
    for options in ([], ["--no-stream"]):
        door.chat.script = ["Good day to you."]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "llm",
            "-m",
            "mine",
            "Hello.",
            *options,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        shown, _ = await process.communicate()
        assert (process.returncode, shown.decode().strip()) == (0, "Good day to you.")
