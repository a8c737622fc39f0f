"""Do something to things of the house, and read back what came of it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.entities import Act, Entity
from assistant.errors import ServiceError
from assistant.home.bridge import Bridge
from assistant.home.goals import Goal, goal
from assistant.home.outcome import Outcome, Result

__all__ = ["Acting", "carried_out"]

log = logging.getLogger(__name__)

_READ = 3.0
"""Seconds that one reading may take."""
_CALL = 10.0
"""Seconds that a hub may take to say that it has done something."""
_OBEYS = 4.0
"""Seconds in which a thing that was told becomes what was wanted: lamps fade, radios are slow."""
_REFUSED = 0.5
"""Seconds in which it may still do so after an error."""
_LOOKS = (0.05, 0.1, 0.2, 0.4)
"""Seconds between the first looks at it; then always the last."""
_ABSENT = frozenset({"unavailable"})


@dataclass(slots=True)
class Acting:
    """One thing that is told to do something, while that goes on."""

    act: Act
    """What it is told."""
    bridge: Bridge
    """The way to it."""
    now: Entity
    """What is known of it: at first from memory."""
    before: Entity | None = None
    """What it was."""
    result: Result | None = None
    """What came of it, once that is known."""
    told: bool = False
    """Whether it may have been told."""

    def outcome(self) -> Outcome:
        """Return what is true of it."""
        return Outcome(self.act, self.now, self.result or "silent", self.before)


async def carried_out(actings: Sequence[Acting]) -> None:
    """Tell each thing what to do, all of a bridge that are told the same at once, and wait until it is so."""
    await asyncio.gather(*(_look_before(acting) for acting in actings))
    groups: dict[tuple[int, str], list[Acting]] = {}
    for acting in actings:
        if acting.result is None:
            groups.setdefault((id(acting.bridge), repr((acting.act.service, acting.act.data))), []).append(acting)
    await asyncio.gather(*(_tell(group) for group in groups.values()))


async def _look_before(acting: Acting) -> None:
    """Read what the thing is, and find out whether it has to be told at all."""
    try:
        acting.now = acting.before = await _read(acting)
    except ServiceError as error:
        log.warning("%s cannot be read: %s", acting.now.id, error)
        acting.result = "unreachable"
        return
    aim = goal(acting.act, acting.now)
    if acting.now.state in _ABSENT:
        acting.result = "unavailable"
    elif aim and aim.reached(acting.now) and not acting.now.attributes.get("assumed_state"):
        acting.result = "already"


async def _tell(group: list[Acting]) -> None:
    bridge, first = group[0].bridge, group[0].act
    act = replace(first, entities=tuple(acting.now.id for acting in group))
    refused = False
    for acting in group:
        acting.told = True
    try:
        async with asyncio.timeout(_CALL):
            await bridge.call(act)
    except (ServiceError, TimeoutError) as error:
        log.warning("%s: %s of %s failed: %s", bridge.name, act.service, ", ".join(act.entities), error or "no answer")
        refused = True
    await asyncio.gather(*(_look_after(acting, refused) for acting in group))


async def _look_after(acting: Acting, refused: bool) -> None:
    """Read the thing until it is what was wanted, or long enough."""
    before = acting.before or acting.now
    aim = goal(acting.act, before)
    loop = asyncio.get_running_loop()
    ends = loop.time() + (_REFUSED if refused or aim is None else _OBEYS)
    looks = 0
    while True:
        try:
            acting.now = await _read(acting)
        except ServiceError as error:
            log.warning("%s cannot be read back: %s", acting.now.id, error)
            acting.result = "unreachable" if refused else "unseen"
            return
        acting.result = _result(aim, acting.now, refused)
        on_its_way = acting.result == "begun" and aim is not None and aim.slow
        tells = not acting.now.attributes.get("assumed_state")
        if acting.result in ("done", "unavailable") or on_its_way or not tells or loop.time() >= ends:
            return
        await asyncio.sleep(_LOOKS[min(looks, len(_LOOKS) - 1)])
        looks += 1


def _result(aim: Goal | None, now: Entity, refused: bool) -> Result:
    if now.state in _ABSENT:
        return "unavailable"
    if now.attributes.get("assumed_state"):  # its hub tells what it sent, for the thing tells nothing
        return "refused" if refused else "unseen"
    if aim is not None and aim.reached(now):
        return "done"
    if aim is not None and aim.begun(now):
        return "begun"
    if refused:
        return "refused"
    return "silent" if aim is not None else "unseen"


async def _read(acting: Acting) -> Entity:
    """Ask the thing what it is; raises ServiceError, also where no answer comes."""
    try:
        async with asyncio.timeout(_READ):
            return await acting.bridge.read(acting.now.id)
    except TimeoutError:
        raise ServiceError(f"{acting.bridge.name} does not answer") from None
