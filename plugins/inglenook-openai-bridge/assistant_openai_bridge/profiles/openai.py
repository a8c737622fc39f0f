"""OpenAI's own service, and every server that speaks as it does and has no profile of its own."""

from typing import Any
from urllib.parse import urlsplit

from assistant import ChatRequest, Provider
from assistant_openai_bridge.listing import entries, is_name
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["OPENAI"]


async def _recognise(ask: Ask) -> bool:
    """Any list of models will do."""
    return any(map(is_name, entries(await ask("models"))))


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Say `max_completion_tokens` to OpenAI itself: its newer models refuse the older name, others know only that."""
    if urlsplit(provider.endpoint).hostname == "api.openai.com":
        body["max_completion_tokens"] = body.pop("max_tokens")


OPENAI = Profile(
    type="openai", title="OpenAI, and what speaks as it does", endpoint="", recognise=_recognise, extend=_extend
)
