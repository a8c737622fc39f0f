"""What a request holds that a chat model must be able to take."""

from collections.abc import Callable

from assistant.chat import AudioPart, ChatRequest, ImagePart
from assistant.engines import Capabilities

__all__ = ["Lacking", "lacking", "likely_tokens", "unread"]

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
    if request.tools and request.tool_choice != "none" and not capabilities.tools:
        return "tools"
    if request.schema is not None and not capabilities.schema:
        return "schema"
    return "logprobs" if request.logprobs is not None and not capabilities.logprobs else ""


def likely_tokens(request: ChatRequest) -> int:
    """Return how many tokens a request and its reply may have; pictures and sound are not counted."""
    return sum(len(message.text) for message in request.messages) // _CHARACTERS + request.max_tokens
