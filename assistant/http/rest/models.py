"""`/health`, `/models` and `/api/models/`: every model, its state, and the acts that change it."""

import resource
import time

import msgspec
from aiohttp import web

from assistant import __version__
from assistant.access import Scope
from assistant.engines import Kind
from assistant.errors import UnknownModel
from assistant.host import ModelStatus
from assistant.http.route import Route, json_answer
from assistant.serving import Generation

__all__ = ["ModelsDoor"]

_STARTED = time.monotonic()


class ModelBody(msgspec.Struct, frozen=True, kw_only=True):
    """A model, what it can, and how it is."""

    id: str
    kind: Kind
    engine: str
    state: str
    reason: str
    working: int
    waiting: int
    local: bool
    languages: tuple[str, ...]
    inputs: tuple[str, ...]
    tools: bool
    schema: bool
    memory: int
    aliases: tuple[str, ...] = ()


class ModelsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Every model."""

    models: list[ModelBody]


class StateBody(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is."""

    id: str
    state: str
    reason: str
    working: int
    waiting: int
    queue: tuple[str, ...]


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """How the process is."""

    uptime: float
    processor: float
    memory: int
    waiting: int


class HealthBody(msgspec.Struct, frozen=True, kw_only=True):
    """How everything is."""

    status: str
    version: str
    models: dict[str, str]
    statistics: Statistics


class ModelsDoor:
    """The door to what is here."""

    def __init__(self, generation: Generation) -> None:
        self._pool = generation.pool
        self._names = generation.names

    def routes(self) -> list[Route]:
        """Return the routes."""
        routes = [Route("GET", "/health", self._health, Scope.CHAT, gives=HealthBody)]
        for path in ("/models", "/api/models"):
            routes += [
                Route("GET", path, self._every, Scope.CHAT, gives=ModelsBody),
                Route("POST", f"{path}/{{id}}/load", self._load, Scope.MODELS, gives=StateBody),
                Route("POST", f"{path}/{{id}}/unload", self._unload, Scope.MODELS, gives=StateBody),
            ]
        return [
            *routes,
            Route("GET", "/api/models/", self._every, Scope.CHAT, gives=ModelsBody),
            Route("GET", "/api/models/{id}", self._one, Scope.CHAT, gives=ModelBody),
            Route("GET", "/api/models/{id}/status", self._state, Scope.CHAT, gives=StateBody),
        ]

    async def _health(self, request: web.Request) -> web.Response:
        """Show how everything is: the state of each model, and what the process needs."""
        models = self._pool.status()
        used = resource.getrusage(resource.RUSAGE_SELF)
        statistics = Statistics(
            uptime=round(time.monotonic() - _STARTED, 3),
            processor=round(used.ru_utime + used.ru_stime, 3),
            memory=used.ru_maxrss * 1024,
            waiting=sum(self._pool.waiting(model.id) for model in models),
        )
        states = {model.id: str(model.state) for model in models}
        status = "degraded" if "failed" in states.values() else "healthy"
        return json_answer(HealthBody(status=status, version=__version__, models=states, statistics=statistics))

    async def _every(self, request: web.Request) -> web.Response:
        """Show every model."""
        return json_answer(ModelsBody(models=[self._shown(model) for model in self._pool.status()]))

    async def _one(self, request: web.Request) -> web.Response:
        """Show a model."""
        return json_answer(self._shown(self._model(request)))

    async def _state(self, request: web.Request) -> web.Response:
        """Show how a model is."""
        return json_answer(self._state_of(self._model(request).id))

    async def _load(self, request: web.Request) -> web.Response:
        """Load a model now, and answer once it is there."""
        id_ = self._model(request).id
        await self._pool.load(id_)
        return json_answer(self._state_of(id_))

    async def _unload(self, request: web.Request) -> web.Response:
        """Unload a model; who wants it next loads it again."""
        id_ = self._model(request).id
        await self._pool.unload(id_)
        return json_answer(self._state_of(id_))

    def _model(self, request: web.Request) -> ModelStatus:
        """Return the model that the path names, by its id or an alias; raises UnknownModel."""
        name = request.match_info["id"]
        named = self._names.every()
        if name not in named:
            raise UnknownModel("there is no model of that name", hint=f"there are: {', '.join(named)}")
        return self._status(named[name].id)

    def _status(self, id_: str) -> ModelStatus:
        return next(model for model in self._pool.status() if model.id == id_)

    def _state_of(self, id_: str) -> StateBody:
        model = self._status(id_)
        working, waiting = self._queue(id_)
        queue = self._pool.queue(id_)
        return StateBody(id=id_, state=model.state, reason=model.reason, working=working, waiting=waiting, queue=queue)

    def _queue(self, id_: str) -> tuple[int, int]:
        """Return how many requests the engine of a model has, which may hold some of them back, and how many wait."""
        return self._pool.places(id_)[0], self._pool.waiting(id_)

    def _shown(self, model: ModelStatus) -> ModelBody:
        can, (working, waiting) = model.capabilities, self._queue(model.id)
        return ModelBody(
            id=model.id,
            kind=model.kind,
            engine=model.engine,
            state=model.state,
            reason=model.reason,
            working=working,
            waiting=waiting,
            local=can.local,
            languages=can.languages,
            inputs=tuple(sorted(can.inputs)) if model.kind is Kind.CHAT else (),
            tools=can.tools,
            schema=can.schema,
            memory=can.memory,
            aliases=tuple(name for name, one in self._names.every().items() if one.id == model.id != name),
        )
