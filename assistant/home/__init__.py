"""The house as the assistant knows it: the entities of all bridges, and what is done to them."""

import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from assistant.entities import Act, Area, Entity, Floor
from assistant.errors import ServiceError
from assistant.home.acting import Acting, carried_out
from assistant.home.bridge import Bridge
from assistant.home.ledger import Entry, Keeper, NoLedger
from assistant.home.outcome import Outcome
from assistant.home.restoring import remembered, restoring
from assistant.home.services import is_sensitive
from assistant.home.words import taken_back
from assistant.undo import Undo, Undos

__all__ = ["Bridge", "Home", "Outcome"]

log = logging.getLogger(__name__)

_FRESH = 3600.0
"""Seconds after which what the ledger holds is not what somebody means by "undo that"."""


class Home:
    """The bridges that are there now, as one house."""

    def __init__(self, ledger: Keeper | None = None) -> None:
        self.revision = 0
        """Grows when names may have changed."""
        self.undos = Undos()
        """Where what was done here, and elsewhere, can be taken back."""
        self._ledger = ledger or NoLedger()
        self._bridges: list[Bridge] = []

    @property
    def bridges(self) -> tuple[str, ...]:
        """Return what people call the bridges."""
        return tuple(bridge.name for bridge in self._bridges)

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

    async def read(self, entity: str) -> Entity:
        """Ask a thing what it is now; raises ServiceError."""
        return await self.bridge(entity).read(entity)

    async def act(self, *acts: Act, turn: str = "", device: str = "") -> tuple[Outcome, ...]:
        """Do *acts* for a turn at a device, and return what is true of each thing afterwards.

        States are read before and after; what was wanted is waited for, a few seconds. Nothing is raised: what went
        wrong is the thing's outcome. What was done can be taken back at the device (`undos`), and is in the ledger.
        """
        known = {entity.id: entity for entity in self.entities}
        actings, lost = list[Acting](), list[Outcome]()
        for act in acts:
            for id_ in act.entities:
                if id_ in known:
                    actings.append(Acting(act, self.bridge(id_), known[id_]))
                else:
                    lost.append(Outcome(act, Entity(id_, id_), "unavailable"))
        await self._carry_out(actings, turn, device)
        return (*(acting.outcome() for acting in actings), *lost)

    async def last_done(self, device: str) -> Undo | None:
        """Return how what was done last at a device is taken back, as the ledger knows it; None where it knows nothing.

        Raises ServiceError where the ledger cannot be read.
        """
        entries = await self._ledger.latest(device, time.time() - _FRESH)
        return partial(self._take_back, entries) if entries else None

    async def _carry_out(self, actings: list[Acting], turn: str, device: str, undoing: bool = False) -> None:
        started = time.time()
        try:
            await carried_out(actings)
        finally:  # what was told is kept, even where nobody waits for the end of it any more
            entries = [
                Entry(
                    turn,
                    started,
                    device,
                    acting.act.service,
                    remembered(acting.before),
                    remembered(acting.now),
                    undoing,
                )
                for acting in actings
                if acting.told and acting.before is not None
            ]
            if entries:
                self._ledger.keep(entries)
                if not undoing:
                    self.undos.offer(device, partial(self._take_back, entries))

    async def _take_back(self, entries: Sequence[Entry], language: str) -> str:
        """Bring things back to what they were, and return what is true of them now."""
        self._ledger.take_back(entries[0].turn)
        known = {entity.id: entity for entity in self.entities}
        lost = [entry.before for entry in entries if entry.before.id not in known]
        actings, stay = list[Acting](), list[Entity]()
        for entry in entries:
            if entry.before.id in known:
                act = restoring(entry.service, entry.before)
                if act is None or is_sensitive(act, known[entry.before.id]):  # nobody has said yes to that
                    stay.append(known[entry.before.id])
                else:
                    actings.append(Acting(act, self.bridge(entry.before.id), known[entry.before.id]))
        await self._carry_out(actings, entries[0].turn, entries[0].device, undoing=True)
        outcomes = [acting.outcome() for acting in actings]
        outcomes += [Outcome(Act("", (entity.id,)), entity, "unavailable") for entity in lost]
        return taken_back(outcomes, stay, language)
