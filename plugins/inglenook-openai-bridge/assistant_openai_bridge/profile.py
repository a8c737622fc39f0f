"""What is different about a type of server: where it is, how it is recognised, what it lists, what it is told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant import ChatRequest, ProvidedModel, Provider
from assistant_openai_bridge.listing import guessed, listed

__all__ = ["Ask", "Profile"]

Ask = Callable[[str], Awaitable[Any]]
"""Gets JSON from a server: `models` is a path below the endpoint, `/props` one below its root. None where there
is no such page, or it is no JSON; raises EngineError where the server does not answer."""


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    return listed(await ask(path))


def _as_it_is(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Add nothing to a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A type of server that speaks as OpenAI does. What is not given is as OpenAI's own service has it."""

    type: str
    """What `type:` says."""
    title: str
    """What people call it."""
    endpoint: str
    """Where it usually is on this machine; empty where the owner must say."""
    recognise: Callable[[Ask], Awaitable[bool]]
    """Tells the server by its answers."""
    describe: Callable[[str], ProvidedModel] = guessed
    """Says what a model is, by its name."""
    models: Callable[[Ask, str], Awaitable[list[ProvidedModel]]] = _models
    """Lists the models, given the path that lists them."""
    sampling: Mapping[str, str] = field(default_factory=dict)
    """What it calls `top_k`, `min_p` and `repeat_penalty` of `Sampling`; what is not here it does not know."""
    extend: Callable[[dict[str, Any], ChatRequest, Provider], None] = _as_it_is
    """Adds to the body of a request for a reply, or changes it."""
    grammar: bool = False
    """Whether `extend` tells the server a grammar; without, a request that has one is refused."""
    streams: bool = True
    """Whether replies come word by word."""
    model_endpoint: str = "models"
    """Path below the endpoint that lists the models."""
    chat_endpoint: str = "chat/completions"
    """Path below the endpoint that writes replies."""
    embed_endpoint: str = "embeddings"
    """Path below the endpoint that places texts."""
