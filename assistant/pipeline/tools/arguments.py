"""What a tool may be given: its schema is checked when it is offered, the arguments of every call before it runs."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from assistant.chat import ToolSpec
from assistant.errors import PluginError
from assistant.pipeline.tools.limits import ARGUMENTS, DEPTH, NAME, SCHEMA, SCHEMA_DEPTH

__all__ = ["check", "check_slots", "problem", "written"]

_NAME = re.compile(rf"\w{{1,{NAME}}}", re.ASCII)
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=100_000, dfa_size_limit=100_000)
"""Regular expressions that take a time in proportion to the text, whatever somebody's schema says."""
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_DEFINITIONS = frozenset({"$defs", "definitions"})
"""What applies only where it is referred to."""
_TOLD = 300
"""Characters of what is wrong with the arguments that the model gets to see."""


def check(spec: ToolSpec) -> None:
    """Raise PluginError where no model can be told of *spec*, or no arguments be checked by it.

    Schemas are of any draft; references lead nowhere but into the schema itself, and come to an end: nothing could stop
    the check of a call that follows them for ever, or along a million ways.
    """
    if not _NAME.fullmatch(spec.name):
        raise PluginError(
            f"the tool {spec.name[:NAME]!r} has no usable name", hint=f"up to {NAME} letters, digits and underscores"
        )
    if not isinstance(spec.parameters, Mapping) or spec.parameters.get("type", "object") != "object":
        raise _refusal(spec, "it is not the schema of an object")
    if _deeper(spec.parameters, SCHEMA_DEPTH):
        raise _refusal(spec, f"it is nested deeper than {SCHEMA_DEPTH}")
    try:
        text = written(spec.parameters)
    except (TypeError, ValueError) as error:
        raise _refusal(spec, str(error)) from None
    if len(text) > SCHEMA:
        raise _refusal(spec, f"it has more than {SCHEMA} characters")
    try:
        _follow(spec.parameters, spec.parameters, count(1))
        _validator(text)
    except ValueError as error:
        raise _refusal(spec, str(error).partition("\n")[0][:_TOLD]) from None


def check_slots(spec: ToolSpec) -> None:
    """Raise PluginError where the arguments of *spec* are not the slots of an intent: words, numbers, yes or no."""
    check(spec)
    for name, schema in spec.parameters.get("properties", {}).items():
        types = schema.get("type", "string") if isinstance(schema, Mapping) else "string"
        if {"object", "array"} & set([types] if isinstance(types, str) else types):
            raise _refusal(spec, f"{name} is no slot: it is neither text nor a number, nor true or false")


def problem(spec: ToolSpec, arguments: Any) -> str:
    """Return why *arguments* are not what *spec* asks for, for the model to read; empty where they are."""
    if not isinstance(arguments, Mapping):
        return "the arguments are not an object"
    if _deeper(arguments, DEPTH):
        return f"the arguments are nested deeper than {DEPTH}"
    try:
        text = written(arguments)
        if len(text) > ARGUMENTS:
            return f"the arguments have more than {ARGUMENTS} characters"
        error = next(_validator(written(spec.parameters)).iter_errors(json.loads(text)), None)
    except (TypeError, ValueError) as failure:
        return f"the arguments cannot be checked: {failure}"[:_TOLD]
    if error is None:
        return ""
    where = "/".join(str(step) for step in error.instance_path)
    return f"the arguments do not fit{f' at {where}' if where else ''}: {error.message}"[:_TOLD]


def written(value: Any) -> str:
    """Return *value* as JSON, one way for equal values; raises TypeError or ValueError for what is none."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, default=_plain)
    text.encode()  # half of a surrogate pair is no text
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


@lru_cache(256)
def _validator(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema, pattern_options=_PATTERNS, offline=True)


def _deeper(value: Any, most: int) -> bool:
    """Tell whether objects and lists lie within each other more than *most* deep; looks no deeper."""
    if not isinstance(value, Mapping | list | tuple):
        return False
    inner = value.values() if isinstance(value, Mapping) else value
    return most == 0 or any(_deeper(item, most - 1) for item in inner)


def _follow(value: Any, schema: Mapping[str, Any], steps: Iterator[int], depth: int = 0) -> None:
    """Walk through *value*, a part of *schema*, and all that it refers to; raises ValueError where that is too much."""
    if next(steps) > SCHEMA or depth > 2 * SCHEMA_DEPTH:
        raise ValueError("its references lead too far, or round in a circle")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in _REFERENCES and isinstance(item, str):
                _follow(_referred(item, schema), schema, steps, depth + 1)
            elif depth or key not in _DEFINITIONS:
                _follow(item, schema, steps, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _follow(item, schema, steps, depth + 1)


def _referred(reference: str, schema: Mapping[str, Any]) -> Any:
    """Return the part of *schema* to which a JSON pointer leads (RFC 6901); raises ValueError for anything else."""
    at, *path = unquote(reference).split("/")
    found: Any = schema
    try:
        if at != "#":
            raise KeyError
        for step in path:
            found = found[step.replace("~1", "/").replace("~0", "~")]
    except (KeyError, TypeError):
        raise ValueError(f"{reference} leads to no part of it") from None
    return found


def _refusal(spec: ToolSpec, why: str) -> PluginError:
    return PluginError(f"the tool {spec.name}: its parameters cannot be used: {why}", hint="give a JSON schema")
