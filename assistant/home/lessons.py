"""What intent engines have to know of the house and of the skills, told to each when it changes."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from assistant.engines import Intent
from assistant.entities import Vocabulary
from assistant.home import Home
from assistant.skill import Skill
from assistant.streams import in_thread

__all__ = ["Lessons"]


class Lessons:
    """Teach engines the names of the house and the sentences of the skills."""

    def __init__(self, home: Home, skills: Sequence[Skill]) -> None:
        self._home = home
        self._skills = skills
        self._taught: WeakKeyDictionary[Intent, int] = WeakKeyDictionary()

    async def teach(self, engine: Intent) -> None:
        """Teach *engine*, which the caller has leased, what has changed since it was taught last."""
        home = self._home
        if self._taught.get(engine) == home.revision:
            return
        self._taught[engine] = home.revision
        folders = tuple(skill.sentences for skill in self._skills if skill.sentences)
        vocabulary = Vocabulary(home.entities, home.areas, home.floors, folders)
        await in_thread(lambda: engine.teach(vocabulary))
