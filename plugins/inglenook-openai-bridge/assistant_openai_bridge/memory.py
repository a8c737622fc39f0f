"""What is in a server's memory, and how it is told to load and unload."""

import operator
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import msgspec

from assistant import EngineError, Provider
from assistant_openai_bridge.client import Answer, connected
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
    await _do(profile.load, provider, model)


async def unload(profile: Profile, provider: Provider, model: str) -> None:
    """Have a server unload a model, unless another is there in its place; raises EngineError."""
    assert profile.unload is not None
    if profile.loaded is not None:
        same = profile.answers or operator.eq
        if not any(same(model, name) for name in await loaded(profile, provider)):
            return
    await _do(profile.unload, provider, model)


async def _do(act: Act, provider: Provider, model: str) -> None:
    async with (
        connected(_patient(provider)) as client,
        client.post(act.path, {act.name: model}, model=model) as answer,
        aclosing(_told(answer)) as told,
    ):
        async for part in told:
            answer.progress()
            _check(act, provider, model, part)


def _patient(provider: Provider) -> Provider:
    parameters = msgspec.structs.replace(provider.config.parameters, timeout=_PATIENCE)
    return replace(provider, config=msgspec.structs.replace(provider.config, parameters=parameters))


async def _told(answer: Answer) -> AsyncGenerator[Any, None]:
    """Yield what a server says: one thing at the end, or how far it is in a stream of events."""
    if answer.type != "text/event-stream":
        yield await answer.json()
        return
    async with aclosing(answer.events()) as events:
        async for event in events:
            try:
                yield msgspec.json.decode(event)
            except (msgspec.MsgspecError, RecursionError):
                raise answer.strange() from None


def _check(act: Act, provider: Provider, model: str, told: Any) -> None:
    """Raise EngineError for an answer that says that nothing was done, whatever its status was."""
    answer = told if isinstance(told, dict) else {}
    reason = answer.get("error") or (act.statuses and answer.get("status") not in act.statuses and answer.get("status"))
    if reason:
        said = reason.get("message", "") if isinstance(reason, dict) else reason
        text = "".join(char if char.isprintable() else " " for char in str(said))[:200]
        raise EngineError(f"{provider} did not do that with {model}: {text}", hint="its own log says more")
