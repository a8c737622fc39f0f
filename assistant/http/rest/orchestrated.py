"""`/api/inference/orchestrated`: work for whichever model is best at it, and why that one."""

import time

from aiohttp import web

from assistant.access import Scope
from assistant.engines import Kind
from assistant.errors import UnfitModel
from assistant.http.guard import caller
from assistant.http.rest.bodies import Candidate, Orchestrated, OrchestratedBody
from assistant.http.rest.said import told
from assistant.http.route import Route, json_answer
from assistant.routing import Step
from assistant.serving import Embedding, Generation

__all__ = ["OrchestratedDoor"]

_PLACED = "embedding"
"""The task of models that place texts."""


class OrchestratedDoor:
    """The door to whichever model is best."""

    def __init__(self, generation: Generation, embedding: Embedding) -> None:
        self._generation = generation
        self._embedding = embedding

    def routes(self) -> list[Route]:
        """Return the route."""
        path = "/api/inference/orchestrated"
        return [Route("POST", path, self._answer, Scope.CHAT, OrchestratedBody, Orchestrated)]

    async def _answer(self, request: web.Request, body: OrchestratedBody) -> web.Response:
        """Let the model work on `inputs` that is chosen by `task` and `strategy`, another where it fails; tells why."""
        if body.task == _PLACED:
            return json_answer(await self._placed(body))
        return json_answer(await self._written(body, caller(request).name))

    async def _written(self, body: OrchestratedBody, asker: str) -> Orchestrated:
        began, how = time.monotonic(), body.parameters
        asked = how.request(body.messages())
        named = self._generation.chosen(body.model_id, asked, body.strategy)
        asked = named.filled(asked, cut=how.max_tokens is not None)
        answer = await self._generation.answer(named, asked, task=body.task, asker=asker, keep=how.cache)
        said = told(answer, time.monotonic() - began)
        return Orchestrated(**said, why=answer.by.why, candidates=[_candidate(step) for step in answer.steps])

    async def _placed(self, body: OrchestratedBody) -> Orchestrated:
        if not isinstance(body.inputs, str):
            raise UnfitModel("a model that places texts takes no conversation", hint="give a text as `inputs`")
        began = time.monotonic()
        named = self._embedding.names.choice(body.model_id, Kind.EMBED)
        [vector] = await self._embedding.vectors(named, [body.inputs])
        step = Step(named.model, "it places texts", "answered")
        return Orchestrated(
            model=named.model,
            vector=[float(number) for number in vector],
            seconds=round(time.monotonic() - began, 4),
            why=step.why,
            candidates=[_candidate(step)],
        )


def _candidate(step: Step) -> Candidate:
    return Candidate(model=step.model, why=step.why, outcome=step.outcome)
