"""A turn of text: a question in, the words of the reply out."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from assistant.events import EventType
from assistant.pipeline.answer import write
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.question import Question
from assistant.pipeline.sight import described, with_images
from assistant.pipeline.turn import Turn
from assistant.vision import Image

__all__ = ["text_turn"]


async def text_turn(
    turn: Turn, text: str, conversation: str = "", images: Sequence[Image] = ()
) -> AsyncGenerator[str, None]:
    """Yield the reply to *text* as it is written, and remember both in *conversation*.

    A chat model that sees is shown *images*; to another is told what vision models find in them.
    Raises what the engine raised; the turn is closed and its receipt kept in any case.
    """
    said = ""
    turn.publish(EventType.RUN_START, assistant=turn.assistant, language=turn.config.language)
    turn.timeline.start()
    try:
        async with turn.equipment.conversations.turn(conversation or turn.id) as history:
            outbox, request, asked = Outbox.unheld(turn), turn.request(history, text), history.asks
            if images:
                history.mark_foreign()  # whoever made a picture may have written on it
                request = await described(with_images(request, images), outbox)
            try:
                async with aclosing(write(Question(request, turn.language, history), outbox)) as words:
                    async for word in words:
                        said += word
                        yield word
                turn.outcome = "answered"
                history.settle(asked)
            finally:
                if turn.outcome != "answered" and history.asks is not asked:
                    history.ask(None)  # what was not told to its end was not asked
                if said:
                    turn.remember(history, text, said, request.messages[-1].parts[:-1])
    except (GeneratorExit, asyncio.CancelledError):
        turn.outcome = "interrupted"
        raise
    except Exception as error:
        turn.fail(error)
        raise
    finally:
        turn.finish()
