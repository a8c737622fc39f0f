"""What the machine has too little of is said once, and waited for: the daemon goes on."""

import asyncio
import errno
import logging
import resource
from collections.abc import Callable
from typing import Any

__all__ = ["heed_scarcity"]

log = logging.getLogger(__name__)

_QUIET = 60.0
"""Seconds for which it is not said again."""
_FILES = {errno.EMFILE, errno.ENFILE}


def heed_scarcity(loop: asyncio.AbstractEventLoop) -> None:
    """Say in words where connections cannot be accepted because too many files are open.

    asyncio itself tries again after a second, for as long as it takes, and would log a traceback each time.
    """
    loop.set_exception_handler(_handler())


def _handler() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    said = float("-inf")

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _FILES:
            loop.default_exception_handler(context)
            return
        if loop.time() - said >= _QUIET:
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            log.error(
                "too many files and connections are open (%s; this process may have %d): new connections wait until "
                "others are closed (LimitNOFILE= of the service, or ulimit -n)",
                error.strerror,
                limit,
            )
        said = loop.time()

    return handle
