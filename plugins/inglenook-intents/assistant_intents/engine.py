"""The engine: languages that are read when they are first spoken, and the names of the house."""

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from assistant import Recognition, Vocabulary
from assistant_intents.language import Language, load
from assistant_intents.names import Names
from assistant_intents.recognition import recognised
from assistant_intents.responses import Responses

__all__ = ["Hassil"]

log = logging.getLogger(__name__)

_WORDS = 60
"""Words of the longest sentence that is looked at: nobody gives a command of half a minute."""
_CHARACTERS = 600
"""Characters of it."""
_KEPT = 32
"""Sentences of which it is remembered what they ask for."""
_PERCENT = re.compile(r"(?<=\d)\s+%")
"""A percent sign after a space, as it is written in most languages, but not in the templates."""


def _once(text: str) -> str:
    """Return a sentence once that a recogniser wrote twice, as small models of Whisper do: `Stop that. Stop that.`"""
    words = text.split()
    first, second = words[: len(words) // 2], words[(len(words) + 1) // 2 :]
    return " ".join(first) if len(words) % 2 == 0 and first and first[-1][-1] in ".!?" and first == second else text


class Hassil:
    """Understands the sentences of Home Assistant's intents, of the skills, and the owner's own."""

    def __init__(self, folders: Sequence[str] = ()) -> None:
        self._folders = tuple(folders)
        self._vocabulary = Vocabulary()
        self._names = Names(self._vocabulary)
        self._languages: dict[str, Language] = {}
        self._responses: dict[str, Responses] = {}
        self._looking = threading.Lock()
        self._found: dict[tuple[str, str, str], Recognition | None] = {}

    def teach(self, vocabulary: Vocabulary) -> None:
        """Know these names and sentences from now on; languages are read again where their files may be others."""
        with self._looking:
            if (vocabulary.sentences, vocabulary.own) != (self._vocabulary.sentences, self._vocabulary.own):
                self._languages.clear()
                self._responses.clear()
            self._names = Names(vocabulary)
            self._vocabulary = vocabulary
            self._found.clear()

    def recognise(self, text: str, language: str, context: dict[str, str]) -> Recognition | None:
        """Return what *text* asks for; incomplete where it only begins like something that could be asked.

        A turn asks the same several times, some of it at once: it is looked up once.
        """
        if len(text) > _CHARACTERS or len(text.split()) > _WORDS:
            return None
        found = self._recognised(text, language, context.get("area", ""))
        if found is None or not found.complete or found.intent in self._language(language).packaged:
            return found
        return Recognition(
            found.intent,
            found.complete,
            found.slots,
            found.spoken,
            found.key,
            self.phrase(found.intent, found.key, language, {**found.slots, **found.spoken}),
            found.free,
        )

    def _recognised(self, text: str, language: str, area: str) -> Recognition | None:
        key = (text, language, area)
        with self._looking:
            if key not in self._found:
                if len(self._found) >= _KEPT:
                    del self._found[next(iter(self._found))]
                said, names = _once(_PERCENT.sub("%", text)), self._names
                self._found[key] = recognised(said, self._language(language), names, names.area(area))
            return self._found[key]

    def phrase(self, intent: str, key: str, language: str, facts: Mapping[str, Any]) -> str:
        """Return what is said after an intent; of the intent `errors`, what is said of what went wrong."""
        if language not in self._responses:
            self._responses[language] = Responses(self._language(language).responses)
        return self._responses[language].phrase(intent, key, facts)

    def _language(self, language: str) -> Language:
        if language not in self._languages:
            vocabulary = self._vocabulary
            self._languages[language] = load(language, vocabulary.sentences, (*vocabulary.own, *self._folders))
        return self._languages[language]
