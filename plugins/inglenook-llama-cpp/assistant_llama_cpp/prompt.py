"""From a request's messages to what a chat template takes."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import (
    AudioPart,
    ChatMessage,
    EngineError,
    Image,
    ImagePart,
    Part,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
    UnfitRequest,
)
from assistant_llama_cpp.calls import call_text

__all__ = ["Abilities", "abilities", "begun", "conversation", "defuse", "tool_list", "with_markers", "with_tools_told"]

Message = dict[str, Any]
"""A message as templates know it: role, content, and perhaps tool_calls."""
_TOLD = re.compile("<(?=/?tool_response)")
"""Where what tells a result from other words begins."""
Render = Callable[[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]], bool], str]
"""`ChatTemplate.render`."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a chat template takes as it is; for the rest there is another way to say it."""

    system: bool
    """A system message at the start."""
    late_system: bool
    """A system message within the conversation."""
    calls: bool
    """Tool calls of the assistant and messages of the role `tool`."""
    repeated: bool
    """Two messages in a row by the same speaker."""


def abilities(render: Render) -> Abilities:
    """Find out what a template takes: render small conversations and look for their words."""

    def shows(messages: list[Message], *words: str) -> bool:
        try:
            text = render(messages, (), True)
        except EngineError:
            return False
        return all(word in text for word in words)

    user = {"role": "user", "content": "a question"}
    system = {"role": "system", "content": "the-rule"}
    call = {"type": "function", "id": "abcdefghi", "function": {"name": "a_tool", "arguments": {"key": "the-value"}}}
    calls: list[Message] = [
        user,
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": "a_tool", "tool_call_id": "abcdefghi", "content": "the-result"},
    ]
    answered = {"role": "assistant", "content": "an answer"}
    return Abilities(
        system=shows([system, user], "the-rule"),
        late_system=shows([user, answered, system, user], "the-rule"),
        calls=shows(calls, "a_tool", "the-value", "the-result"),
        repeated=shows([user, {"role": "user", "content": "a doubt"}], "a question", "a doubt"),
    )


def begun(messages: Sequence[ChatMessage]) -> tuple[Sequence[ChatMessage], str]:
    """Return *messages* without a reply that was begun, and its words: the model goes on with them."""
    last = messages[-1] if len(messages) > 1 else ChatMessage("user", ())
    if last.role != "assistant" or not all(isinstance(part, TextPart) for part in last.parts):
        return messages, ""
    return messages[:-1], last.text


def with_markers(messages: Sequence[ChatMessage], marker: str) -> tuple[list[ChatMessage], list[Image]]:
    """Put *marker* in the place of each image, and return the images in their order."""
    images: list[Image] = []
    marked = []
    for message in messages:
        parts: list[Part] = []
        for part in message.parts:
            if isinstance(part, ImagePart):
                images.append(part.image)
                parts.append(TextPart(f"{marker}\n"))
            else:
                parts.append(part)
        marked.append(replace(message, parts=tuple(parts)))
    return marked, images


def conversation(messages: Sequence[ChatMessage], able: Abilities) -> list[Message]:
    """Turn *messages* into what a template of these abilities takes; raises UnfitRequest for pictures and sound."""
    turned: list[Message] = []
    rules: list[str] = []  # system messages that must be told by the next user message
    names: dict[str, str] = {}  # tools that were called, by the ids of the calls
    for n, message in enumerate(messages):
        for part in message.parts:
            if isinstance(part, ToolCall):
                names[part.call_id] = part.name
            if isinstance(part, ImagePart | AudioPart):
                kind = "a picture" if isinstance(part, ImagePart) else "sound"
                raise UnfitRequest(
                    f"message {n} holds {kind}: this model does not take it",
                    hint="give its `projector`, if it has one, or send it to a model that takes it",
                )
        if message.role == "system" and not (able.system if n == 0 else able.late_system):
            rules.append(message.text)
        elif message.role == "tool":
            turned += _results(message, names, able)
        elif rules and message.role == "user":
            turned.append({"role": "user", "content": "\n\n".join([*rules, message.text])})
            rules = []
        else:
            turned.append(_spoken(message, able))
    if rules:
        turned.append({"role": "user", "content": "\n\n".join(rules)})
    return turned if able.repeated else _joined(turned)


def _joined(messages: Sequence[Message]) -> list[Message]:
    """Make one of messages in a row whose speaker is the same."""
    joined: list[Message] = []
    for message in messages:
        last = joined[-1] if joined else {}
        if message.keys() == last.keys() == {"role", "content"} and message["role"] == last["role"]:
            joined[-1] = {**last, "content": f"{last['content']}\n\n{message['content']}"}
        else:
            joined.append(message)
    return joined


def _spoken(message: ChatMessage, able: Abilities) -> Message:
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if not calls:
        return {"role": message.role, "content": message.text}
    if not able.calls:
        texts = [message.text, *(call_text(call.name, call.arguments) for call in calls)]
        return {"role": message.role, "content": "\n".join(filter(None, texts))}
    functions = [{"name": call.name, "arguments": call.arguments} for call in calls]
    ids = [call.call_id for call in calls]
    listed = [{"type": "function", "id": i, "function": function} for i, function in zip(ids, functions, strict=True)]
    return {"role": message.role, "content": message.text, "tool_calls": listed}


def _results(message: ChatMessage, names: Mapping[str, str], able: Abilities) -> list[Message]:
    """Return the results in a message; *names* are the tools' by the ids of the calls before."""
    turned: list[Message] = []
    for part in message.parts:
        if not isinstance(part, ToolResult):
            continue
        content = f"Error: {part.content}" if part.failed else part.content
        name = names.get(part.call_id, "")
        if able.calls:
            turned.append({"role": "tool", "name": name, "tool_call_id": part.call_id, "content": content})
        else:
            told = _TOLD.sub("<\u200b", content)  # whoever wrote it cannot end it
            turned.append({"role": "user", "content": f"<tool_response>\n{told}\n</tool_response>"})
    return turned


def tool_list(tools: Sequence[ToolSpec]) -> list[Message]:
    """Describe *tools* as templates that know tools take them."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in tools
    ]


def with_tools_told(messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> tuple[ChatMessage, ...]:
    """Add a description of *tools* to the first system message, for a template that does not know tools."""
    lines = [f"- {tool.name}: {tool.description} Arguments: {json.dumps(tool.parameters)}" for tool in tools]
    told = "\n".join(
        [
            "You can call these tools:",
            *lines,
            "To call one, write nothing but:",
            '<tool_call>\n{"name": "the tool", "arguments": {"name": "value"}}\n</tool_call>',
        ]
    )
    if messages and messages[0].role == "system":
        return (ChatMessage.of("system", f"{messages[0].text}\n\n{told}"), *messages[1:])
    return (ChatMessage.of("system", told), *messages)


def defuse(value: Any, control: re.Pattern[str]) -> Any:
    """Break the texts of control tokens in all of *value*, so that words cannot end a message or start another.

    A zero-width space after the first character is enough for the tokeniser, and a reader does not see it.
    """
    if isinstance(value, str):
        return control.sub(lambda found: f"{found[0][0]}\u200b{found[0][1:]}", value)
    if isinstance(value, Mapping):
        return {key: defuse(item, control) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [defuse(item, control) for item in value]
    return value
