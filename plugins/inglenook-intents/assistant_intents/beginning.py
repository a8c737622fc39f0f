"""Whether a sentence breaks off: it is how some template begins, and the template goes on.

hassil matches whole sentences only; this walks its expressions until the words are used up.
"""

from collections.abc import Iterable, Iterator, Mapping

from hassil import IntentData, Intents, Sentence, TextSlotList, WildcardSlotList
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

_ANY = ""
"""Stands for the first letter of what begins with a name or a number."""


class _BreaksOff(Exception):
    """The words are used up before the template is."""


class Beginnings:
    """The templates of a language by the first letter of what they match."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._templates: dict[str, list[tuple[IntentData, Sentence]]] = {}
        for intent in intents.intents.values():
            for data in intent.data:
                rules = {**intents.expansion_rules, **data.expansion_rules}
                for sentence in data.sentences:
                    for letter in set(_first(sentence.expression, rules)):
                        self._templates.setdefault(letter, []).append((data, sentence))

    def has(self, text: str, names: Names) -> bool:
        """Tell whether *text* is the beginning of a sentence that could be understood, and the sentence goes on."""
        intents, said = self._intents, normalize_for_matching(text).text
        if not said or intents.settings.ignore_whitespace:
            return False
        before: IntentData | None = None
        walk = _Walk(MatchSettings(), names)
        for data, sentence in (*self._templates.get(said[0].casefold(), ()), *self._templates.get(_ANY, ())):
            if data is not before:
                before, walk = (
                    data,
                    _Walk(
                        MatchSettings(
                            slot_lists={**intents.slot_lists, **names.lists, **data.slot_lists},
                            expansion_rules={**intents.expansion_rules, **data.expansion_rules},
                            language=intents.language,
                        ),
                        names,
                    ),
                )
            start = MatchContext(f"{said} ", intent_data=data, intent_sentence=sentence)
            try:
                for _ in walk.after(sentence.expression, [start]):
                    pass
            except _BreaksOff:
                return True
        return False


def _first(expression: Expression, rules: Mapping[str, Sentence]) -> Iterator[str]:
    """Yield the first letters of what *expression* matches; nothing where it may match nothing, too."""
    if isinstance(expression, TextChunk):
        yield from expression.text.strip().casefold()[:1]
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
    else:
        yield _ANY


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
        yield from match_expression(self._settings, context, expression)
