"""What the assistant can do by itself: one small file for each skill.

A skill's sentences and responses lie in `sentences/<language>/<skill>.yaml`, in the format of hassil; those of intents
that Home Assistant has come with its own package.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.controls import Controls
from assistant.events import EventBus
from assistant.home import Home
from assistant.pipeline.conversation import Conversations
from assistant.skill import Skill
from assistant.skills.abilities import abilities
from assistant.skills.again import again
from assistant.skills.alarms import alarms
from assistant.skills.arithmetic import arithmetic
from assistant.skills.chance import chance
from assistant.skills.clock import clock
from assistant.skills.home import doors, home
from assistant.skills.house import house
from assistant.skills.house_tools import house_tools
from assistant.skills.lists import lists
from assistant.skills.manners import manners
from assistant.skills.players import players
from assistant.skills.reminders import reminders
from assistant.skills.timers import timers
from assistant.skills.undo import undo
from assistant.skills.units import units
from assistant.skills.volume import volume
from assistant.skills.why import why
from assistant.state import State
from assistant.timers import Timers
from assistant.undo import Undos

__all__ = ["Means", "builtin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the built-in skills work with; each is handed no more of it than it needs."""

    state: State
    """What survives a restart."""
    controls: Controls
    """What is set at the devices."""
    home: Home
    """The house."""
    events: EventBus
    """Where turns tell what happens."""
    conversations: Conversations
    """What was said before."""
    timers: Timers
    """What is to ring."""
    areas: Mapping[str, str]
    """Rooms, by the device that stands in them."""
    skills: Sequence[Skill]
    """All skills there are, the plugins' as well, once they have been added."""
    undos: Undos
    """Where a skill offers how what it did is taken back."""


def builtin(means: Means) -> list[Skill]:
    """Return the built-in skills, one a line."""
    return [
        clock(),
        arithmetic(),
        units(),
        lists(means.state.lists, means.undos),
        timers(means.timers, means.areas, means.undos),
        alarms(means.timers, means.undos),
        reminders(means.timers, means.undos),
        undo(means.undos, means.home),
        why(means.conversations),
        volume(means.controls, means.home),
        home(means.home, means.areas),
        doors(means.home, means.areas),
        house(means.home, means.areas),
        players(means.home, means.areas),
        house_tools(means.home),
        chance(),
        again(means.conversations.heard),
        manners(),
        abilities(means.skills),
    ]
