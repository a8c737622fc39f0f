"""The hooks: where plugins meet the daemon.

Hooks are synchronous and cheap and never run while sound flows. The core calls each plugin's implementation by
itself: one that raises is set aside by name, with everything else it offered, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    from aiohttp import web

    from assistant.chat import ChatRequest
    from assistant.engines import EngineSpec
    from assistant.host import Candidate, Host, Observer, ServiceSpec, Tool
    from assistant.providers import ProviderSpec
    from assistant.skill import Skill

__all__ = [
    "NAME",
    "assistant_commands",
    "assistant_engines",
    "assistant_observers",
    "assistant_providers",
    "assistant_route_turn",
    "assistant_routes",
    "assistant_services",
    "assistant_skills",
    "assistant_tools",
    "hookimpl",
]

NAME = "assistant"
"""The entry-point group, and pluggy's project name."""

hookspec = pluggy.HookspecMarker(NAME)
hookimpl = pluggy.HookimplMarker(NAME)
"""Marks a function of a plugin as the implementation of the hook of the same name."""


@hookspec
def assistant_engines() -> Iterable[EngineSpec[Any, Any]]:  # type: ignore[empty-body]
    """Offer engines. Called once at start; must not load models or import native libraries."""


@hookspec
def assistant_providers() -> Iterable[ProviderSpec]:  # type: ignore[empty-body]
    """Offer types of other servers of models. Called once at start; must not ask any server."""


@hookspec
def assistant_services() -> Iterable[ServiceSpec[Any]]:  # type: ignore[empty-body]
    """Offer long-running doors. Called once at start; each runs where the configuration has a section of its name."""


@hookspec
def assistant_skills(host: Host) -> Iterable[Skill]:  # type: ignore[empty-body]
    """Offer what the assistant can do by itself, by intent. Called once, with `assistant_tools`."""


@hookspec
def assistant_tools(host: Host) -> Iterable[Tool]:  # type: ignore[empty-body]
    """Offer what chat models may call. Called once, after the configuration is known and before engines are open."""


@hookspec
def assistant_routes(host: Host) -> Iterable[web.RouteDef]:  # type: ignore[empty-body]
    """Offer HTTP routes. They are mounted under `/plugins/<plugin name>/`; a key opens them that has the scope
    which `needs` gives to what answers, or else `admin`."""


@hookspec
def assistant_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Offer commands of the `assistant` command line. Called when the command line starts."""


@hookspec(firstresult=True)
def assistant_route_turn(request: ChatRequest, candidates: tuple[Candidate, ...]) -> str | None:
    """Choose the chat model of a turn by id, or return None to leave it to the next. Pure; called once a turn."""


@hookspec
def assistant_observers() -> Iterable[Observer]:  # type: ignore[empty-body]
    """Offer readers of turn events. Called once at start."""
