"""From words that are said to the device itself to an act and its answer."""

from assistant.engines import Intent
from assistant.pipeline.commands.acts import act
from assistant.pipeline.commands.fixed_phrases import FixedPhrases
from assistant.pipeline.turn import Turn
from assistant.skill import Reply
from assistant.speech import Recognition

__all__ = ["command_of", "done"]

_INTENT: Intent = FixedPhrases()


def command_of(text: str, language: str, turn: Turn) -> Recognition | None:
    """Return what *text* asks of the device of a turn, whichever that is; None where it asks something else."""
    recognition = _INTENT.recognise(text, language, {"device": turn.device})
    return recognition if recognition is not None and recognition.complete else None


async def done(command: Recognition, language: str, turn: Turn) -> Reply:
    """Do what was asked, and return what is said of it; raises what goes wrong."""
    return Reply(await act(command, language, turn.device, turn.equipment.controls, turn.id))
