"""Setting a timer, an alarm or a reminder for whoever asks, and what is said where that cannot be."""

import logging
from dataclasses import replace
from functools import partial

from assistant.errors import ServiceError
from assistant.skill import Asked, Reply
from assistant.skills.labels import taken_back
from assistant.timers import MOST, Refused, Timer, Timers
from assistant.undo import Undos

__all__ = ["refused", "set_for"]

log = logging.getLogger(__name__)


async def set_for(asked: Asked, timer: Timer, timers: Timers, undos: Undos) -> Timer:
    """Set *timer* for who asks, to ring where they are, until they take it back; raises Refused and ServiceError."""
    whose = replace(timer, device=asked.device, assistant=asked.assistant, language=asked.language, person=asked.person)
    timer = await timers.add(whose, turn=asked.turn)
    undos.offer(asked.device, partial(taken_back, timers, timer))
    return timer


def refused(error: Refused | ServiceError) -> Reply:
    """Return what is said of something that cannot be set: the response is called by what is wrong."""
    if isinstance(error, Refused):
        return Reply(key=error.why, facts={"most": MOST})
    log.error("nothing was set: %s", error)
    return Reply(key="lost")
