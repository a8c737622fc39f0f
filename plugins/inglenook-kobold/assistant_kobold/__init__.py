"""KoboldCpp and KoboldAI as types of provider, over the interface of their own."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

from assistant import Chat, ProvidedModel, Provider, ProviderSpec, hookimpl, in_thread
from assistant_kobold.family import FAMILY, Family, described
from assistant_kobold.options import KoboldOptions

__all__ = ["KoboldOptions", "assistant_providers"]


async def _module(name: str) -> Any:
    """Import a part that needs aiohttp beside the loop."""
    return await in_thread(lambda: import_module(f"assistant_kobold.{name}"))


async def _models(family: Family, provider: Provider) -> Sequence[ProvidedModel]:
    found: Sequence[ProvidedModel] = await (await _module("listing")).models(family, provider)
    return found


async def _recognise(family: Family, provider: Provider) -> bool:
    known: bool = await (await _module("listing")).recognise(family, provider)
    return known


@asynccontextmanager
async def _open(family: Family, provider: Provider, model: ProvidedModel) -> AsyncGenerator[Chat, None]:
    client, chat = await _module("client"), await _module("chat")
    async with client.connected(provider) as connection:
        yield chat.KoboldChat(connection, family, model.name)


@hookimpl
def assistant_providers() -> list[ProviderSpec]:
    """Offer both types, KoboldCpp, which is told by more, first."""
    return [
        ProviderSpec(
            type=family.type,
            title=family.title,
            endpoint="http://127.0.0.1:5001",
            describe=partial(described, family),
            models=partial(_models, family),
            recognise=partial(_recognise, family),
            open=partial(_open, family),
            options=KoboldOptions,
        )
        for family in FAMILY.values()
    ]
