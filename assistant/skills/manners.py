"""What is said to be polite, or to let it be: "hello", "thank you", "never mind"."""

from assistant.skill import Asked, Reply, Skill
from assistant.skills.words import SENTENCES

__all__ = ["manners"]


def manners() -> Skill:
    """Return the skill: all it says are responses of the intents."""
    intents = ("HassNevermind", "HassRespond", "InglenookThanks")
    return Skill(
        name="manners",
        intents=dict.fromkeys(intents, _answer),
        reads=frozenset(intents),
        sentences=SENTENCES,
        examples={
            "en": ("Thank you", "Never mind"),
            "de": ("Danke", "Vergiss es"),
            "fr": ("Merci", "Oublie"),
            "es": ("Gracias", "No importa"),
        },
    )


async def _answer(asked: Asked) -> Reply:
    return Reply()
