"""What models Ollama has, and what each can do."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from assistant import Capabilities, EngineError, Kind, ProvidedModel, Provider
from assistant_ollama.client import Client, connected
from assistant_ollama.names import described

__all__ = ["Shown", "models", "recognise"]

_NAME = re.compile(r"[!-~]{1,200}")
_AT_ONCE = 4
"""Models that are shown at once."""
_KNOWN = 1000
"""Models whose page is kept."""
_UNITS = {"K": 0.001, "M": 1.0, "B": 1000.0, "T": 1_000_000.0}


class _Details(msgspec.Struct):
    parameter_size: str = ""


class _Model(msgspec.Struct):
    """An entry of `/api/tags`, or the page of one model; `capabilities` came to the former in 2026."""

    model: str = ""
    name: str = ""
    digest: str = ""
    details: _Details | None = None
    capabilities: list[str] | None = None
    remote_host: str = ""


class _Tags(msgspec.Struct):
    models: list[_Model]


Shown = dict[tuple[str, str, str], "_Model | None"]
"""Pages of models that were asked for, by server, name and digest."""


async def recognise(provider: Provider) -> bool:
    """Tell the server by what it says at its root; KoboldCpp, which has pages of Ollama's too, says something else."""
    try:
        async with connected(provider) as client:
            return await client.page("/") == b"Ollama is running"
    except EngineError:
        return False


async def models(provider: Provider, shown: Shown) -> Sequence[ProvidedModel]:
    """Return the models for chat and for embedding; raises EngineError.

    What a model can do is asked once for each of its versions; *shown* keeps the answers.
    """
    async with connected(provider) as client:
        listed = _read(await client.json("/api/tags"), _Tags)
        if listed is None:
            raise EngineError(
                f"{provider} does not list its models, as Ollama does at /api/tags",
                hint=f"providers.{provider.name}.endpoint: http://HOST:11434, and is it an Ollama?",
            )
        named = [model for model in listed.models if _NAME.fullmatch(model.model or model.name)]
        turn = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            pages = [group.create_task(_page(client, turn, model, shown)) for model in named]
    found = (_known(provider, model, page.result()) for model, page in zip(named, pages, strict=True))
    return [model for model in found if model is not None]


async def _page(client: Client, turn: asyncio.Semaphore, model: _Model, shown: Shown) -> _Model | None:
    """Return what can tell what a model can do: its own page, where the list does not."""
    if model.capabilities is not None:
        return model
    name = model.model or model.name
    key = (client.provider.endpoint, name, model.digest)
    if key not in shown:
        async with turn:
            try:
                page = _read(await client.json("/api/show", model=name), _Model)
            except EngineError:
                return None  # its name tells enough until it is asked again
        while len(shown) >= _KNOWN:
            del shown[next(iter(shown))]
        shown[key] = page
    return shown[key]


def _known(provider: Provider, listed: _Model, page: _Model | None) -> ProvidedModel | None:
    """Return a model with what is told of it; None where it neither chats nor embeds."""
    model = described(provider, listed.model or listed.name)
    can = replace(model.capabilities, rank=_millions(listed) or model.capabilities.rank)
    if listed.remote_host or (page and page.remote_host):
        can = replace(can, local=False)
    told = page.capabilities if page else None
    if told is None:
        return replace(model, capabilities=can)
    if "completion" in told:
        sees = frozenset({"text", "image"} if "vision" in told else {"text"})
        can = replace(can, inputs=sees, tools="tools" in told, schema=True, logprobs=True)
        return ProvidedModel(model.name, Kind.CHAT, can)
    if "embedding" in told:
        return ProvidedModel(model.name, Kind.EMBED, Capabilities(local=can.local, parallel=can.parallel))
    return None


def _millions(model: _Model) -> int:
    """Return how many millions of parameters `7.6B` are; 0 where it is no such thing."""
    size = model.details.parameter_size if model.details else ""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)([KMBT])", size)
    return round(float(found[1]) * _UNITS[found[2]]) if found else 0


def _read(page: Any, wanted: type[Any]) -> Any:
    """Return a page as a struct; None where it is another thing."""
    try:
        return None if page is None else msgspec.convert(page, wanted)
    except msgspec.ValidationError:
        return None
