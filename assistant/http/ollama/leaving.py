"""What becomes of a model that is not to stay loaded once it has answered."""

import logging

from aiohttp import web

from assistant.access import Scope
from assistant.errors import AssistantError
from assistant.http.guard import about, caller, needs
from assistant.http.ollama.dialect import KeepAlive, at_once
from assistant.models.pool import Pool
from assistant.serving import Named

__all__ = ["leave"]

log = logging.getLogger(__name__)


async def leave(request: web.Request, pool: Pool, named: Named, keep_alive: KeepAlive) -> None:
    """Unload a model that is not to stay, unless it is at work for others, or the key may not do that.

    Where that fails it stays, and whoever has asked has the answer all the same.
    """
    if at_once(keep_alive) and caller(request).may(Scope.MODELS):
        about(request, named.name)
        needs(request, Scope.MODELS)  # the audit log tells of it
        try:
            await pool.unload(named.model)
        except AssistantError as error:
            log.info("%s stays loaded: %s", named.model, error)
