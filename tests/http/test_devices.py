"""What is set at devices, over HTTP: shown, changed, refused."""

from collections.abc import AsyncGenerator
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from assistant.config import HttpConfig
from assistant.controls import Controls
from assistant.events import EventBus
from assistant.http import devices
from assistant.http.app import make_app, serve
from assistant.http.peer import from_here
from tests.http.conftest import KEY

ROOM: dict[str, Any] = {
    "name": "room",
    "muted": False,
    "volume": 100,
    "chime": False,
    "quiet": {"on": False, "from": "22:00", "to": "07:00", "volume": 30},
    "now": {"microphone": "closed", "volume": 100, "quiet": False},
}


@pytest.fixture
def controls() -> Controls:
    return Controls(["room", "küche/oben"])


@pytest.fixture
async def program(controls: Controls) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """A program on this machine that has the key."""
    config = HttpConfig(port=0, key=KEY)
    async with serve(make_app(config, EventBus(), dict, {}, devices.routes(controls)), config) as port:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session:
            yield session


async def changed(program: aiohttp.ClientSession, change: Any, **headers: str) -> tuple[int, Any]:
    async with program.patch("/api/devices/room", json=change, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_devices_are_shown(program: aiohttp.ClientSession) -> None:
    async with program.get("/api/devices") as answer:
        assert [device["name"] for device in (await answer.json())["devices"]] == ["room", "küche/oben"]
    async with program.get("/api/devices/room") as answer:
        assert await answer.json() == ROOM
    async with program.get("/api/devices/k%C3%BCche%2Foben") as answer:
        assert (await answer.json())["name"] == "küche/oben"
    async with program.get("/api/devices/hall") as answer:
        assert answer.status == 404


async def test_what_is_named_is_changed_and_the_rest_stays(program: aiohttp.ClientSession) -> None:
    assert await changed(program, {"muted": True, "volume": 50}) == (
        200,
        ROOM | {"muted": True, "volume": 50, "now": {"microphone": "closed", "volume": 50, "quiet": False}},
    )
    assert (await changed(program, {"volume_by": -10}))[1]["volume"] == 40
    assert (await changed(program, {"quiet": {"from": "21:30"}}))[1]["quiet"] == ROOM["quiet"] | {"from": "21:30"}
    assert (await changed(program, {"quiet": {"on": True, "volume": 20}, "chime": True}))[1]["quiet"]["on"]
    assert (await changed(program, {"muted": False}))[1]["muted"] is False


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"volume": 101}, "volume"),
        ({"volume": "loud"}, "volume"),
        ({"volume": True}, "volume"),
        ({"loudness": 3}, "loudness"),
        ({"quiet": {"from": "25:00"}}, "quiet.from"),
        ([], "object"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    program: aiohttp.ClientSession, controls: Controls, wrong: Any, says: str
) -> None:
    status, body = await changed(program, wrong)
    assert status == 400
    assert says in body["error"]["message"]
    assert devices.shown(controls.device("room")) == ROOM


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_nobody_unmutes_from_afar(program: aiohttp.ClientSession, controls: Controls, header: str) -> None:
    afar = {header: "192.0.2.1"}
    assert (await changed(program, {"muted": True}, **afar))[0] == 200
    status, body = await changed(program, {"muted": False, "volume": 10}, **afar)
    assert (status, body["error"]["code"]) == (403, "muted")
    assert "remote_unmute" in body["error"]["hint"]
    assert controls.muted("room")
    assert controls.device("room").settings.volume == 100


@pytest.mark.parametrize(
    ("peer", "own", "here"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("192.168.1.5", "192.168.1.5", True),
        ("192.168.1.9", "192.168.1.5", False),
        ("172.17.0.1", "172.17.0.2", False),
    ],
)
def test_who_is_here_is_told_by_the_address(peer: str, own: str, here: bool) -> None:
    addresses = {"peername": (peer, 50000), "sockname": (own, 8420)}
    transport = Mock(get_extra_info=lambda name, default=None: addresses.get(name, default))
    assert from_here(make_mocked_request("PATCH", "/api/devices/room", transport=transport)) == here
