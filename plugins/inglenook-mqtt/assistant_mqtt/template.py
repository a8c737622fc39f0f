"""Evaluate the Jinja templates of announcements, as far as they pick a value out of a message.

Whoever may publish on the broker writes them, so they are not run: jinja2 parses one, and what is evaluated here is a
small set of its nodes, each once. There are no loops, so the work is bounded by the length of the template, and what it
makes is bounded by `_LONGEST`. A template with anything else is not guessed at: its `fault` says what it is.
"""

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

__all__ = ["ValueTemplate"]

_SOURCE = 2_000
"""Characters of the longest template."""
_LONGEST = 65_536
"""Characters of the longest text that one makes."""


class ValueTemplate:
    """A template of an announcement."""

    def __init__(self, source: str) -> None:
        self.source = source
        """As it was announced."""
        self._body, self.fault = _parsed(source)
        """Why it is not evaluated; empty where it is."""

    def render(self, values: Mapping[str, Any]) -> str | None:
        """Return the text that the template makes of *values*; None where it makes none of these."""
        if self.fault:
            return None
        try:
            return _text(_outcome(self._body, dict(values))).strip()
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            return None


class _Undefined:
    """What is not there: false, and nothing as text."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return ""


_UNDEFINED = _Undefined()
_ENVIRONMENT = SandboxedEnvironment()  # nothing is run in it: it only parses


@lru_cache(maxsize=1024)
def _parsed(source: str) -> tuple[tuple[nodes.Node, ...], str]:
    """Return the parts of a template, and why it is not evaluated."""
    if len(source) > _SOURCE:
        return (), f"it has more than {_SOURCE} characters"
    try:
        tree = _ENVIRONMENT.parse(source)
        return tuple(tree.body), next((fault for node in tree.find_all(nodes.Node) if (fault := _fault(node))), "")
    except TemplateSyntaxError as error:
        return (), str(error.message)
    except RecursionError:
        return (), "it is nested too deeply"


def _fault(node: nodes.Node) -> str:
    """Say why a node is not evaluated; empty where it is."""
    match node:
        case nodes.Filter() if node.name not in _FILTERS or node.dyn_args or node.dyn_kwargs or node.kwargs:
            return f"the filter {node.name} is not known here"
        case nodes.Test() if node.name not in _TESTS:
            return f"the test {node.name} is not known here"
        case nodes.Call() if not _is_known(node):
            return "it calls what is not known here"
        case nodes.Assign() if not isinstance(node.target, nodes.Name):
            return "it sets more than a name"
        case _ if type(node) not in _NODES and type(node) not in _HOLDERS:
            return f"{type(node).__name__} is not evaluated"
    return ""


def _is_known(call: nodes.Call) -> bool:
    if call.kwargs or call.dyn_args or call.dyn_kwargs:
        return False
    if isinstance(call.node, nodes.Getattr):
        return call.node.attr in _METHODS
    return isinstance(call.node, nodes.Name) and call.node.name in _FUNCTIONS


def _outcome(body: "list[nodes.Node] | tuple[nodes.Node, ...]", scope: dict[str, Any]) -> str:
    """Return the text that the parts of a template make one after the other."""
    made = ""
    for part in body:
        match part:
            case nodes.Output():
                made += "".join(_text(_value(node, scope)) for node in part.nodes)
            case nodes.If():
                chosen = next((branch for branch in [part, *part.elif_] if _value(branch.test, scope)), None)
                made += _outcome(chosen.body if chosen else part.else_, scope)
            case nodes.Assign(target=nodes.Name() as target):
                scope[target.name] = _value(part.node, scope)
        _bounded(made)
    return made


def _value(node: nodes.Node, scope: Mapping[str, Any]) -> Any:
    return _NODES[type(node)](node, scope)


def _text(value: Any) -> str:
    return _bounded(value if isinstance(value, str) else str(value))


def _bounded(text: str) -> str:
    if len(text) > _LONGEST:
        raise ValueError("too long")
    return text


def _item(box: Any, key: Any) -> Any:
    """Return a part of a mapping or a list; nothing here has attributes."""
    if isinstance(box, dict):
        return box.get(key, _UNDEFINED)
    if isinstance(box, list | tuple | str) and isinstance(key, int):
        return box[key] if -len(box) <= key < len(box) else _UNDEFINED
    raise TypeError("it has no parts")


def _number(value: Any) -> int | float:
    if not isinstance(value, int | float):
        raise TypeError("it is no number")
    return value


def _added(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return _bounded(left + right)
    return _number(left) + _number(right)


def _arithmetic(act: Callable[[Any, Any], Any]) -> Callable[[Any, Mapping[str, Any]], Any]:
    return lambda node, scope: act(_number(_value(node.left, scope)), _number(_value(node.right, scope)))


def _compared(node: nodes.Compare, scope: Mapping[str, Any]) -> bool:
    left = _value(node.expr, scope)
    for operand in node.ops:
        right = _value(operand.expr, scope)
        if not _COMPARISONS[operand.op](left, right):
            return False
        left = right
    return True


def _either(node: nodes.CondExpr, scope: Mapping[str, Any]) -> Any:
    if _value(node.test, scope):
        return _value(node.expr1, scope)
    return _value(node.expr2, scope) if node.expr2 is not None else _UNDEFINED


def _filtered(node: nodes.Filter, scope: Mapping[str, Any]) -> Any:
    if node.node is None:
        raise TypeError("it filters nothing")
    return _FILTERS[node.name](_value(node.node, scope), *(_value(argument, scope) for argument in node.args))


def _called(node: nodes.Call, scope: Mapping[str, Any]) -> Any:
    arguments = [_value(argument, scope) for argument in node.args]
    if isinstance(node.node, nodes.Getattr):
        return _METHODS[node.node.attr](_value(node.node.node, scope), *arguments)
    assert isinstance(node.node, nodes.Name)
    return _FUNCTIONS[node.node.name](*arguments)


def _tested(node: nodes.Test, scope: Mapping[str, Any]) -> bool:
    return _TESTS[node.name](_value(node.node, scope))


def _int(value: Any, *default: Any) -> Any:
    try:
        return int(float(value)) if isinstance(value, str) and "." in value else int(value)
    except (TypeError, ValueError, OverflowError):
        if default:
            return default[0]
        raise


def _float(value: Any, *default: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        if default:
            return default[0]
        raise


def _round(value: Any, digits: int = 0) -> float:
    return round(float(_number(value)), digits)


def _default(value: Any, other: Any = "", falsy: Any = False) -> Any:
    return other if value is _UNDEFINED or (falsy and not value) else value


def _replaced(text: Any, old: str, new: str) -> str:
    plain = _text(text)
    if (len(plain) + 1) * (len(new) + 1) > _LONGEST:
        raise ValueError("too long")
    return plain.replace(old, new)


def _json(value: Any) -> str:
    return _text(msgspec.json.encode(value).decode())


def _chosen(test: Any, yes: Any = True, no: Any = False) -> Any:
    return yes if test else no


def _part(box: Any, key: Any, default: Any = None) -> Any:
    if not isinstance(box, dict):
        raise TypeError("it is no mapping")
    return box.get(key, default)


def _split(text: Any, by: str | None = None) -> list[str]:
    return _text(text).split(by)


_METHODS: dict[str, Callable[..., Any]] = {
    "get": _part,
    "lower": lambda text: _text(text).lower(),
    "replace": _replaced,
    "split": _split,
    "strip": lambda text: _text(text).strip(),
    "upper": lambda text: _text(text).upper(),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"float": _float, "int": _int, "iif": _chosen, "bool": bool}
_FILTERS: dict[str, Callable[..., Any]] = {
    "abs": lambda value: abs(_number(value)),
    "bool": bool,
    "capitalize": lambda value: _text(value).capitalize(),
    "d": _default,
    "default": _default,
    "first": lambda value: _item(value, 0),
    "float": _float,
    "from_json": lambda value: msgspec.json.decode(_text(value)),
    "iif": _chosen,
    "int": _int,
    "last": lambda value: _item(value, -1),
    "length": len,
    "lower": lambda value: _text(value).lower(),
    "multiply": lambda value, by: _float(value) * _number(by),
    "replace": _replaced,
    "round": _round,
    "string": _text,
    "title": lambda value: _text(value).title(),
    "to_json": _json,
    "tojson": _json,
    "trim": lambda value: _text(value).strip(),
    "upper": lambda value: _text(value).upper(),
}
_TESTS: dict[str, Callable[[Any], bool]] = {
    "defined": lambda value: value is not _UNDEFINED,
    "undefined": lambda value: value is _UNDEFINED,
    "none": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float),
    "string": lambda value: isinstance(value, str),
    "mapping": lambda value: isinstance(value, dict),
    "true": lambda value: value is True,
    "false": lambda value: value is False,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}
_NODES: dict[type[nodes.Node], Callable[[Any, Mapping[str, Any]], Any]] = {
    nodes.Add: lambda node, scope: _added(_value(node.left, scope), _value(node.right, scope)),
    nodes.And: lambda node, scope: _value(node.left, scope) and _value(node.right, scope),
    nodes.Call: _called,
    nodes.Compare: _compared,
    nodes.Concat: lambda node, scope: _bounded("".join(_text(_value(part, scope)) for part in node.nodes)),
    nodes.CondExpr: _either,
    nodes.Const: lambda node, scope: node.value,
    nodes.Dict: lambda node, scope: {_value(pair.key, scope): _value(pair.value, scope) for pair in node.items},
    nodes.Div: _arithmetic(operator.truediv),
    nodes.Filter: _filtered,
    nodes.FloorDiv: _arithmetic(operator.floordiv),
    nodes.Getattr: lambda node, scope: _item(_value(node.node, scope), node.attr),
    nodes.Getitem: lambda node, scope: _item(_value(node.node, scope), _value(node.arg, scope)),
    nodes.List: lambda node, scope: [_value(item, scope) for item in node.items],
    nodes.Mod: _arithmetic(operator.mod),
    nodes.Mul: _arithmetic(operator.mul),
    nodes.Name: lambda node, scope: scope.get(node.name, _UNDEFINED),
    nodes.Neg: lambda node, scope: -_number(_value(node.node, scope)),
    nodes.Not: lambda node, scope: not _value(node.node, scope),
    nodes.Or: lambda node, scope: _value(node.left, scope) or _value(node.right, scope),
    nodes.Pos: lambda node, scope: _number(_value(node.node, scope)),
    nodes.Sub: _arithmetic(operator.sub),
    nodes.TemplateData: lambda node, scope: node.data,
    nodes.Test: _tested,
    nodes.Tuple: lambda node, scope: tuple(_value(item, scope) for item in node.items),
}
_HOLDERS = frozenset({nodes.Assign, nodes.If, nodes.Operand, nodes.Output, nodes.Pair, nodes.Template})
"""What `_outcome` evaluates, or what only holds others."""
