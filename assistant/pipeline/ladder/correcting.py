"""Somebody takes back what was understood: "no, I meant the bedroom", "no, I said five minutes", "no, the bedroom".

The new words are put in the place of each few words of the last sentence in turn; what is understood then, and differs
the least from what was understood before, is meant. What was done is taken back first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from assistant.pipeline.conversation import Account
from assistant.pipeline.ladder.exact import recognition_of, skilled
from assistant.pipeline.ladder.parts import Names
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.several import several
from assistant.pipeline.ladder.words import alternatives, of_language, said, sentences
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn
from assistant.skill import Reply
from assistant.speech import Recognition

__all__ = ["corrected"]

_LONGEST = 16
"""Words of a sentence that can be corrected in part."""
_SPAN = 4
"""Words of it that are replaced at most."""

_NO = {
    "de": "nein, nee, halt, moment, falsch, doch nicht, sorry, entschuldigung",
    "en": "no, nope, wait, sorry, wrong, oh, oops, no no",
    "es": "no, perdón, espera, perdona, mal",
    "fr": "non, pardon, attends, désolé, mais non",
    "it": "no, scusa, aspetta, sbagliato",
    "nl": "nee, wacht, sorry, fout",
}
_MEANT = {
    "de": "ich meinte, ich meine, ich habe gesagt, ich sagte, ich hab gesagt, gemeint war, ich wollte",
    "en": "i meant, i mean, i said, i was talking about, i meant to say",
    "es": "quería decir, quise decir, me refería a, me refiero a, he dicho, dije, digo, quería",
    "fr": "je voulais dire, je veux dire, je parlais de, j'ai dit, je disais, je voulais",
    "it": "volevo dire, intendevo, ho detto, dicevo, volevo",
    "nl": "ik bedoelde, ik bedoel, ik zei, ik heb gezegd",
}
_NOTHING_TAKEN_BACK = {
    "de": "Zurückgenommen habe ich nichts.",
    "en": "I took nothing back.",
    "es": "No he deshecho nada.",
    "fr": "Je n'ai rien annulé.",
    "it": "Non ho annullato nulla.",
    "nl": "Ik heb niets teruggedraaid.",
}
_NOTHING_BEFORE = {
    "de": "Ich weiß nicht, was ich berichtigen soll: Davor war hier nichts.",
    "en": "I do not know what to correct: there was nothing before that here.",
    "es": "No sé qué corregir: antes de eso no había nada aquí.",
    "fr": "Je ne sais pas quoi corriger : il n'y avait rien avant cela ici.",
    "it": "Non so che cosa correggere: qui prima non c'era nulla.",
    "nl": "Ik weet niet wat ik moet verbeteren: hiervoor was er niets.",
}


@dataclass(frozen=True, slots=True)
class _Correction:
    """What somebody says instead."""

    words: str
    """The new words, plain."""
    explicit: bool
    """Whether they say that they meant or said it; a mere no may be followed by something new."""
    denies: bool
    """Whether they say no: who begins with "I meant to ask" corrects nothing."""


async def corrected(question: Question, turn: Turn) -> Plan | None:
    """Return what is to be done where *question* corrects the last one; None where it is about something else."""
    correction, account = _correction(question), question.conversation.account
    if correction is None:
        return None
    if not correction.explicit and (plan := await several(question.saying(correction.words), turn)):
        return plan
    explicit = correction.explicit or _names_another(correction.words, account, turn)
    recognition = await recognition_of(correction.words, question.language, turn)
    if recognition is not None and recognition.complete:
        sentence, undone = correction.words, correction.explicit
    elif explicit and account is not None and account.recognition is not None:
        found = await _replaced(account, account.recognition, correction.words, turn)
        if found is None:
            return None
        sentence, recognition, undone = found.sentence, found.recognition, True
    elif correction.explicit and correction.denies and account is None:
        return Plan("none", "", True, partial(_said, of_language(_NOTHING_BEFORE, question.language)))
    else:
        return None
    plan = skilled("correction", recognition, question.saying(sentence), turn)
    if plan is None:
        return None
    plan = replace(plan, meant=sentence)
    return _instead(plan, account, question, turn) if undone and account is not None and account.acted else plan


def _names_another(words: str, account: Account | None, turn: Turn) -> bool:
    """Tell whether a thing or a room is named, and no more, after something was done: "no, the desk lamp"."""
    return account is not None and account.acted and Names(turn.equipment.home).is_one(words)


def _correction(question: Question) -> _Correction | None:
    no, meant = (alternatives(of_language(table, question.language).split(",")) for table in (_NO, _MEANT))
    if found := re.fullmatch(rf"((?:(?:{no}) )*)(?:{meant}) (.+)", said(question.text)):
        return _Correction(found[2], explicit=True, denies=bool(found[1]))
    # "no" without a comma may belong to what is said
    if found := re.fullmatch(rf"\W*(?:(?:{no})[,.;:!…–-]+\s*)+(\w.*)", question.text.strip(), flags=re.I):
        return _Correction(said(found[1]), explicit=False, denies=True)
    return None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence that may be meant."""

    sentence: str
    recognition: Recognition
    cost: tuple[int, int, bool, int]
    """How many slots came or went, how many were filled otherwise, whether something else than the words of a slot was
    replaced, and how many words that were."""


