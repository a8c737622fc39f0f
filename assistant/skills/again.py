"""Saying it once more: "say that again"."""

from collections.abc import Callable

from assistant.skill import Asked, Reply, Skill
from assistant.skills.words import SENTENCES

__all__ = ["again"]


def again(heard: Callable[[str], str]) -> Skill:
    """Return the skill; *heard* returns what was last heard of the assistant in a conversation."""

    async def repeat(asked: Asked) -> Reply:
        return Reply(heard(asked.conversation), key="nothing")

    return Skill(
        name="again",
        intents={"InglenookRepeat": repeat},
        reads=frozenset({"InglenookRepeat"}),
        sentences=SENTENCES,
        examples={
            "en": ("Say that again",),
            "de": ("Sag das noch mal",),
            "fr": ("Répète ça",),
            "es": ("Repite eso",),
        },
    )
