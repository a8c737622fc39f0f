"""`/api/inference/ensemble`: several models that are asked the same, and one answer of theirs."""

import time
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.access import Scope
from assistant.http.guard import caller
from assistant.http.problem import Problem
from assistant.http.rest.bodies import Fault, Inputs, Parameters, Said, Text, Tokens, conversation
from assistant.http.rest.said import fault, told
from assistant.http.route import Route, json_answer
from assistant.serving import Answer
from assistant.serving.ensemble import Budget, Ensemble, Member, Verdict
from assistant.serving.votes import plain

__all__ = ["EnsembleDoor"]

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class BudgetBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer may cost."""

    seconds: Annotated[float, Meta(gt=0, le=3600)] = 120.0
    tokens: Annotated[int, Meta(ge=32, le=65_536)] | None = None


class EnsembleBody(msgspec.Struct, frozen=True, kw_only=True):
    """Work for several models."""

    inputs: Inputs
    models: Annotated[tuple[Name, ...], Meta(min_length=2, max_length=8)]
    combine: Literal["vote", "agreement", "judge"] = "vote"
    choices: Annotated[tuple[Annotated[Text, Meta(max_length=200)], ...], Meta(max_length=100)] = ()
    judge: str = ""
    embedding: str = ""
    budget: BudgetBody = BudgetBody()
    parameters: Parameters = Parameters()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one of the models."""

    name: str
    result: Said | None = None
    error: Fault | None = None
    score: float | None = None


class Combined(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of all, and what it cost."""

    text: str | None
    model: str | None
    why: str
    members: list[Asked]
    failed: int
    seconds: float
    tokens: Tokens


class EnsembleDoor:
    """The door to several models at once."""

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble = ensemble

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("POST", "/api/inference/ensemble", self._answer, Scope.CHAT, EnsembleBody, Combined)]

    async def _answer(self, request: web.Request, body: EnsembleBody) -> web.Response:
        """Let several `models` work on `inputs` at once, and `combine` their answers by vote, agreement or a judge."""
        return json_answer(await self._combined(body, caller(request).name))

    async def _combined(self, body: EnsembleBody, asker: str) -> Combined:
        if len({plain(choice) for choice in body.choices} - {""}) < len(body.choices):
            raise Problem(400, "bad_request", "choices: some of them read the same, or as nothing", key="choices")
        began, how = time.monotonic(), body.parameters
        asked = how.request(conversation(body.inputs))
        judge = self._ensemble.judge(body.judge, body.models) if body.combine == "judge" else None
        near = self._ensemble.nearness(body.embedding) if body.combine == "agreement" else None
        members = await self._ensemble.ask(
            body.models,
            asked,
            Budget(body.budget.seconds, body.budget.tokens),
            judged=judge is not None,
            cut=how.max_tokens is not None,
            asker=asker,
            keep=how.cache,
        )
        texts = {number: member.answer.text for number, member in enumerate(members) if member.answer}
        if not texts:
            raise next(member.error for member in members if member.error)
        left = began + body.budget.seconds - time.monotonic()
        if judge:
            verdict = await self._ensemble.decide(texts, judge, asked, left)
        elif near:
            verdict = await self._ensemble.agree(texts, near, left)
        else:
            verdict = self._ensemble.vote(texts, body.choices)
        return _combined(members, verdict, began)


def _combined(members: list[Member], verdict: Verdict, began: float) -> Combined:
    chosen = members[verdict.member].answer if verdict.member is not None else None
    return Combined(
        text=verdict.text or (chosen.text if chosen else None),
        model=chosen.by.model if chosen else None,
        why=verdict.why,
        members=[_asked(member, verdict.scores.get(number)) for number, member in enumerate(members)],
        failed=sum(member.error is not None for member in members),
        seconds=round(time.monotonic() - began, 4),
        tokens=_cost([*(member.answer for member in members), verdict.judge]),
    )


def _asked(member: Member, score: float | None) -> Asked:
    if member.answer is None:
        return Asked(name=member.name, error=fault(member.error) if member.error else None)
    score = None if score is None else round(score, 4)
    return Asked(name=member.name, result=Said(**told(member.answer, member.seconds)), score=score)


def _cost(answers: list[Answer | None]) -> Tokens:
    usages = [answer.end.usage for answer in answers if answer and not answer.cached]
    return Tokens(
        prompt=sum(usage.prompt_tokens for usage in usages),
        cached=sum(usage.cached_tokens for usage in usages),
        completion=sum(usage.completion_tokens for usage in usages),
    )
