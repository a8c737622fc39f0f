"""Whether a sentence breaks off: it is how some template begins, and the template goes on.

hassil matches whole sentences only; this walks its expressions until the words are used up.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby

from hassil import IntentData, Intents, RangeSlotList, Sentence, TextSlotList, WildcardSlotList
from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sequence,
    TextChunk,
)
from hassil.string_matcher import MatchContext, MatchSettings, match_expression
from hassil.util import normalize_for_matching

from assistant_intents.names import Names

__all__ = ["Beginnings"]

_HOUSE = frozenset({"name", "area", "floor"})
"""Lists that the names of the house fill."""
_LETTERS = 5
"""Letters by which templates are told apart before they are walked."""


@dataclass(frozen=True, slots=True)
class _List:
    """A list that a template begins with."""

    list_name: str


class _BreaksOff(Exception):
    """The words are used up before the template is."""


@dataclass(frozen=True, slots=True)
class _Template:
    """A template, and what it can begin with."""

    letters: tuple[str, ...]
    """The first letters of its words."""
    names: frozenset[str]
    """Lists of the house that it begins with."""
    data: IntentData
    sentence: Sentence


class Beginnings:
    """The templates of a language, by the first letters of what they match."""

    def __init__(self, intents: Intents, words: frozenset[str]) -> None:
        self._intents = intents
        self._words = words
        self._templates = [
            _template(data, sentence, intents)
            for intent in intents.intents.values()
            for data in intent.data
            for sentence in data.sentences
        ]

    def has(self, text: str, names: Names) -> bool:
        """Tell whether *text* is the beginning of a sentence that could be understood, and the sentence goes on."""
        intents, said = self._intents, normalize_for_matching(text).text
        if not said or intents.settings.ignore_whitespace:
            return False
        letters = f"{said} ".casefold().ljust(_LETTERS)
        named = {name for name in names.lists if names.opens(name, letters.split()[0])}
        likely = (t for t in self._templates if letters.startswith(t.letters) or not named.isdisjoint(t.names))
        for _, templates in groupby(likely, lambda template: id(template.data)):  # two that are equal are large trees
            first = next(templates)
            data = first.data
            lists = {**intents.slot_lists, **names.lists, **data.slot_lists}
            rules = {**intents.expansion_rules, **data.expansion_rules}
            walk = _Walk(MatchSettings(lists, rules, language=intents.language), names)
            for template in chain((first,), templates):
                start = MatchContext(f"{said} ", intent_data=data, intent_sentence=template.sentence)
                try:
                    for _ in walk.after(template.sentence.expression, [start]):
                        pass
                except _BreaksOff:
                    return True
        return False

    def wants_more(self, text: str) -> bool:
        """Tell whether *text* ends in a word of templates in which none ends, such as "the"."""
        word = normalize_for_matching(text).text.casefold().rpartition(" ")[2]
        return word in self._words and not {word, word[:-1], word[:-2]} & self._endings

    @cached_property
    def _endings(self) -> frozenset[str]:
        """The words, or stems of them, in which templates end."""
        intents, found = self._intents, set[str]()
        for template in self._templates:
            rules = {**intents.expansion_rules, **template.data.expansion_rules}
            found.update(_last(template.sentence.expression, rules))
        for values in intents.slot_lists.values():
            if isinstance(values, TextSlotList):
                found.update(word for value in values.values for word in _last(value.text_in, intents.expansion_rules))
        return frozenset(word for word in found if len(word) > 1)


def _last(expression: Expression, rules: Mapping[str, Sentence]) -> Iterator[str]:
    """Yield the words in which *expression* may end; one that has endings of its own as its stem."""
    if isinstance(expression, TextChunk):
        yield from expression.text.casefold().split()[-1:]
    elif isinstance(expression, RuleReference):
        yield from _last(rules[expression.rule_name].expression, rules)
    elif isinstance(expression, Sequence):
        for item in reversed(expression.items):
            yield from _last(item, rules)
            if not _skippable(item, rules):
                break
    elif isinstance(expression, Group):
        for item in expression.items:
            yield from _last(item, rules)


def _template(data: IntentData, sentence: Sentence, intents: Intents) -> _Template:
    lists = {**intents.slot_lists, **data.slot_lists}
    first = set(_first(sentence.expression, {**intents.expansion_rules, **data.expansion_rules}))
    begun = {one.list_name for one in first if isinstance(one, _List)}
    letters = {one for one in first if isinstance(one, str)}
    if any(isinstance(lists.get(name), TextSlotList | RangeSlotList) for name in begun - _HOUSE):
        letters.add("")
    return _Template(tuple(letters), frozenset(begun & _HOUSE), data, sentence)


def _first(expression: Expression, rules: Mapping[str, Sentence]) -> "Iterator[str | _List]":
    """Yield what *expression* may begin with: first letters of a word, or lists."""
    if isinstance(expression, TextChunk):
        if words := expression.text.split():
            yield words[0].casefold()[:_LETTERS]
    elif isinstance(expression, RuleReference):
        yield from _first(rules[expression.rule_name].expression, rules)
    elif isinstance(expression, Sequence):
        for item in expression.items:
            yield from _first(item, rules)
            if not _skippable(item, rules):
                break
    elif isinstance(expression, Group):
        for item in expression.items:
            yield from _first(item, rules)
    elif isinstance(expression, ListReference):
        yield _List(expression.list_name)


def _skippable(expression: Expression, rules: Mapping[str, Sentence]) -> bool:
    """Tell whether *expression* may match no words."""
    if isinstance(expression, TextChunk):
        return not expression.text.strip()
    if isinstance(expression, RuleReference):
        return _skippable(rules[expression.rule_name].expression, rules)
    if isinstance(expression, Alternative):
        return any(_skippable(item, rules) for item in expression.items)
    return isinstance(expression, Group) and all(_skippable(item, rules) for item in expression.items)


class _Walk:
    """The way of some words through templates."""

    def __init__(self, settings: MatchSettings, names: Names) -> None:
        self._settings = settings
        self._names = names

    def after(self, expression: Expression, before: Iterable[MatchContext]) -> Iterator[MatchContext]:
        """Yield where the matching stands after *expression*; raises _BreaksOff where the words end before it does."""
        for context in before:
            if isinstance(expression, Sequence):
                contexts: Iterable[MatchContext] = [context]
                for item in expression.items:
                    contexts = self.after(item, contexts)
                yield from contexts
            elif isinstance(expression, Alternative):
                for item in expression.items:
                    yield from self.after(item, [context])
            elif isinstance(expression, Permutation):
                for item, rest in expression.iterate_permutations():
                    yield from self.after(rest if rest.items else TextChunk(), self.after(item, [context]))
            elif isinstance(expression, RuleReference):
                yield from self.after(self._settings.expansion_rules[expression.rule_name].expression, [context])
            else:
                yield from self._leaf(expression, context)

    def _leaf(self, expression: Expression, context: MatchContext) -> Iterator[MatchContext]:
        rest = context.text.strip().casefold()
        if isinstance(expression, TextChunk):
            wanted = expression.text.strip().casefold()
            if wanted and (not rest or wanted.startswith(f"{rest} ")):
                raise _BreaksOff
        elif isinstance(expression, ListReference):
            values = self._settings.slot_lists.get(expression.list_name)
            if isinstance(values, WildcardSlotList) and not context.text_chunks_matched:
                return  # whatever is said may stand there
            if not rest or (isinstance(values, TextSlotList) and self._names.begins(expression.list_name, rest)):
                raise _BreaksOff
        free = context.get_open_wildcard() is not None
        for after in match_expression(self._settings, context, expression):
            if not free or _at_a_word(after, expression):
                yield after


def _at_a_word(context: MatchContext, expression: Expression) -> bool:
    """Tell whether what follows free words begins where a word does: no "a" of a template is that in "pizza"."""
    if context.get_open_wildcard() is not None or not isinstance(expression, TextChunk):
        return True
    return expression.text.startswith(" ") or not context.entities or context.entities[-1].text.endswith(" ")
