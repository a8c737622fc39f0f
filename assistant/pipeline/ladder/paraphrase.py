"""Sentences that no template has, and that mean one which is understood: asked about once, and then remembered.

Nothing is done by likeness: what is done was confirmed, now or when it was learnt.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from assistant.chat import Priority
from assistant.engines import Embed
from assistant.entities import Area, Entity, Floor
from assistant.errors import ServiceError
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.ladder.exact import recognition_of, skilled
from assistant.pipeline.ladder.marks import LANGUAGES, is_question, is_statement, marks
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import of_language, said
from assistant.pipeline.nearness import Near
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn
from assistant.skill import Ask, Reply
from assistant.speech import Recognition
from assistant.streams import heed_cancellation, in_thread

__all__ = ["learnt", "place_examples", "suggested"]

log = logging.getLogger(__name__)

_SHORTEST, _LONGEST = 2, 25
"""Words of a sentence that may be a paraphrase."""
_TRIED = 3
"""Sentences that are near and are looked at more closely."""
_KINDS = {"domain", "device_class"}
"""Slots that say of what sort a thing is; people have many words for that."""

_ASKS = {
    "de": "Meintest du: {sentence}?",
    "en": "Did you mean: {sentence}?",
    "es": "¿Querías decir: {sentence}?",
    "fr": "Voulais-tu dire : {sentence} ?",
    "it": "Intendevi: {sentence}?",
    "nl": "Bedoelde je: {sentence}?",
}


async def learnt(question: Question, turn: Turn) -> Plan | None:
    """Return the plan of the sentence that is known to be meant by *question*; None where none is."""
    table = turn.equipment.paraphrases
    if table is None:
        return None
    try:
        paraphrase = await table.find(said(question.text), _main(question.language))
    except ServiceError as error:
        log.warning("turn %s: no paraphrase is found: %s", turn.id, error)
        return None
    if paraphrase is None or (plan := await _plan(paraphrase.sentence, question, turn)) is None:
        return None
    return replace(plan, noted=partial(table.use, paraphrase))


async def suggested(question: Question, turn: Turn) -> Plan | None:
    """Return a plan that asks whether a sentence is meant by *question* that is understood; None where none is near.

    Nobody is asked twice about the same words: who said no, or something else, is left to the next rung.
    """
    text, main, nearness = said(question.text), _main(question.language), turn.equipment.nearness
    if main not in LANGUAGES or turn.equipment.paraphrases is None or nearness.asked(text, main):
        return None
    if not _SHORTEST <= len(text.split()) <= _LONGEST:
        return None
    house = turn.equipment.home
    things: tuple[Entity | Area | Floor, ...] = (*house.entities, *house.areas, *house.floors)
    names = [name for thing in things for name in (thing.name, *thing.aliases)]
    here = marks(text, main, names)
    candidates = {said(each): each for each in _known(question, turn) if here.allow(marks(each, main, names))}
    candidates.pop(text, None)
    for _, sentence in (await _near(text, list(candidates), main, turn))[:_TRIED]:
        plan = await _plan(candidates[sentence], question, turn)
        if plan is not None and _fits(plan, sentence, question, turn):
            return _asking(plan, question, turn)
    return None


def _known(question: Question, turn: Turn) -> Iterator[str]:
    """Yield the sentences that are understood, as far as they are known: the skills' own, and the last one here."""
    main = _main(question.language)
    for skill in turn.equipment.skills:
        yield from skill.examples.get(main, ())
    account = question.conversation.account
    if account is not None and account.recognition is not None and _main(account.language) == main:
        yield account.text


async def place_examples(equipment: Equipment, model: str) -> None:
    """Have an embedding engine find the place of the skills' sentences, so that nobody has to wait for it."""
    languages = equipment.pool.model(model).capabilities.languages
    examples = (skill.examples.get(language, ()) for skill in equipment.skills for language in languages)
    sentences = [said(each) for some in examples for each in some]
    engine: Embed
    async with equipment.pool.lease(model, Priority.BACKGROUND) as engine:
        await in_thread(lambda: equipment.nearness.learn(sentences, model, engine))


async def _near(text: str, sentences: list[str], main: str, turn: Turn) -> Near:
    """Return what is near *text*; by its letters where no engine knows the language."""
    equipment, model = turn.equipment, turn.config.embed
    if not model or main not in equipment.pool.model(model).capabilities.languages:
        return equipment.nearness.by_letters(text, sentences)
    engine: Embed
    try:
        async with equipment.pool.lease(model, turn.priority) as engine:
            return await in_thread(lambda: equipment.nearness.by_meaning(text, sentences, model, engine))
    except Exception as error:
        heed_cancellation(error)
        log.warning("turn %s: %s finds nothing near: %s", turn.id, model, error)
        return []


async def _plan(sentence: str, question: Question, turn: Turn) -> Plan | None:
    """Return what would be done about *sentence*."""
    sentence = sentence.strip(" .!?¿¡\u202f\xa0")
    recognition = await recognition_of(sentence, question.language, turn)
    if recognition is None or not recognition.complete:
        return None
    plan = skilled("paraphrase", recognition, question, turn)
    return plan and replace(plan, meant=sentence)


def _fits(plan: Plan, sentence: str, question: Question, turn: Turn) -> bool:
    """Tell whether *question* says all that *sentence* has in its slots, and asks for an act where that is one."""
    text, language = question.text, question.language
    reads = any(plan.intent in skill.reads for skill in turn.equipment.skills if skill.name == plan.skill)
    if not reads and (is_question(text, language) or is_statement(text, language)):
        return False
    return all(value in f" {said(text)} " for value in _filled(plan.recognition, sentence))


def _filled(recognition: Recognition | None, sentence: str) -> Iterator[str]:
    """Yield the words of *sentence*, plain, that fill slots; numbers are compared by the marks."""
    slots = recognition.slots if recognition else {}
    spoken = recognition.spoken if recognition else {}
    for name, slot in slots.items():
        words = f" {said(spoken.get(name, slot))} "
        if name not in _KINDS and not slot.replace(".", "").isdecimal() and words in f" {sentence} ":
            yield words


def _asking(plan: Plan, question: Question, turn: Turn) -> Plan:
    """Return a plan that asks whether *plan* is meant, and with a yes learns that it is and carries it out."""
    text, main = said(question.text), _main(question.language)
    table = turn.equipment.paraphrases

    async def do(choice: str) -> Reply:
        try:
            if table is not None:
                await table.learn(text, main, plan.meant, turn.person)
        except ServiceError as error:
            log.warning("turn %s: a paraphrase is not remembered: %s", turn.id, error)
        return await plan.run()

    async def ask() -> Reply:
        return Reply(of_language(_ASKS, question.language).format(sentence=plan.meant), asks=Ask(do))

    return replace(plan, reads=True, run=ask, expects=None, noted=partial(turn.equipment.nearness.ask, text, main))


def _main(language: str) -> str:
    return language.partition("-")[0].lower()
