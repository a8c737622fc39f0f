"""What is said after an intent: Jinja templates, in a sandbox and within bounds."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from jinja2 import ChainableUndefined, Template, TemplateError
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Concat
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["Responses"]

log = logging.getLogger(__name__)

_LONGEST = 2_000
"""Characters of a reply: three minutes of speech."""
_WORKED = 20_000
"""Characters of what a template works with; most of what it writes may be space."""
_STEPS = 1_000
"""The longest range that a template may count through."""
_UNBOUNDED = frozenset({"center", "expandtabs", "format", "indent", "ljust", "rjust", "wordwrap", "zfill"})
"""Filters, and methods of text, that can make long text of a short one; `"{0:02d}".format` is looked at by itself."""
_NEEDLESS = ("cycler", "joiner", "lipsum")
"""Functions that no response needs."""
_WIDE = re.compile(r"\d{3}|:[^}]*\{")
"""A width of hundreds in a format, or one that is computed."""


class _Bounded(CodeGenerator):
    """Writes `a ~ b` as a call that can refuse: a text that is joined to itself again and again fills the memory."""

    def visit_Concat(self, node: Concat, frame: Frame) -> None:  # noqa: N802 (Jinja's name)
        """Write the call."""
        self.write("environment.joined(")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(")")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as templates of responses need it: what they take is plain values, and what they make is short."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _Bounded

    def __init__(self) -> None:
        super().__init__(undefined=ChainableUndefined)
        self.globals["range"] = _short_range
        for name in _UNBOUNDED:
            self.filters.pop(name, None)
        for name in _NEEDLESS:
            del self.globals[name]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse what reaches beyond the facts, and what makes long text of a short one."""
        if isinstance(obj, str) and attr in _UNBOUNDED - {"format"}:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Let a text be filled in, to a width of two digits."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None and _WIDE.search(value.__self__):
            raise TemplateError("a format is too wide")
        return wrapped

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Calculate with small numbers only: a text times a number can fill the memory."""
        if operator == "+" and isinstance(left, str | list) and len(left) + len(right) <= _WORKED:
            return super().call_binop(context, operator, left, right)
        if not all(isinstance(value, int | float) and abs(value) < 1e6 for value in (left, right)):
            raise TemplateError(f"{operator} is for small numbers")
        if operator == "**" and abs(right) > 10:
            raise TemplateError("a power is too high")
        return super().call_binop(context, operator, left, right)

    @staticmethod
    def joined(*parts: object) -> str:
        """Join texts, for `~`."""
        text = "".join(str(part) for part in parts)
        if len(text) > _WORKED:
            raise TemplateError(f"a text has more than {_WORKED} characters")
        return text


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _STEPS:
        raise TemplateError(f"a range has more than {_STEPS} steps")
    return numbers


@dataclass(frozen=True, slots=True)
class _Thing:
    """An entity as templates see it, by the names of Home Assistant's `TemplateState`."""

    entity_id: str = ""
    name: str = ""
    state: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """Return what sort of thing it is."""
        return self.entity_id.partition(".")[0]

    @property
    def state_with_unit(self) -> str:
        """Return the state with its unit."""
        unit = self.attributes.get("unit_of_measurement")
        return f"{self.state} {unit}" if unit else self.state

    hass_state = property(lambda thing: thing)


class Responses:
    """The responses of one language, by intent and key."""

    def __init__(self, templates: Mapping[str, Mapping[str, str]]) -> None:
        self._templates = templates
        self._sandbox = _Sandbox()
        self._compiled: dict[tuple[str, str], Template] = {}

    def phrase(self, intent: str, key: str, facts: Mapping[str, Any]) -> str:
        """Return what is said; empty where there is no such response, or it fails, which is told."""
        source = self._templates.get(intent, {}).get(key)
        if not source:
            return ""
        try:
            if (intent, key) not in self._compiled:
                self._compiled[intent, key] = self._sandbox.from_string(source)
            return _rendered(self._compiled[intent, key], _variables(facts) if intent != "errors" else dict(facts))
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            log.warning("the response %s.%s fails: %s: %s", intent, key, type(error).__name__, error)
            return ""


def _rendered(template: Template, variables: Mapping[str, Any]) -> str:
    text = ""
    for piece in template.generate(variables):
        text += piece
        if len(text) > _WORKED:
            break
    return " ".join(text.split())[:_LONGEST]


def _variables(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Home Assistant hands to a response: `slots`, `state`, `query` and `state_attr`."""
    matched, unmatched = (tuple(_thing(one) for one in facts.get(key) or ()) for key in ("matched", "unmatched"))
    entity = facts.get("entity")
    state = _thing(entity) if isinstance(entity, Mapping) else next(iter((*matched, *unmatched)), None)
    things = {thing.entity_id: thing for thing in (*matched, *unmatched, *((state,) if state else ()))}
    slots = {key: value for key, value in facts.items() if key not in {"entity", "matched", "unmatched"}}
    for key, parse in (("time", time.fromisoformat), ("date", date.fromisoformat)):
        if isinstance(slots.get(key), str):
            slots[key] = parse(slots[key])
    variables: dict[str, Any] = {"slots": slots, "query": {"matched": matched, "unmatched": unmatched}}
    if state is not None:
        variables["state"] = state

    def state_attr(entity_id: str, name: str) -> Any:
        return things[entity_id].attributes.get(name) if entity_id in things else None

    return {**variables, "state_attr": state_attr}


def _thing(value: Mapping[str, Any]) -> _Thing:
    return _Thing(
        str(value.get("id", "")), str(value.get("name", "")), str(value.get("state", "")), value.get("attributes") or {}
    )
