"""A request as the server is told it."""

import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

from assistant import (
    AudioChunk,
    AudioPart,
    ChatMessage,
    ChatRequest,
    ImagePart,
    Provider,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
    UnfitRequest,
)
from assistant_openai_bridge.plain import plain
from assistant_openai_bridge.profile import Profile

__all__ = ["chat_body"]

_COMMON = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed")
"""Fields of `Sampling` that every server knows by their own names."""


def chat_body(profile: Profile, provider: Provider, model: str, request: ChatRequest, streams: bool) -> dict[str, Any]:
    """Return the body of a request for a reply; raises UnfitRequest for what the server knows nothing of."""
    wants_tools = bool(request.tools) and request.tool_choice != "none"
    for wanted, known, what in (
        (request.grammar is not None, profile.grammar, "grammar"),
        (request.schema is not None, profile.schema, "JSON schema"),
        (wants_tools, profile.tools, "tools"),
    ):
        if wanted and not known:
            raise UnfitRequest(f"{provider}: {profile.title} takes no {what}", hint="another model may")
    messages = [written for message in request.messages for written in _messages(message)]
    body: dict[str, Any] = {
        "model": model,
        "messages": messages if profile.tools else plain(messages),
        "max_tokens": request.max_tokens,
    }
    if streams:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if wants_tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        if request.tool_choice != "auto":
            body["tool_choice"] = _choice(request.tool_choice)
    if request.schema is not None:
        form = {"name": "reply", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    if request.stop:
        body["stop"] = list(request.stop)
    if request.logprobs is not None and profile.logprobs:
        body |= {"logprobs": True, "top_logprobs": request.logprobs}
    names = dict(zip(_COMMON, _COMMON, strict=True)) | dict(profile.sampling)
    values = {told: getattr(request.sampling, name) for name, told in names.items()}
    body |= {told: value for told, value in values.items() if value is not None}
    profile.extend(body, request, provider)
    return body


def _messages(message: ChatMessage) -> Iterator[dict[str, Any]]:
    """Yield a message as the server reads it; each result of a tool is a message of its own."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    yield from ({"role": "tool", "tool_call_id": part.call_id, "content": part.content} for part in results)
    calls = [_call(part) for part in message.parts if isinstance(part, ToolCall)]
    others = [part for part in message.parts if isinstance(part, ImagePart | AudioPart)]
    if results and not (message.text or calls or others):
        return
    content: Any = message.text
    if others:
        content = [_part(part) for part in message.parts if isinstance(part, TextPart | ImagePart | AudioPart)]
    written: dict[str, Any] = {"role": message.role, "content": content}
    yield written | ({"tool_calls": calls} if calls else {})


def _part(part: TextPart | ImagePart | AudioPart) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart():
            data = base64.b64encode(part.image.data).decode()
            return {"type": "image_url", "image_url": {"url": f"data:{part.image.mime_type};base64,{data}"}}
        case AudioPart():
            return {"type": "input_audio", "input_audio": {"data": _wav(part.audio), "format": "wav"}}


def _wav(chunk: AudioChunk) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((chunk.format.channels, chunk.format.width, chunk.format.rate, 0, "NONE", ""))
        sound.writeframes(chunk.audio)
    return base64.b64encode(file.getvalue()).decode()


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    told = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": told}


def _choice(choice: str) -> str | dict[str, Any]:
    return choice if choice in ("auto", "required") else {"type": "function", "function": {"name": choice}}
