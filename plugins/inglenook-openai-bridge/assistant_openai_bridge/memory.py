"""What is in a server's memory, and how it is told to load and unload."""

import asyncio
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
_AGAIN = 0.5
"""Seconds after which a server that answered before it was done is asked again whether it is."""


async def loaded(profile: Profile, provider: Provider) -> frozenset[str]:
    """Ask a server what is in its memory; raises EngineError."""
    assert profile.loaded is not None
    async with connected(provider) as client:
        return await profile.loaded(client.get)


async def load(profile: Profile, provider: Provider, model: str) -> None:
    """Have a server load a model, and return once it is there; raises EngineError where it does not do it.

    One that is there is not loaded again: some servers would refuse, others have it twice.
    """
    assert profile.load is not None
    if not await _held(profile, provider, model):
        await _do("load", profile.load, provider, model)


async def unload(profile: Profile, provider: Provider, model: str) -> None:
    """Have a server unload a model, unless another is there in its place; raises EngineError."""
    assert profile.unload is not None
    held = [model] if profile.loaded is None else await _held(profile, provider, model)
    for name in held:
        await _do("unload", profile.unload, provider, name)


async def _held(profile: Profile, provider: Provider, model: str) -> list[str]:
    """Return what a server calls a model in its memory, each time that it is there; none where it does not tell."""
    if profile.loaded is None:
        return []
    same = profile.answers or operator.eq
    return [name for name in await loaded(profile, provider) if same(model, name)]


async def _do(what: str, act: Act, provider: Provider, model: str) -> None:
    async with connected(_patient(provider)) as client:
        async with client.post(act.path, {act.name: model}, model=model) as answer, aclosing(_told(answer)) as told:
            async for part in told:
                answer.progress()
                if reason := _failure(act, part):
                    raise _undone(what, provider, model, reason)
        if act.finished is None:
            return
        clock = asyncio.get_running_loop().time
        deadline = clock() + _PATIENCE
        while not (done := await act.finished(client.get, model)):
            if done is None:
                raise _undone(what, provider, model, "it gave up")
            if clock() > deadline:
                raise ProviderFaults(client.provider, model).silent()
            await asyncio.sleep(_AGAIN)


def _undone(what: str, provider: Provider, model: str, reason: Any) -> EngineError:
    said = ProviderFaults(provider, model).said(reason)
    return EngineError(f"{provider} did not {what} {model}: {said}", hint="its own log says more")


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
