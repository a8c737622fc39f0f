"""Ask other servers for their models, again and again: they sleep, wake, and load others. It costs them nothing."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from assistant.errors import AssistantError, EngineBusy, EngineTimeout, EngineUnavailable
from assistant.events import EventBus, EventType, TurnEvent
from assistant.models.pool import Pool
from assistant.providers.figures import Figures, ProviderState, ProviderStatus, figures_of
from assistant.providers.models import Source, model_of
from assistant.providers.spec import ProvidedModel
from assistant.providers.wake import wake
from assistant.routing import Health

__all__ = ["ProviderState", "ProviderStatus", "Providers"]

_ASLEEP = 15.0
"""Seconds after which a server that did not answer is asked again."""
_AWAKE = 60.0
"""Seconds after which one that did is asked again."""
_AGAIN = 1.0
"""Seconds after which one is asked again at the soonest, where a reply of it failed."""
_PATIENCE = 10.0
"""Seconds that it may take to list its models."""
_WOKEN = 60.0
"""Seconds after which one that still sleeps is woken again at the soonest."""
_MOST = 500
"""Models of one server that are listed here."""


@dataclass(slots=True)
class _Watched:
    source: Source
    state: ProviderState = "unknown"
    reason: str = ""
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    doubted: asyncio.Event = field(default_factory=asyncio.Event)
    woken: float = -_WOKEN


class Providers:
    """The servers of the configuration. Their models come into the pool as they answer.

    Whether they do is told to *health*, so that nobody waits for one that is asleep, and to *events*; where a reply of
    one fails, it is asked at once, and where one is wanted that sleeps, it is woken if the owner says how.
    """

    def __init__(self, found: Mapping[str, Source], pool: Pool, health: Health, events: EventBus) -> None:
        self._pool = pool
        self._health = health
        self._events = events
        health.on_trouble = self._doubt
        health.on_wanted = self._wake
        self._declared = frozenset(model.id for model in pool.models() if model.id.partition("/")[0] in found)
        self._watched = {
            name: _Watched(source, "off" if source.spec is None else "unknown", str(source.failure or ""))
            for name, source in found.items()
        }

    def __contains__(self, model: str) -> bool:
        name, slash, _ = model.partition("/")
        return bool(slash) and name in self._watched

    def sources(self) -> tuple[Source, ...]:
        """Return every provider and the spec of its type."""
        return tuple(watched.source for watched in self._watched.values())

    def status(self) -> tuple[ProviderStatus, ...]:
        """Return every provider as it is now."""
        ids = [model.id for model in self._pool.models()]
        return tuple(
            ProviderStatus(
                name,
                each.source.provider.config.type,
                each.source.provider.endpoint,
                each.state,
                each.reason,
                tuple(id_ for id_ in ids if id_.startswith(f"{name}/")),
            )
            for name, each in self._watched.items()
        )

    def figures(self) -> tuple[Figures, ...]:
        """Return every provider as it is now, and how it went when it was asked."""
        return tuple(figures_of(status, self._health, self._pool) for status in self.status())

    async def run(self) -> None:
        """Follow every server until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, watched in self._watched.items():
                if watched.source.spec is not None:
                    group.create_task(self._follow(watched), name=f"provider {name}")

    async def ask(self, name: str) -> Sequence[ProvidedModel]:
        """Ask a server for its models now; raises EngineError where it does not answer, or not as it should."""
        source = self._watched[name].source
        if source.spec is None:
            raise source.failure or AssistantError(f"{source.provider} is not used")
        try:
            async with asyncio.timeout(_PATIENCE):
                return await source.spec.models(source.provider)
        except TimeoutError:
            raise EngineTimeout(
                f"{source.provider} did not list its models in {_PATIENCE:g} s", hint="is it awake, and the right type?"
            ) from None

    async def _follow(self, watched: _Watched) -> None:
        provider = watched.source.provider
        while True:
            try:
                found = await self.ask(provider.name)
            except AssistantError as error:
                if watched.state != "asleep" or str(error) != watched.reason:
                    provider.log.warning("%s%s", error, f" ({error.hint})" if error.hint else "")
                self._becomes(watched, "asleep", str(error))
                if isinstance(error, EngineUnavailable | EngineTimeout | EngineBusy):
                    self._health.is_silent(provider.name, str(error))
            else:
                if watched.state != "awake":
                    provider.log.info("%s answers and has %d models", provider, len(found))
                self._becomes(watched, "awake")
                self._health.answers(provider.name)
                await self._take(watched.source, found)
            watched.heard.set()
            await self._rest(watched)

    async def _rest(self, watched: _Watched) -> None:
        """Wait until a server is to be asked again."""
        seconds = _AWAKE if watched.state == "awake" else _ASLEEP
        await asyncio.sleep(min(_AGAIN, seconds))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await watched.doubted.wait()
        watched.doubted.clear()

    def _becomes(self, watched: _Watched, state: ProviderState, reason: str = "") -> None:
        changed = watched.state != state
        watched.state, watched.reason = state, reason
        if changed:
            name = watched.source.provider.name
            self._publish(EventType.PROVIDER_CHANGED, provider=name, state=state, reason=reason)

    def _publish(self, kind: EventType, **data: object) -> None:
        self._events.publish(TurnEvent(kind, "", "", time.time(), data))

    def _wake(self, server: str) -> None:
        """Wake the machine of a server, unless that was done just now, or nobody said how."""
        if server not in self._watched:
            return
        watched = self._watched[server]
        provider, now = watched.source.provider, asyncio.get_running_loop().time()
        if not provider.config.wake or now < watched.woken + _WOKEN:
            return
        watched.woken = now
        try:
            wake(provider.config.wake)
        except OSError as error:
            provider.log.warning("%s cannot be woken: %s", provider, error)
        else:
            provider.log.info("%s is wanted and asleep: its machine was told to wake", provider)

    def _doubt(self, server: str) -> None:
        """Ask a server soon: a reply of it failed."""
        if server in self._watched:
            self._watched[server].doubted.set()

    async def _take(self, source: Source, found: Sequence[ProvidedModel]) -> None:
        """Bring what a server lists into the pool, and take out what it lists no more and nobody named."""
        provider, spec = source.provider, source.spec
        wanted = frozenset(provider.config.models)
        here = {f"{provider.name}/{model.name}": model for model in found if not wanted or model.name in wanted}
        if len(here) > _MOST:
            provider.log.warning("%s lists %d models; the first %d are used", provider, len(here), _MOST)
        assert spec is not None
        for id_, model in [*here.items()][:_MOST]:
            offered = model_of(provider, spec, model)
            if id_ in self._pool and (used := self._pool.model(id_).spec.kind) is not offered.spec.kind:
                provider.log.debug("%s is used as a %s model, whatever the server takes it for", id_, used)
                continue
            self._pool.offer(offered)
        ids = {model.id for model in self._pool.models() if model.id.startswith(f"{provider.name}/")}
        for id_ in ids - here.keys() - self._declared:
            await self._pool.withdraw(id_)
