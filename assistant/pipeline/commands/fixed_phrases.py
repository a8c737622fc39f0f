"""Understand a few sentences, whole and word for word."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from assistant.entities import Vocabulary
from assistant.pipeline.commands.words import words_of
from assistant.pipeline.wake_phrase import plain
from assistant.speech import Recognition

__all__ = ["FixedPhrases"]


class FixedPhrases:
    """An intent engine of templates without any choice but a number."""

    def teach(self, vocabulary: Vocabulary) -> None:
        """Learn nothing: the phrases are fixed, and name no things."""

    def phrase(self, intent: str, key: str, language: str, facts: Mapping[str, Any]) -> str:
        """Return nothing: what is said depends on the device (`acts.py`)."""
        return ""

    def recognise(self, text: str, language: str, context: dict[str, str]) -> Recognition | None:
        """Return what *text* asks for, all of it but a "please"; None for a sentence that is not among the phrases."""
        words = words_of(language)
        said = plain(text.replace("’", "'"))
        for polite in words.polite:
            said = said.removeprefix(f"{polite} ").removesuffix(f" {polite}")
        for (intent, *slot), pattern in _patterns(language):
            if found := pattern.fullmatch(said):
                return _recognised(intent, dict([slot]) if slot else {}, found.groupdict().get("number"), words.numbers)
        return None


def _recognised(intent: str, slots: dict[str, str], number: str | None, spelled: dict[str, int]) -> Recognition:
    if number is None:
        return Recognition(intent, complete=True, slots=slots)
    level = int(number) if number.isdecimal() else spelled[number]
    return Recognition(intent, complete=True, slots={"volume_level": str(level)})


@cache
def _patterns(language: str) -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """Return the intents, each with a slot and its value or none, and what is said for them as a regular expression."""
    words = words_of(language)
    number = rf"(?P<number>[0-9]{{1,3}}|{'|'.join(words.numbers)})( ({'|'.join(words.percent)}))?"
    found: list[tuple[tuple[str, ...], re.Pattern[str]]] = []
    for intent, phrases in words.phrases.items():
        choices = "|".join(re.escape(plain(phrase)) for phrase in phrases if "%" not in phrase)
        numbered = [plain(phrase.replace("%", "")) for phrase in phrases if "%" in phrase]
        if numbered:
            found.append((intent, re.compile(rf"({'|'.join(map(re.escape, numbered))}) {number}")))
        if choices:
            found.append((intent, re.compile(rf"({choices})")))
    return tuple(found)
