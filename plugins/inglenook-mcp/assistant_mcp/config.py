"""The section `services.mcp` of the configuration."""

from typing import Annotated, Literal

import msgspec

from assistant import Risk

__all__ = ["Listed", "McpConfig", "Scope", "ServerConfig", "ToolConfig"]

Scope = Literal["ask", "read", "act"]
"""What other programs may do here."""

ToolName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class ToolConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tool that may be used."""

    risk: Risk
    """What may come of it: `read`, `act`, or `sensitive`, for which a person has to confirm every call."""
    description: Annotated[str, msgspec.Meta(max_length=300)] = ""
    """What a model is told of it: what it does, and what its parameters mean. Without one it knows the names alone."""


Listed = Risk | ToolConfig


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A server whose tools the assistant may use: a program that is started here, or an address."""

    command: list[str] = []
    """Program that speaks MCP on its standard input and output, with its arguments: `[uvx, mcp-server-time]`. No
    shell reads them; what it starts ends with it."""
    environment: dict[str, str] = {}
    """Variables that the program gets beside `HOME`, `PATH` and the like; secrets best as `${NAME}`."""
    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://.+)?$")] = ""
    """Address of a server that speaks streamable HTTP, instead of a command."""
    token: str = ""
    """Sent to that address as `Authorization: Bearer …`; best as `${NAME}`."""
    tools: dict[ToolName, Listed] = {}
    """The tools that may be used, each with what may come of it: `read`, `act`, or `sensitive`, for which a person has
    to confirm every call; or with `{risk: read, description: "Tells the time in a zone."}`. No others are used; what a
    server says of its own tools is neither believed nor told to a model."""
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    """Seconds that an answer may take."""


class McpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the service `mcp`."""

    servers: dict[Annotated[str, msgspec.Meta(pattern=r"^\w{1,24}$")], ServerConfig] = {}
    """Servers by name; their tools are called `NAME_TOOL` here."""
    offer: list[Scope] = msgspec.field(default_factory=lambda: ["ask", "read"])
    """What programs that have a key with the scope `home` may do at `/plugins/mcp/`: `ask` the assistant, as somebody
    whom it does not know; call tools that only `read`; call tools that `act`. Sensitive ones are never called. Empty
    closes it."""
