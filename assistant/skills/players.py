"""Players of a name that the house does not have: it is said, and the nearest one offered."""

from collections.abc import Mapping
from dataclasses import replace

from assistant.home import Home
from assistant.home.targets import nearest
from assistant.home.words import nothing, phrases_of
from assistant.skill import Ask, Asked, Reply, Skill
from assistant.skills.home import HomeSkill
from assistant.skills.words import SENTENCES

__all__ = ["players"]


def players(house: Home, areas: Mapping[str, str]) -> Skill:
    """Return the skill; *areas* are the rooms by the devices in them."""
    skill = HomeSkill(house, areas)

    async def unknown(asked: Asked) -> Reply:
        """Say that there is no such player; a chat model would say that it did what it cannot do."""
        words, name = phrases_of(asked.language), asked.slots["name"]
        if not house.entities:
            return Reply(nothing(house, asked.language))
        near = nearest(name, house, ("media_player",))
        if near is None:
            return Reply(words.nothing_called.format(name=name))
        slots = {**asked.slots, "name": near.name, "entity_ids": near.id}
        meant = replace(asked, intent=asked.slots["intent"], slots=slots, key="")
        return Reply(words.perhaps.format(name=name, nearest=near.name), asks=Ask(lambda yes: skill.act(meant)))

    return Skill(name="players", intents={"InglenookPlayerUnknown": unknown}, sentences=SENTENCES)
