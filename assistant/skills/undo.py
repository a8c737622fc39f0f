"""Take back what was done last: lamps, timers, lists, whatever offered how it is undone."""

from assistant.home import Home
from assistant.home.words import phrases_of
from assistant.skill import Asked, Reply, Skill
from assistant.skills.words import SENTENCES
from assistant.undo import Undos

__all__ = ["undo"]

_EXAMPLES = {
    "de": ("Mach das rückgängig",),
    "en": ("Undo that",),
    "es": ("Deshaz eso",),
    "fr": ("Annule ça",),
}


def undo(undos: Undos, home: Home) -> Skill:
    """Return the skill; what was done before a restart is known by the ledger of the house."""

    async def take_back(asked: Asked) -> Reply:
        """Take back the last thing that was done here, and say what is true now."""
        latest = undos.take(asked.device) or await home.last_done(asked.device)
        if latest is None:
            return Reply(phrases_of(asked.language).nothing_done)
        return Reply(await latest(asked.language))

    return Skill(name="undo", intents={"InglenookUndo": take_back}, sentences=str(SENTENCES), examples=_EXAMPLES)
