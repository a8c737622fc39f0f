"""Tools of other servers as tools of the assistant. Whatever they say of themselves or return was written by others."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp_types import CallToolResult, TextContent
from mcp_types import Tool as TheirTool

from assistant import ServiceError, Tool, ToolSpec
from assistant_mcp.config import Listed, ToolConfig

__all__ = ["bare", "ours", "said"]

_NAME = 64
_WORDS = re.compile(r"[\w$./:+#-]{1,64}(?: [\w./:+#-]{1,20}){0,2}")
"""What a parameter or one of its values can be called: three words at most."""
_VALUES = frozenset(
    {
        *("type", "required", "enum", "const", "format", "$ref", "uniqueItems", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    }
)
_SCHEMA = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SCHEMAS_BY_NAME = frozenset({"properties", "$defs", "definitions"})
"""The keywords of JSON schema that say which arguments fit, and by what they hold; no other reaches a model."""


def ours(server: str, tool: TheirTool, listed: Listed, run: Callable[[Mapping[str, Any]], Awaitable[str]]) -> Tool:
    """Return a tool of *server* under the name that it has here, described by the owner or by its name alone.

    A server could write orders into a description, and a model reads it before anything else. Raises ServiceError where
    its parameters hold more than words.
    """
    config = listed if isinstance(listed, ToolConfig) else ToolConfig(risk=listed)
    name = re.sub(r"\W", "_", f"{server}_{tool.name}", flags=re.ASCII)[:_NAME]
    told = config.description or name.replace("_", " ").capitalize() + "."
    return Tool(ToolSpec(name, told, bare(tool.input_schema)), run, risk=config.risk, keywords=(tool.name,))


def bare(schema: Any) -> Any:
    """Return *schema* without all that only describes; raises ServiceError where a name or a value is a sentence."""
    if not isinstance(schema, Mapping):
        return schema is not False
    kept: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _VALUES:
            kept[keyword] = _word(value)
        elif keyword in _SCHEMA:
            kept[keyword] = bare(value)
        elif keyword in _SCHEMAS and isinstance(value, list):
            kept[keyword] = [bare(one) for one in value]
        elif keyword in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
            kept[keyword] = {_word(name): bare(one) for name, one in value.items()}
    return kept


def said(result: CallToolResult) -> str:
    """Return the text of a result, or what else it is; raises ServiceError where the tool says that it failed."""
    parts = [part.text if isinstance(part, TextContent) else f"({part.type})" for part in result.content]
    text = "\n".join(parts) or ("" if result.structured_content is None else str(result.structured_content))
    if result.is_error:
        raise ServiceError(text or "it failed and does not say why")
    return text


def _word(value: Any) -> Any:
    """Return *value* where every text in it is of few words; raises ServiceError."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, Mapping | list) or (isinstance(text, str) and text and not _WORDS.fullmatch(text)):
            raise ServiceError(f"its parameters hold more than words: {str(text)[:40]!r}")
    return value
