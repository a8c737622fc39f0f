"""Files of sentence templates, and what is wrong in them: told by file and line, and left out."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from hassil import RangeSlotList, Sentence, SlotList, TextSlotList, parse_sentence
from hassil.expression import Expression, Group, ListReference, Permutation, RuleReference

__all__ = ["CannotUse", "Text", "check_list", "fault", "read", "usable"]

log = logging.getLogger(__name__)

_LARGEST = 1_000_000
"""Bytes of a file; the largest language of home-assistant-intents has a third of it, as JSON."""
_LONGEST = 2_000
"""Characters of a template."""
_DEEPEST = 24
"""Rules within rules, as many as hassil itself follows where it sorts templates out."""
_LARGEST_TEMPLATE = 2_000
"""Parts of a template with its rules written out."""
_MOST_VALUES = 10_000
"""Values of a list."""
_ORDERS = 5
"""Parts that may come in any order: six have 720 orders, and each is tried."""


class Text(str):
    """Text of a YAML file that knows where it stands."""

    line: int = 0
    """From 1 up; 0 where nothing tells."""


class CannotUse(ValueError):
    """Something in a file cannot be used; the message says why."""


class _Loader(yaml.SafeLoader):
    """Loads plain values, and text with its place."""


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Text:
    text = Text(loader.construct_scalar(node))
    text.line = node.start_mark.line + 1
    return text


_Loader.add_constructor("tag:yaml.org,2002:str", _text)


def _tree(text: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def read(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield what the YAML files of *folder* say, in the order of their names; what cannot be read is told."""
    for file in sorted(folder.glob("*.yaml")):
        try:
            if file.stat().st_size > _LARGEST:
                raise ValueError(f"it has more than {_LARGEST} bytes")
            tree = _tree(file.read_text("utf-8"))
            if not isinstance(tree, dict):
                raise ValueError("it is no mapping; `intents:` is expected")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            fault(file, mark.line + 1 if mark else 0, error.problem or "it is no YAML")
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            fault(file, 0, str(error) or type(error).__name__)
        else:
            yield file, tree


def fault(file: Path, where: object, what: str) -> None:
    """Tell what is wrong in a file, and that it is left out: *where* is a line, or a value that knows its own."""
    line = where if isinstance(where, int) else getattr(where, "line", 0)
    log.warning("%s: %s; it is left out", f"{file}:{line}" if line else file, what)


def usable(template: object, lists: Mapping[str, Any], rules: Mapping[str, Sentence]) -> None:
    """Raise CannotUse where a template is none, or can be matched with endless work only."""
    if not isinstance(template, str):
        raise CannotUse("a sentence is no text; put it into quotes")
    if len(template) > _LONGEST:
        raise CannotUse(f"a template has more than {_LONGEST} characters")
    try:
        expression = parse_sentence(template).expression
    except Exception as error:  # the library raises many sorts
        raise CannotUse(f"no template: {template[:80]!r}") from error
    _size(expression, lists, rules, {}, ())


def check_list(values: SlotList, rules: Mapping[str, Sentence]) -> None:
    """Raise CannotUse where a list is too long, or has a value that cannot be matched."""
    if isinstance(values, RangeSlotList):
        numbers = (values.stop - values.start) // values.step
        if numbers > _MOST_VALUES:
            raise CannotUse(f"more than {_MOST_VALUES} numbers; raise its step")
    if isinstance(values, TextSlotList):
        if len(values.values) > _MOST_VALUES:
            raise CannotUse(f"more than {_MOST_VALUES} values")
        for value in values.values:
            _size(value.text_in, {}, rules, {}, ())


def _size(
    expression: Expression,
    lists: Mapping[str, Any],
    rules: Mapping[str, Sentence],
    known: dict[str, int],
    within: tuple[str, ...],
) -> int:
    """Return how many parts *expression* has, its rules written out; raises CannotUse where it cannot be matched."""
    size = 1
    if isinstance(expression, ListReference):
        if expression.list_name not in lists and not expression.is_inline_range:
            raise CannotUse(f"there is no list {{{expression.list_name}}}")
    elif isinstance(expression, RuleReference):
        name = expression.rule_name
        if name not in rules:
            raise CannotUse(f"there is no rule <{name}>")
        if name in within or len(within) >= _DEEPEST:
            raise CannotUse(f"the rule <{name}> contains itself, or lies too deep")
        if name not in known:
            known[name] = _size(rules[name].expression, lists, rules, known, (*within, name))
        size += known[name]
    elif isinstance(expression, Group):
        if isinstance(expression, Permutation) and len(expression.items) > _ORDERS:
            raise CannotUse(f"more than {_ORDERS} parts in any order")
        size += sum(_size(item, lists, rules, known, within) for item in expression.items)
    if size > _LARGEST_TEMPLATE:
        raise CannotUse(f"a template has more than {_LARGEST_TEMPLATE} parts")
    return size
