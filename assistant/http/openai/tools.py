"""The functions that a program offers to a model, and whether one must be called."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from assistant.chat import ToolSpec
from assistant.http.drawing import check_json
from assistant.http.openai.parameters import JsonSchema
from assistant.http.problem import Problem

__all__ = ["AllowMode", "FunctionTool", "ToolName", "allowed", "choice_of", "specs"]

ToolName = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]

AllowMode = Literal["auto", "required"]
"""Whether one of the functions that are allowed must be called."""

_CHOICES = frozenset({"none", "auto", "required"})


class FunctionTool(msgspec.Struct, frozen=True, kw_only=True):
    """A function of the program that asks."""

    name: ToolName
    description: str | None = None
    parameters: JsonSchema | None = None


def specs(tools: Sequence[FunctionTool]) -> tuple[ToolSpec, ...]:
    """Return *tools* as an engine takes them; raises Problem for one that it could not be sent."""
    for n, tool in enumerate(tools):
        if tool.name in _CHOICES:
            raise Problem(400, "bad_request", f"tools[{n}]: no function may be called {tool.name}", key=f"tools[{n}]")
        check_json(tool.parameters, f"tools[{n}].parameters")
    return tuple(
        ToolSpec(tool.name, tool.description or "", tool.parameters or {"type": "object", "properties": {}})
        for tool in tools
    )


def choice_of(wanted: str | None, tools: Sequence[ToolSpec]) -> str:
    """Return which of *tools* is to be called as an engine takes it; raises Problem for one that is not there."""
    wanted = wanted or "auto"
    if wanted == "required" and not tools:
        raise Problem(400, "bad_request", "tool_choice: a call is required, and there are no tools", key="tool_choice")
    if wanted not in _CHOICES and wanted not in {tool.name for tool in tools}:
        raise _no_tool(wanted)
    return wanted


def allowed(names: Sequence[str], tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
    """Return those of *tools* that may be called this time; raises Problem for one that is not there."""
    known = {tool.name for tool in tools}
    if unknown := next((name for name in names if name not in known), ""):
        raise _no_tool(unknown)
    return tuple(tool for tool in tools if tool.name in names)


def _no_tool(name: str) -> Problem:
    return Problem(400, "bad_request", f"tool_choice: there is no tool {name}", key="tool_choice")
