"""The only way to an engine: `async with pool.lease(model_id, priority) as engine`."""

import asyncio
import copy
import itertools
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from assistant.chat import Priority
from assistant.engines import PROTOCOLS, AnySpec, Capabilities, EngineConfig, Kind
from assistant.errors import AssistantError, ConfigError, EngineBusy, EngineUnavailable
from assistant.host import ModelStatus
from assistant.models.waiting import Waiting

__all__ = ["Model", "Pool", "leased"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_FORKED = frozenset({Kind.WAKE, Kind.VAD, Kind.ECHO})
"""Kinds of which every borrower makes a stream of its own, so that any number can have the engine at once."""
_LASTING = frozenset({Kind.STT, Kind.CHAT, Kind.TTS})
"""Kinds of which a voice needs one at once, and a program may need one for long: of several places one is a voice's."""
_RETRY = 10.0
"""Seconds after which an engine that failed to open is tried again by the next lease."""
_BRIEFLY = 4.0
"""Seconds that a voice waits for an engine that is still opening: somebody shall hear an apology within five."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the configuration, ready to be opened."""

    id: str
    """Its name in the configuration."""
    spec: AnySpec
    """The engine that runs it."""
    config: EngineConfig
    """The engine's options, as they were written."""
    capabilities: Capabilities
    """What the engine can do with them."""
    load: Callable[[], Awaitable[None]] | None = None
    """Has it loaded where the engine only asks another server; None where opening is all there is to it."""
    unload: Callable[[], Awaitable[None]] | None = None
    """Has it taken out of that server's memory; None where closing is all there is to it."""


Resolve = Callable[[EngineConfig], EngineConfig]
"""Puts the paths of model files in the place of their names; raises ModelError for one that is not there."""


class Pool:
    """Open engines, lend them, close them.

    Each open engine has one task that enters and leaves its context. A lease waits its turn (`Waiting`).
    """

    def __init__(self, models: Mapping[str, Model], resolve: Resolve, *, opening: float = 120.0) -> None:
        self._resolve, self._opening = resolve, opening
        self._slots = {id_: _Slot(model, resolve, opening) for id_, model in models.items()}
        self._private = False

    def __contains__(self, model: str) -> bool:
        return model in self._slots and not (self._private and self._slots[model].is_remote)

    def on_this_machine(self) -> "Pool":
        """Return the same engines without those that leave this machine: what is lent there stays here."""
        private = copy.copy(self)
        private._private = True
        return private

    def model(self, model: str) -> Model:
        """Return a model of the configuration; raises ConfigError for an unknown id."""
        return self._slot(model).model

    def models(self) -> tuple[Model, ...]:
        """Return every model."""
        return tuple(slot.model for id_, slot in self._slots.items() if id_ in self)

    def status(self) -> tuple[ModelStatus, ...]:
        """Return every model and its state."""
        return tuple(slot.status() for id_, slot in self._slots.items() if id_ in self)

    def offer(self, model: Model) -> None:
        """Have a model from now on. Of one that is there already its capabilities are known better."""
        if (slot := self._slots.get(model.id)) is None:
            self._slots[model.id] = _Slot(model, self._resolve, self._opening)
        else:
            slot.model = replace(slot.model, capabilities=model.capabilities)

    async def withdraw(self, model: str) -> None:
        """Have a model no more, unless it is lent or opens."""
        with suppress(EngineBusy):
            await self._slot(model).unload()
            self._slots.pop(model, None)

    async def open(self, model: str) -> None:
        """Open a model's engine now; raises EngineUnavailable where it fails, or takes too long."""
        await self._slot(model).opened(Priority.BACKGROUND)

    async def load(self, model: str) -> None:
        """Open a model's engine now, and have it loaded by the server that it asks, if any; raises EngineError."""
        await self.open(model)
        if load := self._slot(model).model.load:
            await load()

    async def unload(self, model: str) -> None:
        """Close a model's engine now, and have the server that it asks, if any, take it out of its memory.

        The next lease opens it again. Raises EngineBusy while it is lent or opens, EngineError of the server.
        """
        await self._slot(model).unload()
        if unload := self._slot(model).model.unload:
            await unload()

    @asynccontextmanager
    async def lease(
        self, model: str, priority: Priority = Priority.VOICE, *, queue: float = math.inf
    ) -> AsyncGenerator[Any, None]:
        """Borrow the engine of a model, loading it first where needed; *queue* is how many may wait before
        (`Waiting.full`).

        A voice waits only briefly for an engine that is still opening: a person stands there in silence. Who has time
        awaits `open` first. Raises EngineUnavailable where it cannot be opened, EngineBusy where too many wait,
        ConfigError for an unknown id.
        """
        slot = self._slot(model)
        engine = await slot.lend(priority, queue)
        try:
            yield engine
        finally:
            slot.give_back()

    def wanted(self, model: str) -> bool:
        """Tell whether somebody waits for the engine of a model; raises ConfigError for an unknown id."""
        return self.waiting(model) > 0

    def waiting(self, model: str) -> int:
        """Return how many wait for the engine of a model; raises ConfigError for an unknown id."""
        return len(self._slot(model).waiting)

    def queue(self, model: str) -> tuple[str, ...]:
        """Return the ids of the requests that wait for the engine of a model, the next one first (`REQUEST`).

        Raises ConfigError for an unknown id.
        """
        return self._slot(model).waiting.ids()

    def places(self, model: str) -> tuple[int, float]:
        """Return how many have the engine of a model, and how many can; raises ConfigError for an unknown id."""
        return self._slot(model).taken

    async def close(self) -> None:
        """Close every engine, the last opened first."""
        for slot in sorted(self._slots.values(), key=lambda slot: slot.order, reverse=True):
            await slot.close()

    def _slot(self, model: str) -> "_Slot":
        if (slot := self._slots.get(model)) is None:
            raise ConfigError(f"there is no model {model!r}", hint=f"configured: {', '.join(self._slots) or 'none'}")
        if model not in self:
            raise EngineUnavailable(
                f"the model {model!r} is not on this machine, and the assistant is private",
                hint="assistants.NAME.strategy",
            )
        return slot


async def leased(
    pool: Pool,
    model: str,
    priority: Priority,
    work: Callable[[Any], AsyncGenerator[T, None]],
    *,
    queue: float = math.inf,
) -> AsyncGenerator[T, None]:
    """Yield what *work* yields with the engine of *model*, which is given back only when the work has really ended."""
    async with pool.lease(model, priority, queue=queue) as engine, aclosing(work(engine)) as items:
        async for item in items:
            yield item


_ORDER = itertools.count()


class _Slot:
    """One model: its engine's lifetime, and who waits for it."""

    def __init__(self, model: Model, resolve: Resolve, opening: float) -> None:
        self.model = model
        self.order = -1
        self._resolve = resolve
        self._patience = opening
        self._owner: asyncio.Task[None] | None = None
        self._opening: asyncio.Future[Any] | None = None
        self._closing = asyncio.Event()
        self._failed_at = 0.0
        self._places = math.inf if model.spec.kind in _FORKED else model.capabilities.parallel
        preempts = model.capabilities.preempts
        self._kept = 1 if model.spec.kind in _LASTING and self._places > 1 and not preempts else 0
        self._lent = 0
        self.waiting = Waiting()

    @property
    def is_remote(self) -> bool:
        return not self.model.capabilities.local

    @property
    def taken(self) -> tuple[int, float]:
        return self._lent, self._places

    def status(self) -> ModelStatus:
        state: Literal["closed", "opening", "open", "failed"] = "closed"
        reason = ""
        if self._opening is not None:
            state = "opening"
            if self._opening.done():
                error = self._opening.exception()
                state = "failed" if error else "open"
                reason = str(error) if error else ""
        spec = self.model.spec
        return ModelStatus(self.model.id, spec.kind, spec.name, self.model.capabilities, state, reason)

    async def lend(self, priority: Priority, queue: float) -> Any:
        """Return the engine when it is this borrower's turn; raises EngineBusy where *queue* wait already."""
        while True:
            engine = await self.opened(priority)
            await self.turn(priority, queue)
            opening = self._opening
            if opening is not None and opening.done() and not opening.exception() and opening.result() is engine:
                return engine
            self.give_back()  # it was unloaded meanwhile

    async def opened(self, priority: Priority) -> Any:
        loop = asyncio.get_running_loop()
        if self._opening is None or self._may_retry(loop.time()):
            self._opening = loop.create_future()
            self._opening.add_done_callback(lambda future: future.exception())  # seen, even if nobody waits
            self.order = next(_ORDER)
            owning = self._own(self._opening, self._owner)
            self._owner = asyncio.create_task(owning, name=f"engine {self.model.id}")
        opening = self._opening  # closing forgets it
        patience = min(_BRIEFLY, self._patience) if priority == Priority.VOICE else self._patience
        if not opening.done():
            await asyncio.wait({opening}, timeout=patience)
        if not opening.done():
            raise EngineUnavailable(
                f"model {self.model.id}: {self.model.spec.name} is still opening",
                hint="wait for it (timeouts.open), or choose a smaller model",
            )
        return opening.result()

    def _may_retry(self, now: float) -> bool:
        opening = self._opening
        failed = opening is not None and opening.done() and opening.exception() is not None
        return failed and now - self._failed_at >= _RETRY

    async def _own(self, opening: asyncio.Future[Any], before: asyncio.Task[None] | None) -> None:
        """Enter the engine's context, hold it until it is to be closed, and leave it, all in one task.

        The one *before* is waited for, so that the engine is never there twice.
        """
        name = f"model {self.model.id}"
        try:
            if before is not None:
                await asyncio.wait({before})
            self._closing.clear()
            async with self.model.spec.open(self._resolve(self.model.config)) as engine:
                if not isinstance(engine, PROTOCOLS[self.model.spec.kind]):
                    raise EngineUnavailable(f"{name}: {self.model.spec.name} opened no {self.model.spec.kind} engine")
                log.info("%s is open (%s)", name, self.model.spec.name)
                opening.set_result(engine)
                await self._closing.wait()
        except asyncio.CancelledError:
            if not opening.done():
                opening.set_exception(EngineUnavailable(f"{name} is being closed"))
            raise
        except AssistantError as error:
            failure = EngineUnavailable(f"{name}: {error}", hint=error.hint)
        except (Exception, SystemExit) as error:
            log.debug("%s failed", name, exc_info=error)
            failure = EngineUnavailable(
                f"{name}: {self.model.spec.name} failed: {type(error).__name__}: {error}",
                hint="`assistant --debug check` shows where",
            )
        else:
            return
        if opening.done():
            log.error("%s did not close: %s", name, failure)
            return
        self._failed_at = asyncio.get_running_loop().time()
        opening.set_exception(failure)

    def free(self, priority: int) -> bool:
        """Return whether somebody can have the engine without waiting."""
        if priority == Priority.VOICE and self.model.capabilities.preempts:
            return True
        return self._lent < self._places - (0 if priority == Priority.VOICE else self._kept)

    async def turn(self, priority: Priority, queue: float) -> None:
        if self.free(priority):
            self._lent += 1
            return
        if self.waiting.full(queue):
            raise EngineBusy(f"model {self.model.id}: {len(self.waiting)} wait for it already", hint="try again later")
        turn = self.waiting.join(priority)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()  # it was handed over in the same moment
            raise

    def give_back(self) -> None:
        self._lent -= 1
        while turn := self.waiting.next(self.free):
            self._lent += 1
            turn.set_result(None)

    async def unload(self) -> None:
        if self._opening is None or self._owner is None:
            return
        if self._lent or not self._opening.done():
            raise EngineBusy(f"model {self.model.id} is at work", hint="try again when it has finished")
        self._opening = None  # whoever wants it now waits for the present one to close
        self._closing.set()
        self._closing = asyncio.Event()
        await asyncio.wait({self._owner}, timeout=10)

    async def close(self) -> None:
        if self._owner is None:
            return
        self._closing.set()
        if self._opening is not None and not self._opening.done():
            self._owner.cancel()
        done, _ = await asyncio.wait({self._owner}, timeout=10)
        if not done:
            log.error("model %s did not close within 10 s and is left behind", self.model.id)
            self._owner.cancel()
        if self._opening is not None and not self._opening.done():
            self._opening.set_exception(EngineUnavailable(f"model {self.model.id} is being closed"))
        self._opening = None
