"""What lies in Ollama's memory and on its disk."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import cast

import msgspec
from ollama import ProgressResponse

from assistant import Provider, ProviderFaults, PullProgress
from assistant_ollama.client import classified, connected
from assistant_ollama.options import options_of

__all__ = ["load", "loaded", "pull", "unload"]

_PATIENCE = 600.0
"""Seconds that a server may take, from one sign of progress to the next: a large model comes from a slow disk."""


async def loaded(provider: Provider) -> frozenset[str]:
    """Ask which models are in memory; raises EngineError."""
    async with connected(provider) as client, client.asked() as sdk:
        return frozenset(model.model for model in (await sdk.ps()).models if model.model)


async def load(provider: Provider, model: str) -> None:
    """Have a model loaded, and return once it is there; raises EngineError."""
    async with connected(_patient(provider)) as client, client.asked(model) as sdk:
        await sdk.chat(model, [], keep_alive=options_of(provider).keep_alive or None)


async def unload(provider: Provider, model: str) -> None:
    """Have a model taken out of memory; raises EngineError."""
    async with connected(provider) as client, client.asked(model) as sdk:
        await sdk.chat(model, [], keep_alive=0)


async def pull(provider: Provider, model: str) -> AsyncGenerator[PullProgress, None]:
    """Have a model downloaded, and yield how far it is; raises EngineError. Closing the generator ends it."""
    provider = _patient(provider)
    faults = ProviderFaults(provider, model)
    async with connected(provider) as client:
        with classified(faults):
            answer = cast("AsyncGenerator[ProgressResponse, None]", await client.sdk.pull(model, stream=True))
        done = False
        async with aclosing(answer):
            while True:
                with classified(faults):
                    async with asyncio.timeout(provider.config.parameters.timeout):
                        part = await anext(answer, None)
                if part is None:
                    break
                done = part.status == "success"
                yield PullProgress(faults.said(part.status), part.completed or 0, part.total or 0)
        if not done:
            raise faults.broke_off()


def _patient(provider: Provider) -> Provider:
    parameters = msgspec.structs.replace(provider.config.parameters, timeout=_PATIENCE)
    return replace(provider, config=msgspec.structs.replace(provider.config, parameters=parameters))
