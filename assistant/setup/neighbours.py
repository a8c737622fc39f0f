"""Is there a Home Assistant on the local network?"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from assistant.errors import ServiceError
from assistant.lan.neighbours import Neighbour, Neighbours
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue

__all__ = ["ask", "home_assistants"]

_LOOK = 3.0
"""Seconds to look for it."""


def home_assistants(neighbours: Iterable[Neighbour]) -> list[str]:
    """Return name and address of each Home Assistant."""
    found = []
    for neighbour in neighbours:
        if neighbour.kind == "Home Assistant" and neighbour.addresses:
            address = neighbour.addresses[0]
            host = f"[{address}]" if ":" in address else address
            found.append(f"{neighbour.name} at http://{host}:{neighbour.port}")
    return sorted(found)


def ask(answers: Answers, dialogue: Dialogue) -> None:
    """Look for it, and say what there is; nothing is set up there, for a bridge to it is a plugin's work."""
    wanted = answers.home_assistant
    if wanted is None:
        wanted = dialogue.asks and dialogue.confirm("Look for Home Assistant on the local network?", default=True)
    if not wanted:
        return
    dialogue.title("Home Assistant")
    try:
        found = home_assistants(asyncio.run(_look()))
    except ServiceError as error:
        dialogue.complain([str(error)])
        return
    for name in found:
        dialogue.say(f"Found: {name}. A plugin can bring its lamps and sensors here; `assistant plugins list`.")
    if not found:
        dialogue.say("None advertises itself; `assistant discover --watch` goes on looking.")


async def _look() -> Neighbours:
    from assistant.lan.browse import browse  # zeroconf takes a while to import

    table = Neighbours()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK):
            await browse(table, lambda sighting: None)
    return table
