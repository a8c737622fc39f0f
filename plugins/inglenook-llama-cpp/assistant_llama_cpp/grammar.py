"""Grammars that hold a reply to a form: GBNF of JSON schemas and of tool calls, within what llama.cpp bears.

llama.cpp reads a grammar by recursion and keeps every way to go on, so a hostile one ends the process or never comes
back. The limits below refuse the known shapes; they are no proof.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llama_cpp.llama_grammar import json_schema_to_gbnf

from assistant import ChatRequest, EngineError, ToolSpec
from assistant_llama_cpp.calls import CLOSE, OPEN

__all__ = ["Frame", "call_grammar", "checked", "forced_call", "request_grammar", "schema_grammar"]

_LENGTH, _DEPTH, _OPTIONS, _SIZE = 65_536, 1000, 64, 500
_TOO_OFTEN = re.compile(r"\{[^}]*\d{4}")
"""A repetition of a thousand times or more."""
_SIZES = ("minItems", "maxItems", "minLength", "maxLength")
_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#.*')


def checked(grammar: str) -> str:
    """Return *grammar*; raises EngineError where it is too large to be given to llama.cpp."""
    symbols = _LITERAL.sub('"', grammar)
    depth = deepest = 0
    for symbol in symbols:
        depth += (symbol == "(") - (symbol == ")")
        deepest = max(deepest, depth)
    options = max((line.count("?") + line.count("*") - line.count("(") for line in symbols.splitlines()), default=0)
    if len(grammar) > _LENGTH or deepest > _DEPTH or options > _OPTIONS or _TOO_OFTEN.search(symbols):
        raise EngineError(
            "the grammar is too large to be followed", hint="use fewer nested, repeated or optional parts"
        )
    return grammar


def schema_grammar(schema: Mapping[str, Any]) -> str:
    """Return a grammar of the JSON texts that *schema* admits; raises EngineError where it cannot be followed."""
    try:
        text = json.dumps(schema)
        _check_sizes(schema)
        return checked(json_schema_to_gbnf(text))
    except EngineError:
        raise
    except Exception as error:  # the converter raises what it happens to meet: KeyError, AssertionError, RecursionError
        raise EngineError(
            f"the JSON schema cannot be followed: {type(error).__name__}: {str(error)[:200]}",
            hint="use plain types, properties, items, enum, const, anyOf and references within the schema",
        ) from None


def _check_sizes(schema: object, depth: int = 0) -> None:
    """Refuse what would make the converter write without end: it spells repetitions out."""
    if depth > 64:
        raise ValueError("it is nested too deeply")
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in _SIZES and isinstance(value, int) and value > _SIZE:
                raise ValueError(f"{key} is above {_SIZE}")
            if key == "pattern" and isinstance(value, str) and _TOO_OFTEN.search(value):
                raise ValueError("a pattern repeats too often")
            _check_sizes(value, depth + 1)
    elif isinstance(schema, list | tuple):
        for value in schema:
            _check_sizes(value, depth + 1)


def _call_schema(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": _arguments(tool)},
        "required": ["name", "arguments"],
    }


def _arguments(tool: ToolSpec) -> Mapping[str, Any]:
    return tool.parameters if tool.parameters.get("type") == "object" else {"type": "object"}


def call_grammar(tools: Sequence[ToolSpec]) -> str:
    """Return a grammar of what may follow `<tool_call>`: one call of one of *tools*, and the closing mark."""
    calls = schema_grammar({"anyOf": [_call_schema(tool) for tool in tools]})
    rules = re.sub(r"^root ::=", "the-call ::=", calls, flags=re.MULTILINE)
    return f'{rules}\nroot ::= [ \\n]? the-call [ \\n]? "{CLOSE}"'


@dataclass(frozen=True, slots=True)
class Frame:
    """A call that the model is made to write: what is written for it, and what it must fill in."""

    prefix: str
    """Text that the reply starts with, read and not written by the model."""
    grammar: str
    """GBNF of what the model writes."""
    suffix: str
    """Text that completes the call."""


def forced_call(tools: Sequence[ToolSpec], choice: str) -> Frame:
    """Return the frame of a call of the tool *choice*, or of any of *tools* where it is `required`."""
    wanted = [tool for tool in tools if choice in ("required", tool.name)]
    if not wanted:
        names = ", ".join(tool.name for tool in tools) or "none"
        raise EngineError(f"the tool {choice!r} must be called, but is not there", hint=f"there are: {names}")
    if len(wanted) > 1:
        grammar = schema_grammar({"anyOf": [_call_schema(tool) for tool in wanted]})
        return Frame(f"{OPEN}\n", grammar, f"\n{CLOSE}")
    # With one tool the name is known: reading it costs a single step, writing it would cost one for each token.
    start = f'{OPEN}\n{{"name": {json.dumps(wanted[0].name)}, "arguments": '
    return Frame(start, schema_grammar(_arguments(wanted[0])), f"}}\n{CLOSE}")


def request_grammar(request: ChatRequest) -> str | None:
    """Return the grammar that the text of the reply must follow, or None; raises EngineError."""
    if request.grammar is not None and request.schema is not None:
        raise EngineError("the request has both a grammar and a schema", hint="give one of them")
    if request.grammar is not None:
        return checked(request.grammar)
    return None if request.schema is None else schema_grammar(request.schema)
