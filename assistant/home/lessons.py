"""What intent engines have to know of the house and of the skills, told to each when it changes."""

from collections.abc import Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from assistant.chat import Priority
from assistant.engines import Intent
from assistant.entities import Vocabulary
from assistant.home import Home
from assistant.models.pool import Pool
from assistant.skill import Skill
from assistant.streams import in_thread

__all__ = ["Lessons"]


class Lessons:
    """Teach engines the names of the house, the sentences of the skills, and those of the owner in the folder *own*."""

    def __init__(self, home: Home, skills: Sequence[Skill], own: Path | None = None) -> None:
        self._home = home
        self._skills = skills
        self._own = (str(own),) if own else ()
        self._taught: WeakKeyDictionary[Intent, int] = WeakKeyDictionary()

    async def prepare(self, pool: Pool, model: str, languages: Sequence[str]) -> None:
        """Teach a model what there is, and let it read its sentences of *languages* (BCP-47 tags)."""
        engine: Intent
        async with pool.lease(model, Priority.BACKGROUND) as engine:
            await self.teach(engine)
            for language in languages:
                await in_thread(lambda: engine.recognise("", language, {}))  # noqa: B023

    async def teach(self, engine: Intent) -> None:
        """Teach *engine*, which the caller has leased, what has changed since it was taught last."""
        home = self._home
        revision = home.revision
        if self._taught.get(engine) == revision:
            return
        folders = tuple(dict.fromkeys(skill.sentences for skill in self._skills if skill.sentences))
        vocabulary = Vocabulary(home.entities, home.areas, home.floors, folders, self._own)
        await in_thread(lambda: engine.teach(vocabulary))
        self._taught[engine] = revision
