"""Read what is known of a prompt before the question is there."""

import logging
from dataclasses import replace

from assistant.chat import Priority
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.tools import offer
from assistant.pipeline.turn import Turn
from assistant.routing import is_served

__all__ = ["warm"]

log = logging.getLogger(__name__)


async def warm(turn: Turn, conversation: Conversation) -> None:
    """Have the chat model of *turn* read the system prompt, the tools and the history into its prefix cache.

    Where that is another server's, so does the first of this process, which has to be quick if the server fails. A
    failure costs time later and nothing else.
    """
    try:
        models = turn.decide(turn.request(conversation)).models
    except Exception as error:
        log.debug("turn %s: there is no prompt to warm: %s", turn.id, error)
        return
    for model in models:
        try:
            await _warm(turn, conversation, model)
        except Exception as error:
            log.debug("turn %s: the prompt of %s was not warmed: %s", turn.id, model, error)
        if not is_served(model):
            return


async def _warm(turn: Turn, conversation: Conversation, model: str) -> None:
    request = offer(turn.request(conversation), model, conversation, turn).request
    async with turn.equipment.pool.lease(model, Priority.BACKGROUND) as chat:
        await chat.warm(replace(request, priority=Priority.BACKGROUND))
