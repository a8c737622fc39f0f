"""The house as the assistant knows it: the entities of all bridges, and what is done to them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

from assistant.entities import Act, Area, Entity, Floor
from assistant.errors import ServiceError
from assistant.undo import Undos

__all__ = ["Bridge", "Home"]


class Bridge(Protocol):
    """A way to the things of a house, such as a hub or a broker. What it tells is current: it follows the states."""

    name: str
    """What people call it: `Home Assistant`."""

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Return the things that may be seen and acted upon."""
        ...

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return the rooms."""
        ...

    @property
    def floors(self) -> tuple[Floor, ...]:
        """Return the storeys."""
        ...

    async def call(self, act: Act) -> None:
        """Do it; raises ServiceError where it is refused, or nobody is there."""
        ...

    async def read(self, entity: str) -> Entity:
        """Ask the thing itself, not a memory of it, what it is now; raises ServiceError."""
        ...


class Home:
    """The bridges that are there now, as one house."""

    def __init__(self) -> None:
        self.revision = 0
        """Grows when names may have changed."""
        self.undos = Undos()
        """Where what was done here, and elsewhere, can be taken back."""
        self._bridges: list[Bridge] = []

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Return the things of all bridges; of two with one id, the earlier bridge's."""
        return tuple({entity.id: entity for bridge in reversed(self._bridges) for entity in bridge.entities}.values())

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return the rooms of all bridges."""
        return tuple({area.id: area for bridge in reversed(self._bridges) for area in bridge.areas}.values())

    @property
    def floors(self) -> tuple[Floor, ...]:
        """Return the storeys of all bridges."""
        return tuple({floor.id: floor for bridge in reversed(self._bridges) for floor in bridge.floors}.values())

    @asynccontextmanager
    async def attached(self, bridge: Bridge) -> AsyncGenerator[None, None]:
        """Let *bridge* be part of the house for as long as the context is open."""
        self._bridges.append(bridge)
        self.changed()
        try:
            yield
        finally:
            self._bridges.remove(bridge)
            self.changed()

    def changed(self) -> None:
        """Note that names, areas or the set of entities may have changed: what is taught to engines is renewed."""
        self.revision += 1

    def bridge(self, entity: str) -> Bridge:
        """Return the bridge that leads to an entity; raises ServiceError where none does any more."""
        for bridge in self._bridges:
            if any(known.id == entity for known in bridge.entities):
                return bridge
        raise ServiceError(f"nothing leads to {entity}", hint="see whether its hub is connected: assistant check")
