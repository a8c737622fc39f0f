"""The bridge: Home Assistant's entities as things of the house."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from assistant import Act, Area, Entity, Floor, ServiceError
from assistant_homeassistant.config import HomeAssistantConfig
from assistant_homeassistant.connection import Connection
from assistant_homeassistant.registry import Registry, read_registry
from assistant_homeassistant.states import States

__all__ = ["HomeAssistant"]

log = logging.getLogger(__name__)

_REGISTRIES = tuple(f"{kind}_registry_updated" for kind in ("entity", "device", "area", "floor"))
_SETTLES = 1.0
"""Seconds that a change of a registry is given to be followed by others before all of it is read again."""
_ANSWERS = 3.0
"""Seconds that reading one state may take."""
_COMES = 2.0
"""Seconds that whoever needs a connection waits for it, once it is tried at once."""


class HomeAssistant:
    """What Home Assistant knows, live while there is a connection, and as it was while there is none."""

    def __init__(
        self, config: HomeAssistantConfig, session: aiohttp.ClientSession, changed: Callable[[], None]
    ) -> None:
        self.name = config.name
        self._config = config
        self._session = session
        self._changed = changed
        self.missed = asyncio.Event()
        """Set where somebody needs a connection while there is none: it is worth trying at once."""
        self._tried = asyncio.Event()
        self._connection: Connection | None = None
        self._registry = Registry()
        self._states = States()
        self._entities: dict[str, Entity] = {}
        self._stale = asyncio.Event()

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Return what may be seen and acted upon."""
        return tuple(self._entities.values())

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return the rooms."""
        return self._registry.areas

    @property
    def floors(self) -> tuple[Floor, ...]:
        """Return the storeys."""
        return self._registry.floors

    async def call(self, act: Act) -> None:
        """Call a service; raises ServiceError where that is refused, or there is no connection."""
        connection = await self._connected()
        domain, _, service = act.service.partition(".")
        await connection.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=dict(act.data),
            target={"entity_id": list(act.entities)},
        )

    async def read(self, entity: str) -> Entity:
        """Ask Home Assistant, over another way than the one by which changes come, what an entity is.

        Nothing is read while there is no connection: what cannot be told anything is away, whatever it shows.
        """
        await self._connected()
        address = f"{self._config.url.rstrip('/')}/api/states/{quote(entity, safe='')}"
        headers = {"Authorization": f"Bearer {self._config.token}"}
        try:
            async with (
                asyncio.timeout(_ANSWERS),
                self._session.get(address, headers=headers, allow_redirects=False) as response,
            ):
                if response.status == 404:
                    raise ServiceError(f"{self.name} has no {entity} any more")
                if response.status != 200:
                    raise ServiceError(f"{self.name} does not tell the state of {entity}: {response.status}")
                found: Mapping[str, Any] = await response.json()
                return self._registry.entity(entity, str(found["state"]), dict(found["attributes"]))
        except (TimeoutError, OSError, aiohttp.ClientError, ValueError, KeyError, TypeError) as error:
            why = str(error) or "no answer"
            raise ServiceError(f"{self.name} does not tell the state of {entity}: {why}") from None

    async def _connected(self) -> Connection:
        """Return the connection, and have it tried at once where there is none; raises ServiceError."""
        if self._connection is None:
            self._tried.clear()
            self.missed.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_COMES):
                    await self._tried.wait()
        if self._connection is None:
            raise ServiceError(f"{self.name} is not connected")
        return self._connection

    def failed(self) -> None:
        """Note that a connection was tried in vain."""
        self._tried.set()

    async def follow(self, connection: Connection) -> None:
        """Take in everything, and follow what changes; returns never, raises ServiceError when the connection ends."""
        tasks = [
            asyncio.create_task(connection.listen(), name=f"listen to {self.name}"),
            asyncio.create_task(self._take_in(connection), name=f"follow {self.name}"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connection = None
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _take_in(self, connection: Connection) -> None:
        """Read all that there is, and the registries again whenever they have changed."""
        for kind in _REGISTRIES:  # first, for what changes while they are read is read again
            await connection.subscribe(lambda event: self._stale.set(), "subscribe_events", event_type=kind)
        self._registry = await read_registry(connection, self._config.exposed)
        self._states.clear()
        await connection.subscribe(self._told, "subscribe_entities")
        self._connection = connection
        self._tried.set()
        while True:
            await self._stale.wait()
            await asyncio.sleep(_SETTLES)
            self._stale.clear()
            self._registry = await read_registry(connection, self._config.exposed)
            self._rebuild()

    def _told(self, event: Mapping[str, Any]) -> None:
        about, names = self._states.told(event)
        if names:
            self._rebuild()
            return
        for id_ in about & self._entities.keys():
            if (known := self._states.get(id_)) is not None:
                self._entities[id_] = self._registry.entity(id_, *known)

    def _rebuild(self) -> None:
        """Make the entities anew, and tell where their names are not what they were."""
        before = {id_: _called(entity) for id_, entity in self._entities.items()}
        shown = [
            self._registry.entity(id_, state, attributes)
            for id_, state, attributes in self._states.items()
            if not self._config.exposed or self._registry.shows(id_, attributes)
        ]
        if len(shown) > self._config.limit:
            log.warning("%s has %d entities; %d are taken in", self.name, len(shown), self._config.limit)
        self._entities = {entity.id: entity for entity in shown[: self._config.limit]}
        if before != {id_: _called(entity) for id_, entity in self._entities.items()}:
            self._changed()


def _called(entity: Entity) -> tuple[object, ...]:
    return entity.name, entity.aliases, entity.area, entity.attributes.get("device_class")
