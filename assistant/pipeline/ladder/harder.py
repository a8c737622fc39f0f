"""Somebody asks for a bigger chat model: "think harder", "ask the big model why the sky is blue"."""

import re

from assistant.pipeline.ladder.words import alternatives, of_language
from assistant.pipeline.question import Question

__all__ = ["without_call_for_more"]

_MORE = {
    "de": "denk genauer nach, denk gründlich nach, denk noch mal nach, frag das große modell, frage das große modell, "
    "nimm das große modell, frag das größere modell, mit dem großen modell",
    "en": "think harder, think hard, think again, think it over, ask the big model, ask the bigger model, "
    "use the big model, use the bigger model, with the big model",
    "es": "piénsalo mejor, piensa mejor, piénsalo bien, pregunta al modelo grande, usa el modelo grande, "
    "con el modelo grande",
    "fr": "réfléchis mieux, réfléchis bien, réfléchis encore, demande au grand modèle, utilise le grand modèle, "
    "avec le grand modèle",
    "it": "pensaci meglio, pensaci bene, chiedi al modello grande, usa il modello grande, con il modello grande",
    "nl": "denk beter na, denk goed na, vraag het grote model, vraag het aan het grote model, gebruik het grote model, "
    "met het grote model",
}


def without_call_for_more(question: Question) -> Question | None:
    """Return *question* without the words by which it calls for a bigger model; None where it does not.

    The words stand at its beginning or end. Where there are no others, they stay: they are about the last answer.
    """
    more = alternatives(of_language(_MORE, question.language).split(","))
    rest, calls = re.subn(rf"^\W*(?:{more})\b[\s,.:;!–-]*|[\s,.:;–-]*\b(?:{more})\W*$", "", question.text, flags=re.I)
    if not calls:
        return None
    return question.saying(rest) if re.search(r"\w", rest) else question
