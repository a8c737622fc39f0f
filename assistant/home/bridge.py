"""What leads to the things of a house."""

from typing import Protocol

from assistant.entities import Act, Area, Entity, Floor

__all__ = ["Bridge"]


class Bridge(Protocol):
    """A way to the things of a house, such as a hub or a broker. What it tells is current: it follows the states."""

    name: str
    """What people call it: `Home Assistant`."""

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Return the things that may be seen and acted upon; while nobody is there, those that were."""
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
