"""Read what is known of a prompt before the question is there."""

import logging
from dataclasses import replace

from assistant.chat import Priority
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.tools import offer
from assistant.pipeline.turn import Turn

__all__ = ["warm"]

log = logging.getLogger(__name__)


async def warm(turn: Turn, conversation: Conversation) -> None:
    """Have the chat model of *turn* read the system prompt, the tools and the history into its prefix cache.

    A failure costs time later and nothing else.
    """
    try:
        request = turn.request(conversation)
        model = turn.chat_model(request)
        request = offer(request, model, conversation, turn).request
        async with turn.equipment.pool.lease(model, Priority.BACKGROUND) as chat:
            await chat.warm(replace(request, priority=Priority.BACKGROUND))
    except Exception as error:
        log.debug("turn %s: the prompt was not warmed: %s", turn.id, error)
