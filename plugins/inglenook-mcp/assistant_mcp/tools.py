"""Tools of other servers as tools of the assistant. Whatever they return was written by others."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp_types import CallToolResult, TextContent
from mcp_types import Tool as TheirTool

from assistant import Risk, ServiceError, Tool, ToolSpec

__all__ = ["ours", "said"]

_NAME = 64
_DESCRIPTION = 300
"""Characters of what a server says of its tool: small models read slowly."""


def ours(server: str, tool: TheirTool, risk: Risk, run: Callable[[Mapping[str, Any]], Awaitable[str]]) -> Tool:
    """Return a tool of *server* under the name that it has here."""
    name = re.sub(r"\W", "_", f"{server}_{tool.name}", flags=re.ASCII)[:_NAME]
    told = " ".join((tool.description or tool.title or tool.name).split())
    return Tool(ToolSpec(name, told[:_DESCRIPTION], tool.input_schema), run, risk=risk, keywords=(tool.name,))


def said(result: CallToolResult) -> str:
    """Return the text of a result, or what else it is; raises ServiceError where the tool says that it failed."""
    parts = [part.text if isinstance(part, TextContent) else f"({part.type})" for part in result.content]
    text = "\n".join(parts) or ("" if result.structured_content is None else str(result.structured_content))
    if result.is_error:
        raise ServiceError(text or "it failed and does not say why")
    return text
