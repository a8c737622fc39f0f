"""What plugins hand to the daemon beside engines, and what they receive from it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from assistant.chat import ChatRequest, Priority, ToolSpec
from assistant.controls import Controls
from assistant.engines import API, Capabilities, Kind
from assistant.events import EventBus, TurnEvent
from assistant.home import Home

__all__ = ["Answer", "Candidate", "Host", "ModelStatus", "Observer", "OfferedTool", "Risk", "ServiceSpec", "Tool"]

Risk = Literal["read", "act", "sensitive"]
"""What may come of a tool's work."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model of the configuration, as it is now."""

    id: str
    """The model's name in the configuration."""
    kind: Kind
    """What it is for."""
    engine: str
    """The engine that runs it."""
    capabilities: Capabilities
    """What it can do."""
    state: Literal["closed", "opening", "open", "failed"]
    """Whether it is loaded."""
    reason: str = ""
    """Why it failed; empty otherwise."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chat model that could answer a turn."""

    id: str
    """The model's name in the configuration."""
    capabilities: Capabilities
    """What it can do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a turn of text."""

    text: str
    """The reply."""
    turn: str
    """Its name in events and receipts."""


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that an assistant has, whoever brings it."""

    spec: ToolSpec
    """What a model is told of it."""
    risk: Risk
    """What may come of a call."""


class Host(Protocol):
    """All that services, tools and routes receive of the daemon."""

    events: EventBus
    """Where turns tell what happens."""
    controls: Controls
    """What is set at the devices (mute, volume, chime, quiet hours), and the acts that set it."""

    home: Home
    """The house: bridges attach themselves to it, skills and tools act in it."""

    def models(self) -> tuple[ModelStatus, ...]:
        """Return every model of the configuration and its state."""
        ...

    def lease(self, model: str, priority: Priority) -> AbstractAsyncContextManager[Any]:
        """Borrow the engine of a model; waits its turn, loads it first where needed.

        Raises EngineUnavailable where it cannot be opened, ConfigError for an unknown id.
        """
        ...

    def tools(self, assistant: str = "") -> tuple[OfferedTool, ...]:
        """Return the tools of an assistant (the first, where none is named), those of its skills included, by name."""
        ...

    def offering(self, tools: Iterable["Tool"]) -> AbstractContextManager[None]:
        """Let chat models call *tools*, too, for as long as the context is open: those of `assistant_tools` stay."""
        ...

    async def call_tool(
        self, name: str, arguments: Mapping[str, Any], *, risks: Collection[Risk], assistant: str = ""
    ) -> str:
        """Return what a tool says, called by a program: one of *risks*, and never a sensitive one.

        Raises ServiceError for what may not be called so, and whatever the tool raises.
        """
        ...

    async def run_turn(
        self, text: str, *, assistant: str = "", conversation: str = "", device: str = "", person: str = ""
    ) -> Answer:
        """Answer *text* as a turn of an assistant (the first, where none is named), without sound.

        *person* is who asks: `OWNER` for somebody who has shown the daemon's key; empty for somebody who is not known.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a chat model may call."""

    spec: ToolSpec
    """What the model is told."""
    run: Callable[[Mapping[str, Any]], Awaitable[str]]
    """Does the work; takes the arguments, returns text for the model; may raise AssistantError."""
    risk: Risk = "act"
    """`read` changes nothing; `act` changes something harmless; `sensitive` needs a known person's confirmation."""
    trusted: bool = False
    """Whether nothing in its results was written by others, as web pages, mail, calendars and titles are. What follows
    on a result that was needs a person's confirmation, unless it only reads."""
    describe: Callable[[Mapping[str, Any], str], str] | None = None
    """Says what a call would do, from the arguments and a BCP-47 tag, as an infinitive in that language: `unlock the
    front door`. None: its name and the arguments are told."""
    keywords: tuple[str, ...] = ()
    """Words of questions that it is for, in any language, beside those of its description: where there are more tools
    than are offered at once, they choose."""


S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec(Generic[S]):
    """A long-running door of the daemon, such as a protocol's server."""

    name: str
    """Its section under `services:` in the configuration; it runs only where that section exists."""
    config: type[S]
    """Struct that validates the section."""
    run: Callable[[S, Host], Awaitable[None]]
    """Serves until cancelled."""
    check: Callable[[S], Awaitable[str]] | None = None
    """Tries once, for `assistant check`, whether it could serve, and says what it found; raises AssistantError."""
    house: Callable[[S, Home], Awaitable[None]] | None = None
    """Brings the things that it leads to into a house until cancelled, and serves nobody: for `assistant ask`."""
    api: int = API
    """The plugin interface it was written for."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads turn events from a bounded queue of its own: lights, logs, automations."""

    name: str
    """Shown where it fails."""
    see: Callable[[TurnEvent], Awaitable[None]]
    """Takes the next event; an exception is logged and the next event follows."""


RouteTurn = Callable[[ChatRequest, tuple[Candidate, ...]], str | None]
"""The shape of `assistant_route_turn`."""
