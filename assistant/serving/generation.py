"""Replies of chat models for programs: whoever speaks to the microphone goes first, and a full queue says so."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from assistant.chat import ChatDelta, ChatRequest, Done, Priority, TextDelta
from assistant.config.section import Strategy
from assistant.engines import Kind
from assistant.errors import UnfitModel
from assistant.host import Candidate
from assistant.models.pool import Pool
from assistant.routing import Choice, Decision, Relay, Route, Routing, Step, lacking
from assistant.serving.cache import Cache, Key
from assistant.serving.likeness import Likeness
from assistant.serving.names import Named, Names

__all__ = ["Answer", "Generation", "Like"]


@dataclass(frozen=True, slots=True)
class Like:
    """A question that was asked before, put otherwise."""

    question: str
    """How it was put."""
    likeness: float
    """How near that is to how it is put now, up to 1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that is complete."""

    text: str
    """Its words."""
    end: Done
    """Why it ended, and what it cost."""
    steps: tuple[Step, ...]
    """Who could be asked, and what came of it; one of them answered."""
    cached: bool = False
    """Whether it was written before; then `end` tells what it cost at that time."""
    like: Like | None = None
    """Where the question was put otherwise then: how, and how near that is."""

    @property
    def by(self) -> Step:
        """Return who answered, and why it was asked."""
        return next(step for step in self.steps if step.outcome == "answered")


@dataclass(frozen=True, slots=True)
class Generation:
    """Chat models as programs may use them."""

    pool: Pool
    """Where the engines are."""
    names: Names
    """What the models are called."""
    queue: int
    """Requests that may wait for a model."""
    patience: float
    """Seconds that a model may make no progress."""
    routing: Routing = field(default_factory=Routing)
    """Decides who answers where a name means several models."""
    cache: Cache = field(default_factory=lambda: Cache(0, 0.0))
    """Where replies are kept for who asks the same again."""
    likeness: Likeness | None = None
    """Tells whether a question is the same as another put otherwise; None where only the same request counts."""

    def named(self, name: str, request: ChatRequest, route: Route | None = None) -> Named:
        """Return the model that is to answer *request*, or with a *route* those of that.

        Raises UnknownModel, UnfitModel where none can.
        """
        named = self.names.find(name, Kind.CHAT)
        return self._able(replace(named, route=route) if route else named, request)

    def chosen(self, name: str, request: ChatRequest, strategy: Strategy | None = None) -> Named:
        """Return the models of which one is to answer *request*: those of a name, all where it is `auto`.

        They are chosen by *strategy*, but what is private stays so. Raises UnknownModel, UnfitModel where none can.
        """
        named = self.names.choice(name, Kind.CHAT)
        if strategy and named.route.strategy != "private":
            named = replace(named, route=replace(named.route, strategy=strategy))
        return self._able(named, request)

    def local(self, named: Named) -> bool:
        """Tell whether what is asked stays on this machine, whoever answers."""
        return named.route.strategy == "private" or all(one.capabilities.local for one in self._candidates(named))

    async def open(self, named: Named) -> None:
        """Load the model where no other can answer while it loads; raises EngineUnavailable."""
        if len(named.route.models) == 1:
            await self.pool.open(named.model)

    async def reply(self, named: Named, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the reply as it is written, by as many models as it takes where the name means several.

        Raises EngineBusy before its first step where too many wait, EngineUnavailable, EngineTimeout, EngineError.
        """
        request = replace(request, priority=Priority.API)
        relay = self._relay(self._decision(named, request))
        async with aclosing(self._written(relay, request)) as deltas:
            async for delta in deltas:
                yield delta

    async def answer(
        self, named: Named, request: ChatRequest, *, task: str = "", asker: str = "", keep: bool | None = None
    ) -> Answer:
        """Return the reply once it is complete, or at once where *asker* was given it before.

        Models that are good at *task* are preferred. *keep* says whether the reply is one to keep; None for those that
        would come out the same again. What is private is never kept. Raises as `reply` does.
        """
        request = replace(request, priority=Priority.API)
        decision = self._decision(named, request, task)
        first, key = decision.asked[0], None
        if keep is not False and named.route.strategy != "private":
            like = self.likeness is not None and (self.likeness.local() or not self.local(named))
            key = self.cache.key(first.model, request, asker, drawn=keep is True, like=like)
        if key is None:
            return await self._answer(decision, request)
        if (before := await self._before(key, first)) is not None:
            return before
        with self.cache.making(key) as put:
            answer = await self._answer(decision, request)
            if answer.by.model == first.model and answer.text:
                put(answer.text, answer.end)
            return answer

    async def _before(self, key: Key, by: Choice) -> Answer | None:
        """Return the reply that was given before to the same request, or to the same question put otherwise."""
        steps = (Step(by.model, by.why, "answered"),)
        if kept := await self.cache.find(key):
            self.cache.hits += 1
            return Answer(kept.text, kept.end, steps, cached=True)
        if self.likeness and (kept := self.cache.find_like(key)):
            likeness = await self.likeness.of(kept.question, key.question, key.language)
            if likeness >= self.likeness.least:
                self.cache.likes += 1
                return Answer(kept.text, kept.end, steps, cached=True, like=Like(kept.question, likeness))
        self.cache.misses += 1
        return None

    async def _answer(self, decision: Decision, request: ChatRequest) -> Answer:
        texts, end, relay = list[str](), Done("stop"), self._relay(decision)
        async with aclosing(self._written(relay, request)) as deltas:
            async for delta in deltas:
                if isinstance(delta, TextDelta):
                    texts.append(delta.text)
                elif isinstance(delta, Done):
                    end = delta
        return Answer("".join(texts), end, relay.steps)

    async def _written(self, relay: Relay, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        async def prepare(model: str) -> ChatRequest:
            if relay.last:
                await self.pool.open(model)  # a program has time
            return request

        async with aclosing(relay.reply(prepare)) as deltas:
            async for delta in deltas:
                yield delta

    def _decision(self, named: Named, request: ChatRequest, task: str = "") -> Decision:
        return self.routing.decide(named.route, self._candidates(named), request, lacking=lacking, task=task)

    def _relay(self, decision: Decision) -> Relay:
        return Relay(self.pool, self.routing, decision, priority=Priority.API, patience=self.patience, queue=self.queue)

    def _able(self, named: Named, request: ChatRequest) -> Named:
        """Return *named*; raises UnfitModel where none of its models can answer *request*."""
        private = named.route.strategy == "private"
        abilities = [one.capabilities for one in self._candidates(named) if one.capabilities.local or not private]
        missing = [lacking(request, can) for can in abilities]
        if all(missing):
            what = missing[0] if missing else "request that must stay on this machine"
            raise UnfitModel(f"the model {named.name} takes no {what}", hint="ask another model")
        return named

    def _candidates(self, named: Named) -> list[Candidate]:
        models = {id_: self.pool.model(id_) for id_ in named.route.models if id_ in self.pool}
        return [Candidate(id_, model.capabilities) for id_, model in models.items() if model.spec.kind is Kind.CHAT]
