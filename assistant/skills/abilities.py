"""What it can do: "what can you do", a few sentences to try at a time."""

from collections.abc import Sequence
from itertools import chain, zip_longest

from assistant.skill import Ask, Asked, Reply, Skill
from assistant.skills.words import SENTENCES

__all__ = ["abilities", "sentences_to_try"]

_AT_ONCE = 3
"""Sentences that are read out before it is asked whether to go on."""


def abilities(skills: Sequence[Skill]) -> Skill:
    """Return the skill; *skills* are all that there are by the time it is asked."""

    async def tell(asked: Asked) -> Reply:
        return _from(0, sentences_to_try(skills, asked.language))

    return Skill(
        name="abilities",
        intents={"InglenookAbilities": tell},
        reads=frozenset({"InglenookAbilities"}),
        sentences=SENTENCES,
        examples={
            "en": ("What can you do?",),
            "de": ("Was kannst du?",),
            "fr": ("Que sais-tu faire ?",),
            "es": ("¿Qué sabes hacer?",),
        },
    )


def sentences_to_try(skills: Sequence[Skill], language: str) -> list[str]:
    """Return the examples of *skills* in a language: the first of each skill, then the second of each, and so on."""
    examples = [skill.examples.get(language.partition("-")[0].lower(), ()) for skill in skills]
    return list(dict.fromkeys(example for example in chain(*zip_longest(*examples)) if example))


def _from(begin: int, sentences: list[str]) -> Reply:
    """Return the reply that names some *sentences*, and asks whether to go on with those after them."""
    following = begin + _AT_ONCE
    if not (some := sentences[begin:following]):
        return Reply(key="nothing")

    async def go_on(yes: str) -> Reply:
        return _from(following, sentences)

    more = following < len(sentences)
    facts = {"sentences": " ".join(sentence if sentence[-1] in "?!." else f"{sentence}." for sentence in some)}
    return Reply(key="more" if more else "last", facts=facts, asks=Ask(go_on) if more else None)
