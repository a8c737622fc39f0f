"""The device that is spoken to: its volume, microphone, chime and quiet hours, in further words than the fixed ones.

The fixed phrases in `assistant.pipeline.commands` need no intent engine; both come to the same acts.
"""

from assistant.controls import Controls
from assistant.home import Home
from assistant.pipeline.commands.acts import ACTS, act
from assistant.skill import Asked, Reply, Skill
from assistant.skills.words import SENTENCES
from assistant.speech import Recognition

__all__ = ["volume"]


def volume(controls: Controls, house: Home) -> Skill:
    """Return the skill; the players of the *house* are not its own."""

    def is_here(asked: Asked) -> bool:
        """Tell whether the device itself is meant, and not a player, or something in another room."""
        elsewhere = "area" in asked.slots and "here" not in asked.slots
        if "name" in asked.slots or elsewhere:
            return False
        return asked.device in controls or not any(entity.domain == "media_player" for entity in house.entities)

    async def do(asked: Asked) -> Reply:
        recognition = Recognition(asked.intent, complete=True, slots=asked.slots)
        return Reply(await act(recognition, asked.language, asked.device, controls, asked.turn))

    return Skill(
        name="volume",
        intents=dict.fromkeys(ACTS, do),
        reads=frozenset({"InglenookVolume"}),
        takes=is_here,
        sentences=SENTENCES,
        examples={
            "en": ("How loud are you?", "Turn the volume down a bit", "Could you speak up?"),
            "de": ("Wie laut bist du?", "Stell die Lautstärke etwas leiser", "Kannst du lauter sprechen?"),
            "fr": ("À quel volume es-tu ?", "Mets le volume un peu moins fort", "Tu peux parler plus fort ?"),
            "es": ("¿A qué volumen estás?", "Pon el volumen un poco más bajo", "¿Puedes hablar más alto?"),
        },
    )
