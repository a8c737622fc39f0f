"""Grammars that hold a reply to a form: of JSON schemas, of tool calls, and GBNF as clients write it.

A grammar may be somebody else's, and llama.cpp's own way to follow one keeps every way to go on apart: three lines can
make it compute for ever, or end the process. llguidance bounds the work of each step (Earley parsing over a lexer of
derivatives; https://github.com/guidance-ai/llguidance): a hostile grammar costs its request, and nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llguidance import LLMatcher, LLParserLimits, LLTokenizer
from llguidance.gbnf_to_lark import gbnf_to_lark

from assistant import ChatRequest, ToolSpec, UnfitRequest
from assistant_llama_cpp.calls import CLOSE, OPEN
from assistant_llama_cpp.vocabulary import Vocabulary

__all__ = ["Frame", "Grammar", "Grammars", "forced_call"]

Grammar = LLMatcher
"""A compiled grammar at its start; `deep_copy` it to follow it."""

_LENGTH = 65_536
"""Characters of a grammar or schema."""
_NO_SCHEMAS = frozenset({"allOf", "const", "default", "enum", "examples"})
"""Keywords whose values are no schemas, or are not to be closed one by one."""
_OTHERS = frozenset({"$ref", "additionalProperties", "allOf", "anyOf", "oneOf", "unevaluatedProperties"})
"""Keywords beside `properties` that say what else an object may have."""
_KEPT = 16
"""Sets of tools of which the grammar is kept: it is wanted in every turn."""
_LIMITS = LLParserLimits(step_max_items=20_000, max_lexer_states=20_000, max_grammar_size=100_000, verbose_errors=False)
"""At the worst some tenths of a second for a step and tens of megabytes; usual grammars take 0.1 ms a step."""
_OPTIONS = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?", "lenient": True}
"""How JSON is written: with a space at most, because small models fill a reply with space where they may. Keywords of
a schema that cannot be enforced are passed over."""


class Grammars:
    """Compile grammars for one vocabulary; for one thread at a time."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._tokenizer: LLTokenizer | None = None
        self._kept: dict[str, Grammar] = {}

    def prepare(self) -> LLTokenizer:
        """Sort the vocabulary, once, in a quarter of a second or so: nobody should wait for it in a turn."""
        if self._tokenizer is None:
            self._tokenizer = self._vocabulary.llguidance()
        return self._tokenizer

    def of_request(self, request: ChatRequest, tools: Sequence[ToolSpec] = ()) -> Grammar | None:
        """Return the grammar that the reply must follow, or None; raises UnfitRequest.

        Beside a schema the reply may call one of *tools*; a grammar leaves no room for that.
        """
        if request.grammar is not None and request.schema is not None:
            raise UnfitRequest("the request has both a grammar and a schema", hint="give one of them")
        if request.grammar is not None:
            return self.gbnf(request.grammar)
        if request.schema is None:
            return None
        return self.schema_or_call(request.schema, tools) if tools else self.schema(request.schema)

    def gbnf(self, text: str) -> Grammar:
        """Compile GBNF; raises UnfitRequest where it cannot be followed."""
        _check_length(text)
        try:
            lark = gbnf_to_lark(text)
        except Exception as error:  # RecursionError, too
            raise _refusal(
                "grammar", f"{type(error).__name__}: {error}", "it must be GBNF with a rule named root"
            ) from None
        return self._compiled(
            lark, "grammar", "it must be GBNF with a rule named root, no repetition right within another"
        )

    def schema(self, schema: Mapping[str, Any]) -> Grammar:
        """Compile a JSON schema; raises UnfitRequest where it cannot be followed."""
        return self._compiled(f"start: {_inline(schema)}", "JSON schema", _PLAIN)

    def schema_or_call(self, schema: Mapping[str, Any], tools: Sequence[ToolSpec]) -> Grammar:
        """Compile a JSON schema, and in its place one call of one of *tools*; raises UnfitRequest."""
        lark = f'start: form | "{OPEN}" {_FRAMED}\nform: {_inline(schema)}\n{_calls(tools)}'
        return self._compiled(lark, "JSON schema, or a tool's,", _PLAIN)

    def call(self, tools: Sequence[ToolSpec], *, closed: bool = True) -> Grammar:
        """Compile one call of one of *tools*; *closed* by `</tool_call>`, as it is where the model opened it itself."""
        lark = f"start: {_FRAMED if closed else 'call'}\n{_calls(tools)}"
        if lark not in self._kept:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[lark] = self._compiled(lark, "tools", _PLAIN)
        return self._kept[lark]

    def _compiled(self, lark: str, what: str, hint: str) -> Grammar:
        grammar = LLMatcher(self.prepare(), LLMatcher.grammar_from_lark(lark), log_level=0, limits=_LIMITS)
        if grammar.is_error():
            raise _refusal(what, grammar.get_error(), hint)
        return grammar


