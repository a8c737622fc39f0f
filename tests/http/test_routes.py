"""Every route of the real doors needs a key and its scope, but for those that anybody may ask (T2)."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from assistant import needs
from assistant.access import Scope
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.http.route import Route
from tests.doors import assembled

PUBLIC = {("GET", path) for path in ("/healthz", "/readyz", "/openapi.json", "/docs")}
"""What anybody may ask. A route that is added here needs a reason."""


@dataclass(frozen=True, slots=True)
class House:
    """The real doors, served, and a key for each scope."""

    url: str
    """Where."""
    app: web.Application
    """What is served."""
    keys: dict[Scope, str]
    """Keys that open one scope each."""
    doors: list[Route]
    """What the doors say of their routes."""

    def routes(self) -> list[tuple[str, str]]:
        """Return the method and path of all that is registered, plugins' routes too."""
        return [(route.method, route.resource.canonical) for route in self.app.router.routes() if route.resource]


async def _marked(request: web.Request) -> web.Response:
    return web.json_response({"said": "yes"})


async def _unmarked(request: web.Request) -> web.Response:
    return web.json_response({"said": "yes"})


@pytest.fixture
async def house(home: Path) -> AsyncGenerator[House, None]:
    async with assembled(home, "{port: 0, limits: {minute: 0}}") as (loaded, assembly):
        config, served = loaded.config.http, doors(assembly)
        plugin = [web.get("/marked", needs(Scope.HOME)(_marked)), web.get("/unmarked", _unmarked)]
        app = make_app(config, assembly.events, dict, {"mine": plugin}, served, assembly.keys, assembly.audit)
        keys = {scope: await assembly.keys.create(f"for.{scope.name}", [scope]) for scope in Scope}
        async with serve(app, config) as port:
            yield House(f"http://127.0.0.1:{port}", app, keys, served)


def _real(path: str) -> str:
    """Return a path that a route's path means."""
    return re.sub(r"\{[^}]*\}", "something", path)


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_t2_every_route_needs_a_key_but_the_public_ones(house: House) -> None:
    assert {("POST", "/v1/chat/completions"), ("GET", "/api/keys"), ("GET", "/plugins/mine/marked")} <= set(
        house.routes()
    )
    async with aiohttp.ClientSession(house.url) as session:
        for method, path in house.routes():
            async with session.request(method, _real(path), allow_redirects=False) as answer:
                assert (answer.status != 401) == ((method, path) in PUBLIC), f"{method} {path}: {answer.status}"


async def test_t2_every_route_needs_its_scope(house: House) -> None:
    scopes = {(route.method, route.path): route.scope for route in house.doors}
    scopes |= {("GET", "/events"): Scope.HOME}
    scopes |= {("GET", "/plugins/mine/marked"): Scope.HOME, ("GET", "/plugins/mine/unmarked"): Scope.ADMIN}
    scopes |= dict.fromkeys(PUBLIC & set(house.routes()), None)
    assert set(house.routes()) - {("HEAD", "/plugins/mine/marked"), ("HEAD", "/plugins/mine/unmarked")} == set(scopes)
    async with aiohttp.ClientSession(house.url) as session:
        for (method, path), scope in scopes.items():
            for other in set(Scope) - {scope, Scope.ADMIN} if scope else ():
                async with session.request(method, _real(path), headers=_headers(house.keys[other])) as answer:
                    assert answer.status == 403, f"{method} {path} with {other}: {answer.status}"
                    assert method == "HEAD" or str(scope) in await answer.text()


@pytest.mark.parametrize(
    ("path", "scope", "status"),
    [
        ("/api/devices", Scope.HOME, 200),
        ("/api/devices", Scope.ADMIN, 200),
        ("/v1/models", Scope.CHAT, 200),
        ("/plugins/mine/marked", Scope.HOME, 200),
        ("/plugins/mine/marked", Scope.CHAT, 403),
        ("/plugins/mine/unmarked", Scope.HOME, 403),
        ("/plugins/mine/unmarked", Scope.ADMIN, 200),
        ("/plugins/mine/nothing", Scope.CHAT, 404),
        ("/nothing", Scope.CHAT, 404),
    ],
)
async def test_a_key_opens_what_its_scope_says(house: House, path: str, scope: Scope, status: int) -> None:
    async with (
        aiohttp.ClientSession(house.url) as session,
        session.get(path, headers=_headers(house.keys[scope])) as it,
    ):
        assert it.status == status
