"""From the words of a turn to an act and its answer."""

from dataclasses import dataclass

from assistant.chat import ChatRequest
from assistant.engines import Intent
from assistant.events import EventType
from assistant.pipeline.commands.acts import act
from assistant.pipeline.commands.fixed_phrases import FixedPhrases
from assistant.pipeline.commands.words import WORDS
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.turn import Turn
from assistant.speech import Recognition

__all__ = ["Command", "carried_out", "command_of"]

_INTENT: Intent = FixedPhrases()


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a person asked of the device."""

    recognition: Recognition
    """What is to be done."""
    language: str
    """BCP-47 tag of the language in which it was asked."""


def command_of(request: ChatRequest, turn: Turn) -> Command | None:
    """Return what the last message asks of the device of a turn; None where a chat model has to answer."""
    if turn.device not in turn.equipment.controls or not request.messages or request.messages[-1].role != "user":
        return None
    text, configured = request.messages[-1].text, turn.config.language
    for language in list(WORDS) if configured == "auto" else [configured]:
        recognition = _INTENT.recognise(text, language, {"device": turn.device})
        if recognition is not None and recognition.complete:
            return Command(recognition, language)
    return None


async def carried_out(command: Command, outbox: Outbox) -> str:
    """Do what was asked, once the answer is committed, and return what is said of it; raises what goes wrong."""
    turn, intent = outbox.turn, command.recognition.intent
    outbox.uses("intent", intent)
    outbox.publish(EventType.INTENT_START, model=intent)
    await outbox.committed()
    reply = await act(command.recognition, command.language, turn.device, turn.equipment.controls, turn.id)
    outbox.mark("first_token")
    outbox.publish(EventType.INTENT_PROGRESS, delta=reply)
    outbox.publish(EventType.INTENT_END, reply=reply)
    return reply
