"""A request as Ollama is told it."""

import json
from collections.abc import Iterator
from typing import Any

from assistant import (
    AudioPart,
    ChatMessage,
    ChatRequest,
    ImagePart,
    Provider,
    ToolCall,
    ToolResult,
    ToolSpec,
    UnfitRequest,
)
from assistant_ollama.options import options_of

__all__ = ["chat_arguments"]

_SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "seed",
)
"""Fields of `Sampling`; Ollama calls each as it is called here."""
_TOLD = {"type", "items", "description", "enum"}
"""What the library hands on of an argument of a tool."""


def chat_arguments(provider: Provider, model: str, request: ChatRequest, streams: bool) -> dict[str, Any]:
    """Return the arguments of `AsyncClient.chat`; raises UnfitRequest for what Ollama cannot be asked."""
    if request.grammar is not None:
        raise UnfitRequest(f"{provider}: Ollama takes no grammar", hint="use a JSON schema")
    if request.tools and request.tool_choice not in ("auto", "none"):
        raise UnfitRequest(f"{provider}: Ollama cannot be made to call a tool", hint="let the model choose")
    options = options_of(provider)
    drawn: dict[str, Any] = {**options.parameters, "num_predict": request.max_tokens}
    if options.context is not None:
        drawn["num_ctx"] = options.context
    if request.stop:
        drawn["stop"] = list(request.stop)
    values = {name: getattr(request.sampling, name) for name in _SAMPLING}
    drawn |= {name: value for name, value in values.items() if value is not None}
    names = {part.call_id: part.name for m in request.messages for part in m.parts if isinstance(part, ToolCall)}
    asked: dict[str, Any] = {
        "model": model,
        "messages": [told for message in request.messages for told in _messages(provider, message, names)],
        "stream": streams,
        "options": drawn,
        "think": options.think,
    }
    if request.tools and request.tool_choice == "auto":
        asked["tools"] = [_tool(tool) for tool in request.tools]
    if request.schema is not None:
        asked["format"] = dict(request.schema)
    if options.keep_alive:
        asked["keep_alive"] = options.keep_alive
    if request.logprobs is not None:
        asked |= {"logprobs": True, "top_logprobs": min(request.logprobs, 20)}
    return asked


def _messages(provider: Provider, message: ChatMessage, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a message as Ollama reads it; each result of a tool is a message of its own."""
    for part in message.parts:
        if isinstance(part, AudioPart):
            raise UnfitRequest(f"{provider}: Ollama takes no sound", hint="let it be recognised first")
        if isinstance(part, ToolResult):
            yield {"role": "tool", "content": part.content, "tool_name": names.get(part.call_id, "")}
    images = [part.image.data for part in message.parts if isinstance(part, ImagePart)]
    calls = [
        {"function": {"name": part.name, "arguments": dict(part.arguments)}}
        for part in message.parts
        if isinstance(part, ToolCall)
    ]
    if message.text or images or calls:
        yield {"role": message.role, "content": message.text, "images": images, "tool_calls": calls}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    properties = tool.parameters.get("properties") or {}
    parameters = {
        "type": "object",
        "required": list(tool.parameters.get("required") or ()),
        "properties": {name: _argument(schema) for name, schema in properties.items()},
    }
    if "$defs" in tool.parameters:
        parameters["$defs"] = tool.parameters["$defs"]
    told = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": told}


def _argument(schema: Any) -> Any:
    """Return the schema of an argument; what the library would leave out of it stands in its description."""
    if not isinstance(schema, dict) or schema.keys() <= _TOLD:
        return schema
    more = json.dumps({key: value for key, value in schema.items() if key != "description"}, ensure_ascii=False)
    words = f"{schema.get('description') or ''} JSON schema: {more}".strip()
    return {key: value for key, value in schema.items() if key in _TOLD} | {"description": words}