async def _replaced(account: Account, before: Recognition, words: str, turn: Turn) -> _Candidate | None:
    """Return the last sentence with *words* in it; None where it is not sure in the place of which others.

    Of two slots whose words might have been meant, it is the one that was said first: "add milk to the shopping list".
    """
    found: list[_Candidate] = []
    filled = {said(words) for words in (*before.slots.values(), *before.spoken.values())}
    for sentence, span in _sentences(said(account.text).split(), words):
        recognition = await recognition_of(sentence, account.language, turn)
        if recognition is None or not recognition.complete or recognition.intent != before.intent:
            continue
        if recognition.slots != before.slots and len(recognition.slots) == len(before.slots):
            cost = (*_changes(before, recognition), " ".join(span) not in filled, len(span))
            found.append(_Candidate(sentence, recognition, cost))
    if not found:
        return None
    least = min(candidate.cost for candidate in found)
    best = [candidate for candidate in found if candidate.cost == least]
    alike = all(candidate.recognition.slots == best[0].recognition.slots for candidate in best)
    return best[0] if alike or not least[2] else None


def _changes(before: Recognition, after: Recognition) -> tuple[int, int]:
    """Return how many slots came or went, and how many were filled otherwise."""
    names = before.slots.keys() & after.slots.keys()
    return len(before.slots.keys() ^ after.slots.keys()), sum(before.slots[name] != after.slots[name] for name in names)


def _sentences(before: list[str], words: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the sentence with *words* in the place of each few of its own, and those."""
    if len(before) > _LONGEST:
        return
    for length in range(1, _SPAN + 1):
        for first in range(len(before) - length + 1):
            rest = before[first + length :]
            yield " ".join([*before[:first], words, *rest]), before[first : first + length]


def _instead(plan: Plan, account: Account, question: Question, turn: Turn) -> Plan:
    """Return *plan* after what was done before is taken back, as far as it can be."""
    undos = turn.equipment.home.undos

    async def run() -> Reply:
        if account.undo is None or undos.latest(turn.device) is not account.undo:
            reply = await plan.run()
            nothing = of_language(_NOTHING_TAKEN_BACK, question.language)
            return reply if reply.asks else replace(reply, text=sentences((reply.text, nothing)))
        undos.take(turn.device)
        undone = await account.undo(question.language)
        reply = await plan.run()
        return replace(reply, text=sentences((undone, reply.text)))

    return replace(plan, reads=False, run=run, expects=None)


async def _said(text: str) -> Reply:
    return Reply(text)
