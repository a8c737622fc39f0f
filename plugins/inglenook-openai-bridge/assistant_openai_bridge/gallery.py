"""LocalAI's gallery: models that it installs when it is told so (its source, 82c191a)."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from assistant import EngineError, EngineTimeout, ProviderFaults, PullProgress

if TYPE_CHECKING:
    from assistant_openai_bridge.client import Client

__all__ = ["install"]

_AGAIN = 1.0
"""Seconds after which it is asked again how far it is."""
_PATIENCE = 600.0
"""Seconds that it may be without getting further."""


async def install(client: "Client", model: str) -> AsyncGenerator[PullProgress, None]:
    """Have a model of the gallery installed, and yield how far that is; raises EngineError.

    Closing the generator ends the asking; LocalAI goes on.
    """
    faults = ProviderFaults(client.provider, model)
    async with client.post("/models/apply", {"id": model}, model=model) as answer:
        told = await answer.json()
    job = told.get("uuid") if isinstance(told, dict) else None
    if not isinstance(job, str):
        raise faults.strange("no job")
    clock = asyncio.get_running_loop().time
    last, deadline = PullProgress(""), clock() + _PATIENCE
    while True:
        state = await _state(client, job)
        if (progress := _progress(state, faults)) != last:
            last, deadline = progress, clock() + _PATIENCE
            yield progress
        if state.get("error") or state.get("cancelled"):
            why = faults.said(state.get("error")) or last.status
            raise EngineError(f"{client.provider} did not install {model}: {why}", hint="its own log says more")
        if state.get("processed"):
            return
        if clock() > deadline:
            raise EngineTimeout(
                f"{client.provider} came no further with {model} in {_PATIENCE:g} s", hint="its own log may say why"
            )
        await asyncio.sleep(_AGAIN)


async def _state(client: "Client", job: str) -> dict[str, Any]:
    """Return what is known of a job; nothing before it has begun."""
    jobs = await client.get("/models/jobs")
    state = jobs.get(job) if isinstance(jobs, dict) else None
    return state if isinstance(state, dict) else {}


def _progress(state: dict[str, Any], faults: ProviderFaults) -> PullProgress:
    done, total = state.get("current_bytes"), state.get("total_bytes")
    counts = [number if isinstance(number, int) and number > 0 else 0 for number in (done, total)]
    return PullProgress(faults.said(state.get("message")), *counts)
