"""Is there a Home Assistant on the local network?"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from assistant.errors import ServiceError
from assistant.lan.neighbours import Neighbour, Neighbours
from assistant.setup.answers import Answers
from assistant.setup.dialogue import Dialogue

__all__ = ["ask", "home_assistants", "section"]

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


def section(url: str) -> list[str]:
    """Return what brings a Home Assistant at *url* into the house: a command, and lines of the configuration."""
    return [
        "assistant plugins install inglenook-homeassistant",
        "services:",
        "  homeassistant:",
        f"    url: {url}",
        "    token: ${HASS_TOKEN}  # a long-lived access token, from your profile there",
    ]


def ask(answers: Answers, dialogue: Dialogue) -> None:
    """Look for it, and say how it becomes a part of the house: its token is made there, by its owner."""
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
        dialogue.say(f"Found: {name}. To control its lamps from here, install the plugin and add a section:")
        for line in section(name.rpartition(" at ")[2]):
            dialogue.show(f"  {line}")
    if not found:
        dialogue.say("None advertises itself; `assistant discover --watch` goes on looking.")


async def _look() -> Neighbours:
    from assistant.lan.browse import browse  # zeroconf takes a while to import

    table = Neighbours()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK):
            await browse(table, lambda sighting: None)
    return table
