"""Several things that are asked for in one sentence: "turn on the lamp and set a timer for five minutes".

It is divided only where each part is understood whole and by itself, or with the verb or the name of the part before
it. So what is said for a person to read, such as an item of a list, stays as it is. The parts are done in turn. What
one of them asks back is answered before the next is done.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec

from assistant.errors import AssistantError
from assistant.pipeline.consent import Held
from assistant.pipeline.ladder.contradiction import asking
from assistant.pipeline.ladder.exact import recognition_of, skilled
from assistant.pipeline.ladder.marks import LANGUAGES, is_question, is_statement
from assistant.pipeline.ladder.parts import Names, Part, cuts_of, divisions, has_pronoun, with_name
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import of_language, said, sentences
from assistant.pipeline.language import is_stop, primary
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn
from assistant.skill import Ask, Reply
from assistant.speech import Recognition

__all__ = ["several"]

log = logging.getLogger(__name__)

_P = ParamSpec("_P")

_MOST = 3
"""Things that are asked for at once."""
_CUTS = 5
"""Conjunctions and commas of a sentence that is looked at: who says more tells a story."""
_UNKNOWN = frozenset({"InglenookAskUnknown", "InglenookPlayerUnknown", "InglenookSwitchUnknown"})
"""Intents of sentences with a name that is none of the house."""
_NEVER_MIND = "HassNevermind"
_OPPOSITES = (
    frozenset({"HassTurnOn", "HassTurnOff"}),
    frozenset({"HassMediaPause", "HassMediaUnpause"}),
    frozenset({"HassPauseTimer", "HassUnpauseTimer"}),
)
_WAITS = {
    "de": "Vor dem Rest: {question}",
    "en": "Before the rest: {question}",
    "es": "Antes de lo demás: {question}",
    "fr": "Avant le reste : {question}",
    "it": "Prima del resto: {question}",
    "nl": "Voor de rest: {question}",
}
_FAILED = {
    "de": "Das ging nicht: „{rest}“.",
    "en": "I could not do this: “{rest}”.",
    "es": "No he podido hacer esto: «{rest}».",
    "fr": "Je n'ai pas pu faire cela : « {rest} ».",
    "it": "Non ho potuto fare questo: «{rest}».",
    "nl": "Dit lukte niet: “{rest}”.",
}


@dataclass(frozen=True, slots=True)
class _Command:
    """One of the things that are asked for."""

    sentence: str
    """The words, with all that they left unsaid."""
    recognition: Recognition
    plan: Plan
    acts: bool
    """Whether it is more than a question."""
    shares: bool = False
    """Whether it has its verb from a sentence that names several things."""


async def several(question: Question, turn: Turn) -> Plan | None:
    """Return the plan of the two or three things that *question* asks for; None where it asks for one, or for none."""
    text, language = question.text.strip().rstrip(" .!…"), question.language
    if text.endswith("?") and not is_question(text, language):
        text = text.rstrip(" ?")  # a polite request: each of its parts is an order
    cuts = cuts_of(text, language)
    if not 0 < len(cuts) <= _CUTS:
        return None
    whole = await recognition_of(question.text, language, turn)
    if whole is not None and _stays(whole, text[: cuts[0][0]], question, turn):
        return None
    sentence = _Sentence(question, turn)
    for parts in divisions(text, cuts, _MOST):
        if commands := await sentence.commands(parts):
            return _plan(commands, whole, question, turn)
    return None


def _stays(whole: Recognition, beginning: str, question: Question, turn: Turn) -> bool:
    """Tell whether a sentence is understood as it is, and no name in it has swallowed a part of it."""
    if not whole.complete or whole.intent in _UNKNOWN or skilled("exact", whole, question, turn) is None:
        return False
    return not any(said(beginning) in said(words) for words in whole.slots.values())


class _Sentence:
    """Finds the commands in one sentence."""

    def __init__(self, question: Question, turn: Turn) -> None:
        self._question = question
        self._turn = turn
        self._known: dict[str, _Command | None] = {}
        self._names = Names(turn.equipment.home)

    async def commands(self, parts: Sequence[Part]) -> list[_Command]:
        """Return the commands of *parts*, in order; none where one is not understood, or there are too many."""
        found = list[_Command]()
        for part in parts:
            more = await self._part(part, found[-1] if found else None)
            if not more:
                return []
            found += more
        return found if 1 < len(found) <= _MOST and not self._doubtful(found) else []

    async def _part(self, part: Part, before: _Command | None) -> list[_Command]:
        if (one := await self._one(part.text, before)) is not None:
            return [one]
        found = list[_Command]()
        for text in self._names.shared(part.pieces) if len(part.pieces) > 1 else ():
            if (command := await self._command(text)) is None:
                return []
            found.append(replace(command, shares=True))
        return found

    async def _one(self, text: str, before: _Command | None) -> _Command | None:
        """Return the command of *text*, which may leave unsaid what the command *before* it says."""
        names, language = self._names, self._question.language
        if before is None:
            return await self._command(text)
        if (carried := names.carried(before.sentence, text)) and (command := await self._command(carried)):
            return replace(command, shares=names.is_one(text))
        if names.is_one(text):
            return None  # a scene's name alone would start it
        if has_pronoun(text, language):
            name = names.thing(before.sentence)
            if name and (command := await self._command(with_name(text, name, language))):
                return command
            command = await self._command(text)  # "what time is it" means nothing by "it"
            return None if command is None or command.acts else command
        return await self._command(text)

    async def _command(self, text: str) -> _Command | None:
        if text not in self._known:
            self._known[text] = await self._recognised(text)
        return self._known[text]

    async def _recognised(self, text: str) -> _Command | None:
        question, turn = self._question, self._turn
        recognition = await recognition_of(text, question.language, turn)
        if recognition is None or not recognition.complete or recognition.intent in _UNKNOWN:
            return None
        if recognition.intent == _NEVER_MIND or is_stop(text, question.language):
            return None  # who takes back a part may mean the whole
        if (plan := skilled("several", recognition, question.saying(text), turn)) is None:
            return None
        skill = next((skill for skill in turn.equipment.skills if skill.name == plan.skill), None)
        return _Command(text, recognition, plan, acts=skill is not None and plan.intent not in skill.reads)

    def _doubtful(self, commands: Sequence[_Command]) -> bool:
        """Tell whether an act follows what may not be one: "is the lamp on and …", "wake me at seven and …"."""
        language, open_ = self._question.language, False
        for command in commands:
            sentence = command.sentence
            asks = is_question(sentence, language)
            if command.acts and (
                open_ or asks or (primary(language) in LANGUAGES and is_statement(sentence, language))
            ):
                return True
            open_ = open_ or asks or command.recognition.free
        return False


def _plan(commands: Sequence[_Command], whole: Recognition | None, question: Question, turn: Turn) -> Plan | None:
    if opposite := _opposites(commands):
        return asking(opposite, question) if len(commands) == len(opposite) else None
    if whole is not None and whole.intent in _UNKNOWN and all(map(_is_plain, commands)):
        return None  # things that are switched by their names are switched at once
    plans = [command.plan for command in commands]

    async def expected() -> str:
        texts = list[str]()
        for plan in plans:
            text = await plan.expects() if plan.expects is not None else ""
            if not text:
                break
            texts.append(text)
        return sentences(texts)

    return Plan(
        rung="several",
        intent=", ".join(plan.intent for plan in plans),
        reads=all(plan.reads for plan in plans),
        run=partial(_done, commands, question.language, turn),
        expects=expected,
        skill=", ".join(dict.fromkeys(plan.skill for plan in plans if plan.skill)),
    )


def _opposites(commands: Sequence[_Command]) -> dict[str, Plan]:
    """Return the plans of two commands that want opposites of the same things, by their sentences; none where none."""
    for at, one in enumerate(commands):
        for other in commands[at + 1 :]:
            if {one.plan.intent, other.plan.intent} in _OPPOSITES and one.recognition.slots == other.recognition.slots:
                return {one.sentence: one.plan, other.sentence: other.plan}
    return {}


def _is_plain(command: _Command) -> bool:
    """Tell whether one thing is named, its verb another's, and nothing is asked back first."""
    thing = command.recognition.slots.get("entity_ids", "")
    return command.shares and bool(thing) and "," not in thing and not command.plan.reads


