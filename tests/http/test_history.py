"""What is to be forgotten, over HTTP: told aright, and refused where it cannot be meant."""

import time
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from assistant.config import HttpConfig
from assistant.events import EventBus
from assistant.http import history
from assistant.http.app import make_app, serve
from assistant.state.forgetting import Forgotten
from tests.http.conftest import KEY

Asked = list[tuple[float, str]]


@pytest.fixture
def asked() -> Asked:
    """Return what was asked to be forgotten: since when, and whose."""
    return []


@pytest.fixture
async def program(asked: Asked) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """A program on this machine that has the key."""

    async def forget(since: float, person: str) -> Forgotten:
        asked.append((since, person))
        return Forgotten(exchanges=3)

    config = HttpConfig(port=0, key=KEY)
    async with serve(make_app(config, EventBus(), dict, {}, history.routes(forget)), config) as port:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session:
            yield session


async def test_what_is_named_is_forgotten(program: aiohttp.ClientSession, asked: Asked) -> None:
    for query in ("seconds=all", "seconds=all&person=anna%20%26%20ben"):
        async with program.delete(f"/api/history?{query}") as answer:
            assert answer.status == 200
            assert (await answer.json())["exchanges"] == 3
    assert asked == [(0.0, ""), (0.0, "anna & ben")]
    async with program.delete("/api/history?seconds=60&person=anna") as answer:
        assert answer.status == 200
    since, person = asked[-1]
    assert (person, 50 < time.time() - since < 600) == ("anna", True)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "seconds=",
        "seconds=soon",
        "seconds=-1",
        "seconds=nan",
        "person=anna",
        "seconds=all&person=",
        "seconds=all&persn=anna",
        "long",
    ],
)
async def test_what_cannot_be_meant_forgets_nothing(program: aiohttp.ClientSession, asked: Asked, query: str) -> None:
    async with program.delete(f"/api/history?{query.replace('long', 'seconds=all&person=' + 'a' * 201)}") as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["message"]
    assert not asked
