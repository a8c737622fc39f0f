"""Say what every key means: the docstrings under the fields of the configuration's structs, read from their source."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["Option", "field_docs", "options"]


@dataclass(frozen=True, slots=True)
class Option:
    """One key of the configuration."""

    key: str
    """Its path, with `*` for names that the owner chooses, e.g. `assistants.*.endpoint.silence`."""
    type: str
    """The values it takes, e.g. `number from 0 to 1`."""
    default: str
    """As YAML; empty where there is none."""
    text: str
    """What it does."""


def field_docs(struct: type) -> dict[str, str]:
    """Return the docstring under each field of a class, the fields of its bases included."""
    docs: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and (text := _string(below)):
                docs[field.target.id] = text
    return docs


def _string(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def options(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[Option]:
    """Yield every key below *struct*, in the order in which it is written."""
    docs = field_docs(struct)
    for field in msgspec.structs.fields(struct):
        key = f"{prefix}{field.encode_name}"
        kind = msgspec.inspect.type_info(field.type)
        text = docs.get(field.name, "")
        inner, path = _nested(kind)
        if inner is None:
            yield Option(key, _named(kind), _default(field), text)
            continue
        yield Option(key, "mapping of names" if path else "mapping", "", text)
        yield from options(inner, f"{key}.{path}")


def _nested(kind: msgspec.inspect.Type) -> tuple[type[msgspec.Struct] | None, str]:
    if isinstance(kind, msgspec.inspect.StructType):
        return kind.cls, ""
    if isinstance(kind, msgspec.inspect.DictType) and isinstance(kind.value_type, msgspec.inspect.StructType):
        return kind.value_type.cls, "*."
    return None, ""


def _named(kind: Any) -> str:
    """Return a type in words."""
    match kind:
        case msgspec.inspect.UnionType():
            return " or ".join(_named(part) for part in kind.types)
        case msgspec.inspect.ListType():
            named = _named(kind.item_type)
            return f"list of ({named})" if isinstance(kind.item_type, msgspec.inspect.UnionType) else f"list of {named}"
        case msgspec.inspect.DictType():
            return f"mapping of {_named(kind.value_type)}"
        case msgspec.inspect.LiteralType():
            return ", ".join(str(value) for value in kind.values)
        case msgspec.inspect.FloatType() | msgspec.inspect.IntType():
            word = "number" if isinstance(kind, msgspec.inspect.FloatType) else "integer"
            bounds = {"from": kind.ge, "above": kind.gt, "to": kind.le, "below": kind.lt}
            return " ".join([word, *(f"{name} {value:.12g}" for name, value in bounds.items() if value is not None)])
        case msgspec.inspect.Metadata():
            return _named(kind.type)
    words = {"Str": "text", "Bool": "true or false", "None": "null", "Any": "anything"}
    return words.get(type(kind).__name__.removesuffix("Type"), type(kind).__name__)


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else ""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value in ("", None) else str(value)
