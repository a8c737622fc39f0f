"""What a request holds that a chat model must be able to take."""

from collections.abc import Callable

from assistant.chat import AudioPart, ChatRequest, ImagePart
from assistant.engines import Capabilities

__all__ = ["Lacking", "lacking", "likely_task", "likely_tokens", "may_call", "unread"]

Lacking = Callable[[ChatRequest, Capabilities], str]
"""Says what of a request a model cannot take; empty where it can take all of it."""

_CHARACTERS = 4
"""Characters of a token: few enough that a request is rarely thought too long."""
_PARTS: dict[type, str] = {ImagePart: "image", AudioPart: "audio"}


def unread(request: ChatRequest, capabilities: Capabilities) -> str:
    """Say which kinds of parts a model cannot read."""
    held = {_PARTS.get(type(part), "text") for message in request.messages for part in message.parts}
    return ", ".join(sorted((held | {"text"}) - capabilities.inputs))


def lacking(request: ChatRequest, capabilities: Capabilities) -> str:
    """Say what a program asks for that a model cannot take or do."""
    if missing := unread(request, capabilities):
        return missing
    if may_call(request) and not capabilities.tools:
        return "tools"
    if request.schema is not None and not capabilities.schema:
        return "schema"
    return "logprobs" if request.logprobs is not None and not capabilities.logprobs else ""


def likely_task(request: ChatRequest) -> str:
    """Return what a request is for, as far as its parts tell: what is meant by its words nobody guesses."""
    if any(isinstance(part, ImagePart) for message in request.messages for part in message.parts):
        return "vision"
    return "tools" if may_call(request) else "chat"


def may_call(request: ChatRequest) -> bool:
    """Tell whether a reply may call a tool."""
    return bool(request.tools) and request.tool_choice != "none"


def likely_tokens(request: ChatRequest) -> int:
    """Return how many tokens a request and its reply may have; pictures and sound are not counted."""
    return sum(len(message.text) for message in request.messages) // _CHARACTERS + request.max_tokens
