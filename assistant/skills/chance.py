"""Chance: "flip a coin", "roll a die"."""

import secrets

from assistant.skill import Asked, Reply, Skill
from assistant.skills.words import SENTENCES

__all__ = ["chance"]

_SIDES = 6


def chance() -> Skill:
    """Return the skill."""
    intents = {"InglenookCoin": _coin, "InglenookDie": _die}
    return Skill(
        name="chance",
        intents=intents,
        reads=frozenset(intents),
        sentences=SENTENCES,
        examples={
            "en": ("Flip a coin", "Roll a die"),
            "de": ("Wirf eine Münze", "Würfle"),
            "fr": ("Lance une pièce", "Lance un dé"),
            "es": ("Lanza una moneda", "Lanza un dado"),
        },
    )


async def _coin(asked: Asked) -> Reply:
    return Reply(key=secrets.choice(("heads", "tails")))


async def _die(asked: Asked) -> Reply:
    return Reply(facts={"number": secrets.randbelow(_SIDES) + 1})
