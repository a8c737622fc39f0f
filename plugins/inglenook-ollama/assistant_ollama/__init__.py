"""Ollama as a type of provider, over its own interface."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

from assistant import (
    Chat,
    Embed,
    EngineUnavailable,
    Kind,
    ProvidedModel,
    Provider,
    ProviderSpec,
    PullProgress,
    hookimpl,
    in_thread,
    remote_embed,
)
from assistant_ollama.names import described
from assistant_ollama.options import OllamaOptions

__all__ = ["OllamaOptions", "assistant_providers"]


async def _module(name: str) -> Any:
    """Import a part that needs the library, which takes half a second, beside the loop; raises EngineUnavailable."""
    try:
        return await in_thread(lambda: import_module(f"assistant_ollama.{name}"))
    except ImportError as error:
        raise EngineUnavailable(
            f"ollama cannot be loaded: {error}", hint="install it again: pip install ollama"
        ) from error


async def _models(shown: dict[Any, Any], provider: Provider) -> Sequence[ProvidedModel]:
    found: Sequence[ProvidedModel] = await (await _module("listing")).models(provider, shown)
    return found


async def _recognise(provider: Provider) -> bool:
    known: bool = await (await _module("listing")).recognise(provider)
    return known


@asynccontextmanager
async def _open(provider: Provider, model: ProvidedModel) -> AsyncGenerator[Chat | Embed, None]:
    local = provider.local and model.capabilities.local
    if model.kind is Kind.EMBED:
        asking = (await _module("embed")).asking(provider, model.name, local)
        async with remote_embed(provider, model.name, asking) as embed:
            yield embed
    else:
        client, chat = await _module("client"), await _module("chat")
        async with client.connected(provider) as connection:
            yield chat.OllamaChat(connection, model.name, local)


async def _loaded(provider: Provider) -> frozenset[str]:
    names: frozenset[str] = await (await _module("memory")).loaded(provider)
    return names


async def _load(provider: Provider, model: str) -> None:
    await (await _module("memory")).load(provider, model)


async def _unload(provider: Provider, model: str) -> None:
    await (await _module("memory")).unload(provider, model)


async def _pull(provider: Provider, model: str) -> AsyncGenerator[PullProgress, None]:
    async with aclosing((await _module("memory")).pull(provider, model)) as progress:
        async for part in progress:
            yield part


@hookimpl
def assistant_providers() -> list[ProviderSpec]:
    """Offer the type `ollama`."""
    spec = ProviderSpec(
        type="ollama",
        title="Ollama",
        endpoint="http://127.0.0.1:11434",
        describe=described,
        models=partial(_models, {}),
        recognise=_recognise,
        open=_open,
        options=OllamaOptions,
        loaded=_loaded,
        load=_load,
        unload=_unload,
        pull=_pull,
    )
    return [spec]
