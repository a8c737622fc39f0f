"""What is in a server's memory, and how it is told to load and unload."""

import operator
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import msgspec

from assistant import BoundedAnswer, EngineError, Provider, ProviderFaults
from assistant_openai_bridge.client import connected
from assistant_openai_bridge.profile import Act, Profile

__all__ = ["load", "loaded", "unload"]

_PATIENCE = 600.0
"""Seconds that a server may take, from one sign of progress to the next: a large model comes from a slow disk."""


async def loaded(profile: Profile, provider: Provider) -> frozenset[str]:
    """Ask a server what is in its memory; raises EngineError."""
    assert profile.loaded is not None
    async with connected(provider) as client:
        return await profile.loaded(client.get)


async def load(profile: Profile, provider: Provider, model: str) -> None:
    """Have a server load a model, and return once it is there; raises EngineError where it does not do it."""
    assert profile.load is not None
    await _do("load", profile.load, provider, model)


async def unload(profile: Profile, provider: Provider, model: str) -> None:
    """Have a server unload a model, unless another is there in its place; raises EngineError."""
    assert profile.unload is not None
    if profile.loaded is not None:
        same = profile.answers or operator.eq
        if not any(same(model, name) for name in await loaded(profile, provider)):
            return
    await _do("unload", profile.unload, provider, model)


async def _do(what: str, act: Act, provider: Provider, model: str) -> None:
    async with (
        connected(_patient(provider)) as client,
        client.post(act.path, {act.name: model}, model=model) as answer,
        aclosing(_told(answer)) as told,
    ):
        async for part in told:
            answer.progress()
            if reason := _failure(act, part):
                said = ProviderFaults(provider, model).said(reason)
                raise EngineError(f"{provider} did not {what} {model}: {said}", hint="its own log says more")


def _patient(provider: Provider) -> Provider:
    parameters = msgspec.structs.replace(provider.config.parameters, timeout=_PATIENCE)
    return replace(provider, config=msgspec.structs.replace(provider.config, parameters=parameters))


async def _told(answer: BoundedAnswer) -> AsyncGenerator[Any, None]:
    """Yield what a server says: one thing at the end, or how far it is in a stream of events."""
    if answer.type != "text/event-stream":
        yield await answer.json()
        return
    async with aclosing(answer.events()) as events:
        async for event in events:
            try:
                yield msgspec.json.decode(event)
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                raise answer.strange() from None


def _failure(act: Act, told: Any) -> Any:
    """Return why nothing was done, where an answer says so, whatever its status was; else something that is false."""
    answer = told if isinstance(told, dict) else {}
    status = answer.get("status")
    return answer.get("error") or (bool(act.statuses) and status not in act.statuses and str(status))
