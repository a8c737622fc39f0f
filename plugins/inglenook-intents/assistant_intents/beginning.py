"""Whether a sentence breaks off: it is how some template begins, and the template goes on.

hassil matches whole sentences only; this walks its expressions until the words are used up.
"""

from collections.abc import Iterable, Mapping

from hassil import Intents, SlotList, TextSlotList
from hassil.expression import (
    Alternative,
    Expression,
    ListReference,
    Permutation,
    RuleReference,
    Sequence,
    TextChunk,
)
from hassil.string_matcher import MatchContext, MatchSettings, match_expression
from hassil.util import normalize_for_matching

__all__ = ["begins"]


class _BreaksOff(Exception):
    """The words are used up before the template is."""


def begins(text: str, intents: Intents, lists: Mapping[str, SlotList]) -> bool:
    """Tell whether *text* is the beginning of a sentence that could be understood."""
    said = normalize_for_matching(text).text
    if not said or intents.settings.ignore_whitespace:
        return False
    for intent in intents.intents.values():
        for data in intent.data:
            settings = MatchSettings(
                slot_lists={**intents.slot_lists, **lists, **data.slot_lists},
                expansion_rules={**intents.expansion_rules, **data.expansion_rules},
                language=intents.language,
            )
            for sentence in data.sentences:
                start = MatchContext(said + " ", intent_data=data, intent_sentence=sentence)
                try:
                    for _ in _after(sentence.expression, [start], settings):
                        pass
                except _BreaksOff:
                    return True
    return False


def _after(expression: Expression, before: Iterable[MatchContext], settings: MatchSettings) -> Iterable[MatchContext]:
    """Yield where the matching stands after *expression*; raises _BreaksOff where the words end before it does."""
    for context in before:
        if isinstance(expression, Sequence):
            contexts: Iterable[MatchContext] = [context]
            for item in expression.items:
                contexts = _after(item, contexts, settings)
            yield from contexts
        elif isinstance(expression, Alternative):
            for item in expression.items:
                yield from _after(item, [context], settings)
        elif isinstance(expression, Permutation):
            for item, rest in expression.iterate_permutations():
                yield from _after(rest if rest.items else TextChunk(), _after(item, [context], settings), settings)
        elif isinstance(expression, RuleReference):
            yield from _after(settings.expansion_rules[expression.rule_name].expression, [context], settings)
        else:
            yield from _leaf(expression, context, settings)


def _leaf(expression: Expression, context: MatchContext, settings: MatchSettings) -> Iterable[MatchContext]:
    rest = context.text.strip().casefold()
    if isinstance(expression, TextChunk):
        wanted = expression.text.strip().casefold()
        if wanted and (not rest or wanted.startswith(rest + " ")):
            raise _BreaksOff
    if isinstance(expression, ListReference) and (
        not rest or _named(settings.slot_lists.get(expression.list_name), rest + " ")
    ):
        raise _BreaksOff
    yield from match_expression(settings, context, expression)


def _named(values: SlotList | None, beginning: str) -> bool:
    """Tell whether a value of a list begins so."""
    return isinstance(values, TextSlotList) and any(
        isinstance(value.text_in, TextChunk) and value.text_in.text.startswith(beginning) for value in values.values
    )