_PLAIN = "use plain types, properties, items, enum, const, anyOf and references within the schema"

_FRAMED = f'END? call END? "{CLOSE}"'
"""A call after what opened it."""


def _check_length(text: str) -> None:
    if len(text) > _LENGTH:
        raise UnfitRequest(f"the grammar or schema has {len(text)} characters", hint=f"use at most {_LENGTH}")


def _refusal(what: str, reason: str, hint: str) -> UnfitRequest:
    return UnfitRequest(f"the {what} cannot be followed: {' '.join(reason.split())[:200]}", hint=hint)


def _inline(schema: Mapping[str, Any]) -> str:
    """Write a schema as a part of a Lark grammar."""
    try:
        text = json.dumps({**_closed(schema), "x-guidance": _OPTIONS}, allow_nan=False)
    except (RecursionError, TypeError, ValueError) as error:
        raise _refusal("JSON schema", f"{type(error).__name__}: {error}", _PLAIN) from None
    _check_length(text)
    return f"%json {text}"


def _closed(schema: Any) -> Any:
    """Return *schema* with objects of the named properties only, where it leaves that open.

    What is written so satisfies the schema all the same, and a small model does not go on to invent properties.
    """
    if isinstance(schema, list | tuple):
        return [_closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {key: value if key in _NO_SCHEMAS else _closed(value) for key, value in schema.items()}
    if "properties" in schema and not _OTHERS.intersection(schema):
        closed["additionalProperties"] = False
    return closed


def _calls(tools: Sequence[ToolSpec]) -> str:
    """Write the rule `call`: each tool's arguments are a schema by themselves, so that its references hold."""
    lines = [f"call: {' | '.join(f'call_{n}' for n in range(len(tools)))}", "SPACE: / /", "END: /[ \\n]/"]
    for n, tool in enumerate(tools):
        name = json.dumps(json.dumps(tool.name))
        arguments = f'"\\"arguments\\":" SPACE? arguments_{n}'
        lines.append(f'call_{n}: "{{\\"name\\":" SPACE? {name} "," SPACE? {arguments} "}}"')
        lines.append(f"arguments_{n}: {_inline(_arguments(tool))}")
    return "\n".join(lines)


def _arguments(tool: ToolSpec) -> Mapping[str, Any]:
    return tool.parameters if tool.parameters.get("type") == "object" else {"type": "object"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A call that the model is made to write: what is written for it, and what it must fill in."""

    prefix: str
    """Text that the reply starts with, read and not written by the model."""
    grammar: Grammar
    """What the model writes."""
    suffix: str
    """Text that completes the call."""


def forced_call(grammars: Grammars, tools: Sequence[ToolSpec], choice: str) -> Frame:
    """Return the frame of a call of the tool *choice*, or of any of *tools* where it is `required`."""
    wanted = [tool for tool in tools if choice in ("required", tool.name)]
    if not wanted:
        names = ", ".join(tool.name for tool in tools) or "none"
        raise UnfitRequest(f"the tool {choice!r} must be called, but is not there", hint=f"there are: {names}")
    if len(wanted) > 1:
        return Frame(f"{OPEN}\n", grammars.call(wanted, closed=False), f"\n{CLOSE}")
    # With one tool the name is known: reading it costs a single step, writing it would cost one for each token.
    start = f'{OPEN}\n{{"name": {json.dumps(wanted[0].name)}, "arguments": '
    return Frame(start, grammars.schema(_arguments(wanted[0])), f"}}\n{CLOSE}")
