"""What is said where nothing was understood and no chat model is there to answer."""

from functools import partial

from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import of_language
from assistant.pipeline.question import Question
from assistant.skill import Reply

__all__ = ["LONGEST", "puzzled"]

LONGEST = 60
"""Words of a sentence that may be a command; whoever says more tells a story."""

_UNKNOWN = {
    "de": "Das habe ich nicht verstanden.",
    "en": "Sorry, I did not understand that.",
    "es": "Lo siento, no te he entendido.",
    "fr": "Désolé, je n'ai pas compris.",
    "it": "Scusa, non ho capito.",
    "nl": "Sorry, dat begreep ik niet.",
}
_TOO_LONG = {
    "de": "Das war zu viel auf einmal. Sag es bitte in einem kurzen Satz.",
    "en": "That was too much at once. Please say it in one short sentence.",
    "es": "Ha sido demasiado de una vez. Dilo en una frase corta, por favor.",
    "fr": "C'était trop à la fois. Dis-le en une phrase courte, s'il te plaît.",
    "it": "Era troppo in una volta. Dillo in una frase breve, per favore.",
    "nl": "Dat was te veel tegelijk. Zeg het in één korte zin, alsjeblieft.",
}


def puzzled(question: Question) -> Plan:
    """Return a plan that says that nothing was understood, in the language of *question*."""
    table = _TOO_LONG if len(question.text.split()) > LONGEST else _UNKNOWN
    return Plan("none", "", True, partial(_said, of_language(table, question.language)))


async def _said(text: str) -> Reply:
    return Reply(text)
