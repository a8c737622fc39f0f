"""From a sentence to an intent with slots."""

import logging
import re
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from hassil import RecognizeResult, recognize_all
from hassil.errors import HassilError
from hassil.models import MatchEntity

from assistant import Recognition
from assistant_intents.language import OWN, Language
from assistant_intents.names import Names
from assistant_intents.openings import without_opening
from assistant_intents.slips import accented, corrected

__all__ = ["recognised"]

log = logging.getLogger(__name__)

_LONGEST = 4.0
"""Seconds of computing, whatever else the machine does, after which no further template is tried. The first sentence of
a language takes up to 0.4 s on a PC, and on a small board several times as long; no sentence should come near it."""
_TRIES = 3
"""Slips that are put right, one at a time, before a sentence is given up."""
_READS = frozenset(
    {
        "HassClimateGetTemperature",
        "HassGetCurrentDate",
        "HassGetCurrentTime",
        "HassGetState",
        "HassGetWeather",
        "HassNevermind",
        "HassRespond",
        "HassTimerStatus",
    }
)
"""Home Assistant's intents that change nothing."""
_NAMED_ALONE = frozenset({"scene", "script"})
"""Domains of what may be called by its name and no more."""
_ARTICLES = frozenset(
    {
        *("the", "my", "der", "die", "das", "den", "dem", "mein", "meine", "le", "la", "les", "l", "mon", "ma", "mes"),
        *("el", "los", "las", "mi", "mis", "il", "lo", "i", "gli", "de", "het", "mijn"),
    }
)
"""What stands before a name and says no more than it."""
_UNKNOWN = "Unknown"
"""How the intents of skills end that say that nothing has a name: they take whatever stands where a name would."""
_COMMAND = "conversation_command"
"""Slot with a sentence that is to be obeyed later."""


def recognised(text: str, known: Language, names: Names, area: str) -> Recognition | None:
    """Return what *text* asks for in the room *area*, where it can be told; as it stands, or without its opening."""
    rest = without_opening(text, known.intents.language)
    if rest != text and not _has_words_of_its_own(_best(text, known, names, area)):
        found = _recognised(rest, known, names, area)
        if found is not None and found.complete:
            return found
        return _recognised(text, known, names, area) or found
    return _recognised(text, known, names, area)


def _has_words_of_its_own(result: RecognizeResult | None) -> bool:
    """Tell whether a template has all that was said: "also stelle einen" may be the name of a timer, but is none."""
    if result is None:
        return False
    owned = bool((result.intent_metadata or {}).get(OWN))
    return owned or not any(entity.is_wildcard for entity in result.entities_list)


def _recognised(text: str, known: Language, names: Names, area: str) -> Recognition | None:
    best = _spelled(text, known, names, area) or _misheard(text, known, names, area)
    if best is not None and _merely_names(best):
        best = None
    free = best is not None and _ends_freely(best)
    if (best is None or (free and known.beginnings.wants_more(text))) and known.beginnings.has(text, names):
        return Recognition("", complete=False)
    if best is None:
        return None
    if _COMMAND in best.entities and not _obeyed(best.entities[_COMMAND].text, known, names, area):
        return None
    return None if _asks(text, best, known) else _recognition(best, names, free)


def _spelled(text: str, known: Language, names: Names, area: str) -> RecognizeResult | None:
    """Return what *text* asks for as it stands, or where that is nothing, or no name of the house, with its accents."""
    best = _best(text, known, names, area)
    if best is not None and not ((name := best.entities.get("name")) and name.is_wildcard):
        return best
    if (other := accented(text, known.words, names.called)) == text:
        return best
    found = _best(other, known, names, area)
    return found if best is None or (found and not any(one.is_wildcard for one in found.entities_list)) else best


def _misheard(text: str, known: Language, names: Names, area: str) -> RecognizeResult | None:
    """Return what *text* asks for with one slip put right; never by words that stand for any others."""
    for said in islice(corrected(text, known.words, names.called), _TRIES):
        best = _best(said, known, names, area)
        if best is not None and best.text_chunks_matched and not any(one.is_wildcard for one in best.entities_list):
            return best
    return None


def _best(text: str, known: Language, names: Names, area: str) -> RecognizeResult | None:
    results: list[RecognizeResult] = []
    until = time.thread_time() + _LONGEST
    try:
        for result in recognize_all(
            text, known.intents, slot_lists=names.lists, intent_context={"area": {"value": area, "text": area}}
        ):
            if not _cuts_a_word(result) and not _goes_on_after_a_question(result):
                results.append(result)
            if time.thread_time() > until:
                log.warning("too many templates fit a sentence of %d characters", len(text))
                break
    except (HassilError, ValueError, RecursionError) as error:
        log.warning("a sentence cannot be looked up: %s: %s", type(error).__name__, error)
    best = min(results, key=_rank, default=None)
    if best is not None and best.intent.name.endswith(_UNKNOWN):  # "the kettle in five minutes" is no name
        return min((result for result in results if _COMMAND in result.entities), key=_rank, default=best)
    return best


