"""Models that a server brings to itself when it is told so: LocalAI's gallery (its source, 82c191a) and LM Studio's
catalogue (its documentation, c6854fb)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assistant import EngineError, EngineTimeout, ProviderFaults, PullProgress

if TYPE_CHECKING:
    from assistant_openai_bridge.client import Client

__all__ = ["download", "install"]

_AGAIN = 1.0
"""Seconds after which it is asked again how far it is."""
_PATIENCE = 600.0
"""Seconds that it may be without getting further."""


@dataclass(frozen=True, slots=True)
class _Step:
    progress: PullProgress
    """How far it is."""
    done: bool = False
    """Whether the model is there."""
    failed: bool = False
    """Whether it will not be."""
    reason: str = ""
    """Why not, where it says so."""


async def install(client: "Client", model: str) -> AsyncGenerator[PullProgress, None]:
    """Have LocalAI install a model of its gallery, and yield how far that is; raises EngineError.

    Closing the generator ends the asking; LocalAI goes on.
    """
    faults = ProviderFaults(client.provider, model)
    job = (await _told(client, "/models/apply", {"id": model}, model)).get("uuid")
    if not isinstance(job, str):
        raise faults.strange("no job")

    async def step() -> _Step:
        jobs = await client.get("/models/jobs")
        state = jobs.get(job) if isinstance(jobs, dict) else None
        told = state if isinstance(state, dict) else {}  # nothing is known of a job before it has begun
        progress = _progress(faults.said(told.get("message")), told.get("current_bytes"), told.get("total_bytes"))
        failed = bool(told.get("error") or told.get("cancelled"))
        return _Step(progress, bool(told.get("processed")), failed, faults.said(told.get("error")))

    async with aclosing(_followed(client, model, step)) as steps:
        async for progress in steps:
            yield progress


async def download(client: "Client", model: str) -> AsyncGenerator[PullProgress, None]:
    """Have LM Studio download a model of its catalogue, and yield how far that is; raises EngineError.

    Closing the generator ends the asking; LM Studio goes on.
    """
    faults = ProviderFaults(client.provider, model)
    began = await _told(client, "/api/v1/models/download", {"model": model}, model)
    if began.get("status") == "already_downloaded":
        return
    job = began.get("job_id")
    if not isinstance(job, str):
        raise faults.strange(faults.said(began.get("error")) or "no job")

    async def step() -> _Step:
        state = await client.get(f"/api/v1/models/download/status/{quote(job, safe='')}")
        told = state if isinstance(state, dict) else {}
        status = faults.said(told.get("status"))
        progress = _progress(status, told.get("downloaded_bytes"), told.get("total_size_bytes"))
        return _Step(progress, status == "completed", status == "failed", faults.said(told.get("error")))

    async with aclosing(_followed(client, model, step)) as steps:
        async for progress in steps:
            yield progress


async def _told(client: "Client", path: str, body: dict[str, Any], model: str) -> dict[str, Any]:
    async with client.post(path, body, model=model) as answer:
        told = await answer.json()
    return told if isinstance(told, dict) else {}


async def _followed(
    client: "Client", model: str, step: Callable[[], Awaitable[_Step]]
) -> AsyncGenerator[PullProgress, None]:
    """Ask again and again how far a server is, until the model is there; raises EngineError where it will not be."""
    clock = asyncio.get_running_loop().time
    last, deadline = PullProgress(""), clock() + _PATIENCE
    while True:
        at = await step()
        if at.progress != last:
            last, deadline = at.progress, clock() + _PATIENCE
            yield last
        if at.failed:
            why = at.reason or last.status
            raise EngineError(f"{client.provider} did not install {model}: {why}", hint="its own log says more")
        if at.done:
            return
        if clock() > deadline:
            raise EngineTimeout(
                f"{client.provider} came no further with {model} in {_PATIENCE:g} s", hint="its own log may say why"
            )
        await asyncio.sleep(_AGAIN)


def _progress(status: str, done: Any, total: Any) -> PullProgress:
    counts = [number if isinstance(number, int) and number > 0 else 0 for number in (done, total)]
    return PullProgress(status, *counts)
