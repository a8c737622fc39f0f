"""Sentences that ask for a thing and for its opposite: "turn the light on and off", "open it and close it"."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from assistant.pipeline.ladder.exact import recognition_of, skilled
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import alternatives, of_language, said
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn
from assistant.skill import Ask, Reply

__all__ = ["asking", "contradicting"]

_OPPOSITES = {
    "de": "an/aus ein/aus auf/zu öffne/schließe öffnen/schließen lauter/leiser hoch/runter heller/dunkler",
    "en": "on/off up/down open/close lock/unlock start/stop start/cancel louder/quieter raise/lower",
    "es": "enciende/apaga abre/cierra sube/baja activa/desactiva encender/apagar abrir/cerrar",
    "fr": "allume/éteins ouvre/ferme monte/baisse active/désactive allumer/éteindre ouvrir/fermer",
    "it": "accendi/spegni apri/chiudi alza/abbassa attiva/disattiva",
    "nl": "aan/uit open/dicht harder/zachter omhoog/omlaag",
}
_AND = {
    "de": "und, und dann, oder, und gleichzeitig, und wieder",
    "en": "and, and then, or, and also, and at once, but also",
    "es": "y, y luego, o, y también",
    "fr": "et, et puis, ou, et aussi",
    "it": "e, e poi, o, e anche",
    "nl": "en, en dan, of, en ook",
}
_ASKS = {
    "de": "Beides zugleich geht nicht. Was soll ich tun: {one}, oder {other}?",
    "en": "I cannot do both at once. Which one: {one}, or {other}?",
    "es": "No puedo hacer las dos cosas a la vez. ¿Qué hago: {one}, o {other}?",
    "fr": "Je ne peux pas faire les deux à la fois. Que dois-je faire : {one}, ou {other} ?",
    "it": "Non posso fare entrambe le cose insieme. Quale: {one}, o {other}?",
    "nl": "Beide tegelijk kan niet. Wat zal ik doen: {one}, of {other}?",
}


async def contradicting(question: Question, turn: Turn) -> Plan | None:
    """Return a plan that asks which of two opposites *question* means; None where it does not ask for both.

    It is a contradiction only where each half by itself is understood, and is more than a question.
    """
    for halves in _halves(said(question.text), question.language):
        plans: dict[str, Plan] = {}
        for word, sentence in halves.items():
            recognition = await recognition_of(sentence, question.language, turn)
            if recognition is None or not recognition.complete:
                break
            plan = skilled("exact", recognition, question.saying(sentence), turn)
            if plan is None or any(plan.intent in skill.reads for skill in turn.equipment.skills):
                break
            plans[word] = plan
        else:
            return asking(plans, question)
    return None


def _halves(text: str, language: str) -> Iterator[dict[str, str]]:
    """Yield *text* with each of two opposites, by the opposite, where it has both, or says the same with both."""
    between = f"(?:{alternatives(of_language(_AND, language).split(','))})"
    for pair in of_language(_OPPOSITES, language).split():
        one, other = pair.split("/")
        both = rf"\b(?:{one} {between} {other}|{other} {between} {one})\b"
        if re.search(both, text):
            yield {word: re.sub(both, word, text) for word in (one, other)}
        for gap in re.finditer(rf" {between} ", text):
            for word, opposite in ((one, other), (other, one)):
                half, rest = text[: gap.start()], text[gap.end() :]
                if half != rest and re.sub(rf"\b{word}\b", opposite, half) == rest:
                    yield {word: half, opposite: rest}


def asking(plans: Mapping[str, Plan], question: Question) -> Plan:
    """Return a plan that asks which of two *plans* is meant, each by what it is called."""
    one, other = plans

    async def ask() -> Reply:
        text = of_language(_ASKS, question.language).format(one=one, other=other)
        return Reply(text, asks=Ask(lambda choice: plans[choice].run(), (one, other)))

    return replace(plans[one], rung="none", reads=True, run=ask, expects=None)
