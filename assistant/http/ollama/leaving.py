"""What becomes of a model that is not to stay loaded once it has answered."""

from contextlib import suppress

from aiohttp import web

from assistant.access import Scope
from assistant.errors import EngineBusy
from assistant.http.guard import about, caller, needs
from assistant.http.ollama.dialect import KeepAlive, at_once
from assistant.models.pool import Pool
from assistant.serving import Named

__all__ = ["leave"]


async def leave(request: web.Request, pool: Pool, named: Named, keep_alive: KeepAlive) -> None:
    """Unload a model that is not to stay, unless it is at work for others, or the key may not do that."""
    if at_once(keep_alive) and caller(request).may(Scope.MODELS):
        about(request, named.name)
        needs(request, Scope.MODELS)  # the audit log tells of it
        with suppress(EngineBusy):
            await pool.unload(named.model)