async def _done(commands: Sequence[_Command], language: str, turn: Turn) -> Reply:
    """Do one after the other, such that all of it is taken back at once, and return what is said of it."""
    texts, foreign, asks = list[str](), False, None
    with turn.equipment.home.undos.together(turn.device):
        for at, command in enumerate(commands, start=1):
            try:
                reply = await command.plan.run()
            except AssistantError as error:
                if not texts:
                    raise
                log.warning("turn %s: %s", turn.id, error)
                left = ", ".join(each.sentence for each in commands[at - 1 :])
                texts.append(of_language(_FAILED, language).format(rest=left))
                break
            foreign, asks = foreign or reply.foreign, reply.asks
            if asks is not None and (rest := commands[at:]):
                texts.append(of_language(_WAITS, language).format(question=reply.text))
                asks = _before(partial(_done, rest, language, turn), asks, turn)
                break
            if not (command.acts and reply.text in texts):  # two lamps are switched on, and that is said once
                texts.append(reply.text)
    return Reply(sentences(texts), asks=asks, foreign=foreign)


def _before(rest: Callable[[], Awaitable[Reply]], ask: Ask, turn: Turn) -> Ask:
    """Return *ask* such that the *rest* is done once it is answered, by a no, too."""

    def followed(run: Callable[_P, Awaitable[Reply]]) -> Callable[_P, Awaitable[Reply]]:
        async def go_on(*given: _P.args, **named: _P.kwargs) -> Reply:
            with turn.equipment.home.undos.together(turn.device):
                reply = await run(*given, **named)
                if reply.asks is not None:
                    return replace(reply, asks=_before(rest, reply.asks, turn))
                more = await rest()
            return replace(more, text=sentences((reply.text, more.text)), foreign=reply.foreign or more.foreign)

        return go_on

    ask = replace(ask, then=followed(ask.then), every=ask.every and followed(ask.every), otherwise=rest)
    return replace(ask, confirmed=followed(ask.confirmed)) if isinstance(ask, Held) else ask