def _cuts_a_word(result: RecognizeResult) -> bool:
    """Tell whether what goes on a list ends within a word: "Socken zur Pack" is nothing for the "liste".

    Other free words may: the name of a "Pizzatimer" is "Pizza".
    """
    item = result.entities.get("item")
    if item is None or not item.is_wildcard or item.text_span is None:
        return False
    end = item.text_span[1]
    return re.fullmatch(r"\w\w", result.original_text[end - 1 : end + 1]) is not None


def _goes_on_after_a_question(result: RecognizeResult) -> bool:
    """Tell whether free words hold the end of one question and what was said after it."""
    spans = [entity.text_span for entity in result.entities_list if entity.is_wildcard and entity.text_span]
    return any(re.search(r"\?\s+\w", result.original_text[start:end]) for start, end in spans)


def _rank(result: RecognizeResult) -> tuple[Any, ...]:
    """Order results as Home Assistant does, the best first.

    The owner's own sentences; a thing's name, the longest; the fewest free words; the most words of the template
    (`recognize_best` of hassil, as `default_agent.py` of Home Assistant calls it).
    """
    name = result.entities.get("name")
    named = len(name.text.strip()) if name is not None and not name.is_wildcard else 0
    free = [entity for entity in result.entities_list if entity.is_wildcard]
    return (
        not (result.intent_metadata or {}).get(OWN),
        _COMMAND in result.entities,  # "remind me to call her in five minutes" is a reminder
        -named,
        len(free),
        -result.text_chunks_matched,
        sum(len(entity.text) for entity in free),
        result.intent.name,
    )


def _obeyed(command: str, known: Language, names: Names, area: str) -> bool:
    """Tell whether a command for later is one: "will it rain" in "will it rain in five minutes" is not."""
    best = _best(command, known, names, area)
    return best is not None and _COMMAND not in best.entities and best.intent.name not in _READS


def _asks(text: str, result: RecognizeResult, known: Language) -> bool:
    """Tell whether a question was heard where an act would follow: "lamp on?" asks, "can you turn it on?" not."""
    if "?" not in text or result.intent.name in _READS or result.intent.name not in known.packaged:
        return False
    said = f" {text.casefold().replace('¿', '')} "
    return not any(f" {polite.casefold()} " in said for polite in known.intents.skip_words)


def _merely_names(result: RecognizeResult) -> bool:
    """Tell whether a thing or a room is named and no more than a number is said of it.

    That turns on a scene, but "the lamp" may only be a thought, and "the kitchen one" the answer to a question.
    """
    named = [entity for house in ("name", "area") if (entity := result.entities.get(house)) and entity.text_span]
    if not named or any(entity.is_wildcard for entity in named) or result.intent.name in _READS:
        return False
    rest = result.original_text
    plain = [one.text_span for one in result.entities_list if one.text_span and _says_little(one)]
    for start, end in sorted(plain, reverse=True):
        rest = f"{rest[:start]} {rest[end:]}"
    return set(re.findall(r"[\w%]+", rest.casefold())) <= _ARTICLES and result.context.get("domain") not in _NAMED_ALONE


def _says_little(entity: MatchEntity) -> bool:
    """Tell whether a slot is a name or a number: a colour says what is to be done."""
    return entity.name in ("name", "area") or isinstance(entity.value, int | float)


def _ends_freely(result: RecognizeResult) -> bool:
    """Tell whether a sentence ends in words that may be any: more of them may follow."""
    spans = [entity.text_span for entity in result.entities_list if entity.is_wildcard and entity.text_span]
    return any(not re.search(r"\w", result.original_text[end:]) for _, end in spans)


def _recognition(result: RecognizeResult, names: Names, free: bool) -> Recognition:
    slots = {entity.name: _text(entity.value) for entity in result.entities_list}
    spoken = {entity.name: entity.text_clean or slots[entity.name] for entity in result.entities_list}
    for house in {"name", "area", "floor"} & slots.keys():
        if not result.entities[house].is_wildcard:
            spoken[house] = slots[house]
    if (area := result.entities.get("area")) is not None and area.text_span is None:
        slots["here"] = "yes"
    slots = {slot: value for slot, value in slots.items() if value}
    spoken = {slot: spoken[slot] for slot in slots if slot in spoken}
    return Recognition(
        str(result.intent.name),  # no `Text`: what is sent on as JSON is plain
        complete=True,
        slots={**slots, **names.ids(result, slots)},
        spoken=spoken,
        key=str(result.response or "default"),
        free=free,
    )


def _text(value: Any) -> str:
    """Return a slot's value as text: whole numbers without a point, several values separated by commas."""
    if isinstance(value, bool):  # YAML's reading of on and off
        return "on" if value else "off"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ",".join(_text(one) for one in value)
    return str(value).strip()
