"""What a server says of itself: whose it is, which model it has loaded, and how that is to be spoken to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import EngineError, EngineUnavailable, ProvidedModel, Provider
from assistant_kobold.client import Client, connected
from assistant_kobold.family import DEFAULT, Family, described

__all__ = ["Facts", "facts_of", "models", "recognise"]

_NAME = re.compile(r"[!-~]{1,200}")
_PROTECTED = "protected-model"
"""What KoboldCpp calls its model to those who do not have the key."""
_NONE = ("", "inactive", "ReadOnly", "None")
"""What KoboldCpp and KoboldAI call their model where there is none."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says of the model that it has loaded."""

    name: str
    """Its name."""
    template: str = ""
    """Its chat template; empty where the server does not show it."""
    context: int = 0
    """Tokens that a prompt and its continuation may have; 0 where it does not tell."""


async def facts_of(client: Client, family: Family, wanted: str) -> Facts:
    """Ask about the model that is loaded; raises EngineUnavailable where it is not the one that is *wanted*."""
    name = await _loaded(client, client.provider.config.parameters.model_endpoint)
    if not name or wanted not in (name, DEFAULT):
        raise EngineUnavailable(
            f"{client.provider} has no model {wanted}: {f'it has {name} loaded' if name else 'none is loaded'}",
            hint=f"load it there, or call it {client.provider.name}/{DEFAULT}, which is whatever it has",
        )
    template = _field(await client.get("props"), "chat_template") if family.stream else ""
    return Facts(name, template if isinstance(template, str) else "", await _context(client, family))


async def models(family: Family, provider: Provider) -> Sequence[ProvidedModel]:
    """Return the model that is loaded, if any is; raises EngineError."""
    async with connected(provider) as client:
        name = await _loaded(client, provider.config.parameters.model_endpoint)
        if not name:
            return []
        model = described(family, provider, name)
        sees = _field(await client.get("api/extra/version"), "vision") is True
        inputs = frozenset({"text", "image"} if sees else {"text"})
        can = replace(model.capabilities, inputs=inputs, context=await _context(client, family))
        return [replace(model, capabilities=can)]


async def recognise(family: Family, provider: Provider) -> bool:
    """Tell the server by its answers: KoboldCpp has pages beside those that it has in common with KoboldAI."""
    async with connected(provider) as client:
        try:
            if family.stream:
                return bool(_field(await client.get("api/extra/version"), "result") == "KoboldCpp")
            told = _field(await client.get("api/v1/info/version"), "result")
            return isinstance(told, str) and await client.get("api/extra/version") is None
        except EngineError:
            return False


async def _loaded(client: Client, path: str) -> str:
    """Return the name of the model; empty where none is loaded."""
    told = _field(await client.get(path or "api/v1/model"), "result")
    if not isinstance(told, str):
        raise EngineError(
            f"{client.provider} does not name its model, as servers of the Kobold family do at /api/v1/model",
            hint=f"providers.{client.provider.name}.endpoint: http://HOST:5001, and is `type` right?",
        )
    name = told.removeprefix("koboldcpp/")
    if name == _PROTECTED:
        raise EngineUnavailable(
            f"{client.provider} does not accept the key", hint=f"providers.{client.provider.name}.api_key"
        )
    return name if name not in _NONE and _NAME.fullmatch(name) else ""


async def _context(client: Client, family: Family) -> int:
    """Return how many tokens a prompt and its continuation may have; 0 where the server does not tell."""
    told = _field(await client.get(family.context), "value")
    return told if isinstance(told, int) and told > 0 else 0


def _field(page: Any, name: str) -> Any:
    return page.get(name) if isinstance(page, dict) else None
