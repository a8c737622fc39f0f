"""What the core serves of an assembly: one group of routes from each file beside this one."""

from assistant.assembly import Assembly
from assistant.http import devices, history, timers
from assistant.http.route import Route
from assistant.http.vision import VisionDoor

__all__ = ["doors"]


def doors(assembly: Assembly) -> list[Route]:
    """Return the routes of every door; `make_app` adds those that need no assembly."""
    return [
        *history.routes(assembly.forget),
        *VisionDoor(assembly).routes(),
        *devices.routes(assembly.controls),
        *timers.routes(assembly.timers),
    ]
