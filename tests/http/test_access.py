"""Named keys at the door, how often somebody may ask, and pages of other sites (T3 to T5, T26)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import yarl
from aiohttp import web

from assistant import UnknownModel
from assistant.access import Scope
from assistant.access.audit import Audit
from assistant.access.keys import Keys
from assistant.config import HttpConfig
from assistant.events import EventBus
from assistant.http import app as door
from assistant.http.app import make_app, serve
from assistant.http.guard import about, caller, needs
from assistant.http.keys import routes as key_routes
from assistant.http.route import Route
from assistant.state import State
from tests.http.conftest import KEY

SITE = "https://chat.example"
"""A site that may ask, where it is on the list."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that was read to its end."""

    status: int
    """The HTTP status."""
    headers: dict[str, str]
    """Its headers, the names in lower case."""
    body: Any
    """What its JSON means; None where there is none."""

    @property
    def code(self) -> str:
        """Return the name of what went wrong."""
        return str(self.body["error"]["code"])


@dataclass(frozen=True, slots=True)
class House:
    """A served door with named keys and an audit log."""

    port: int
    """Where."""
    keys: Keys
    """The keys."""
    state: State
    """What is kept."""
    talking: set[str]
    """Names of the keys whose sockets are served."""

    async def ask(
        self, path: str = "/chat", key: str = KEY, source: str = "127.0.0.1", method: str = "GET", **more: Any
    ) -> Answered:
        """Ask from an address of this machine; all of 127.0.0.0/8 are."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= more.pop("headers", {})
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(source, 0))) as session,
            session.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, **more) as answer,
        ):
            body = await answer.json() if answer.content_type == "application/json" else None
            return Answered(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)

    async def told(self) -> list[dict[str, Any]]:
        """Return what the audit log tells, without numbers, times and digests."""
        hidden = {"id", "at", "digest"}
        return [
            {name: value for name, value in record.shown().items() if name not in hidden}
            for record in await self.state.audit.since()
        ]


async def _said(request: web.Request) -> web.StreamResponse:
    return web.json_response({"said": "yes"})


async def _deleted(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    about(request, body["model"])
    raise UnknownModel("there is none")


async def _failed(request: web.Request) -> web.StreamResponse:
    raise ValueError("a fault")


async def _took(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    if body.get("unload"):
        about(request, "small")
        needs(request, Scope.MODELS)
    return web.json_response({"took": body})


@asynccontextmanager
async def housed(home: Path, **settings: Any) -> AsyncGenerator[House, None]:
    config = HttpConfig(port=0, key=KEY, **settings)
    async with State(home / "assistant.db") as state:
        keys, audit = Keys(state.keys), Audit(state.audit)
        routes = [Route("GET", "/chat", _said, Scope.CHAT), Route("POST", "/chat", _took, Scope.CHAT, takes=dict)]
        talking = set[str]()

        async def talk(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            talking.add(name := caller(request).name)
            try:
                async for message in socket:
                    await socket.send_str(message.data)
            finally:
                talking.discard(name)
            return socket

        routes.append(Route("GET", "/socket", talk, Scope.CHAT))
        routes.append(Route("GET", "/fail/{what}", _failed, Scope.CHAT))
        routes.append(Route("DELETE", "/model", _deleted, Scope.MODELS, takes=dict))
        app = make_app(config, EventBus(), dict, {}, [*routes, *key_routes(keys, audit)], keys, audit)
        async with serve(app, config) as port:
            yield House(port, keys, state, talking)


@pytest.fixture
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for who has to wait, however long a test takes."""
    monkeypatch.setattr(door, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.fixture
async def house(home: Path) -> AsyncGenerator[House, None]:
    async with housed(home) as house:
        yield house


# -- ids and keys ----------------------------------------------------------------------------------------------------


async def test_every_answer_carries_the_id_of_its_request(house: House) -> None:
    named = {"X-Request-Id": "kitchen-17"}
    for path, key, status in (
        ("/chat", KEY, 200),
        ("/fail/so", KEY, 500),
        ("/nothing", KEY, 404),
        ("/chat", "no", 401),
    ):
        answer = await house.ask(path, key, headers=named)
        assert (answer.status, answer.headers["x-request-id"]) == (status, "kitchen-17")
    made = [(await house.ask(headers=own)).headers["x-request-id"] for own in ({}, {"X-Request-Id": "a" * 65})]
    assert len({*made, "a" * 65}) == 3


async def test_a_named_key_opens_what_it_may_and_is_named_where_it_may_not(house: House) -> None:
    key = await house.keys.create("notes", [Scope.CHAT])
    assert (await house.ask(key=key)).status == 200
    refused = await house.ask("/events", key)
    assert (refused.status, refused.code) == (403, "no_scope")
    assert "'notes'" in refused.body["error"]["message"]
    assert KEY not in str(refused.body)
    assert key not in str(refused.body)


async def test_t5_a_key_in_the_address_or_a_cookie_is_none(house: House) -> None:
    key = await house.keys.create("notes", [Scope.CHAT])
    for name in ("key", "api_key", "token", "access_token"):
        assert (await house.ask("/chat", "", params={name: key})).status == 401
        assert (await house.ask("/chat", "", headers={"Cookie": f"{name}={key}"})).status == 401
    assert (await house.ask("/chat", "", headers={"X-Api-Key": key})).status == 401


async def test_t26_a_revoked_key_is_hung_up_on(house: House) -> None:
    key, other = await house.keys.create("goes", [Scope.HOME]), await house.keys.create("stays", [Scope.HOME])
    url = f"http://127.0.0.1:{house.port}/events"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Authorization": f"Bearer {key}"}) as goes,
        session.get(url, headers={"Authorization": f"Bearer {other}"}) as stays,
    ):
        await goes.content.readline()
        await stays.content.readline()
        assert (await house.ask("/api/keys/goes", method="DELETE")).body == {"revoked": "goes"}
        async with asyncio.timeout(30):
            with pytest.raises(aiohttp.ClientPayloadError):
                await goes.content.read()
        assert (await house.ask("/events", key)).status == 401
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await stays.content.readline()
                await stays.content.readline()


async def test_t26_a_socket_of_a_revoked_key_is_closed_and_its_work_ends(house: House) -> None:
    key = await house.keys.create("goes", [Scope.CHAT])
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://127.0.0.1:{house.port}/socket", headers=headers) as socket,
    ):
        await socket.send_str("hello")
        assert await socket.receive_str() == "hello"
        assert house.talking == {"goes"}
        await house.keys.revoke("goes")
        async with asyncio.timeout(30):
            ended = await socket.receive()
            while house.talking:
                await asyncio.sleep(0.01)
        assert ended.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
            await session.ws_connect(f"ws://127.0.0.1:{house.port}/socket", headers=headers)


async def test_an_expired_key_is_hung_up_on(house: House) -> None:
    key = await house.keys.create("guest", [Scope.HOME], lasting=0.5)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{house.port}/events", headers={"Authorization": f"Bearer {key}"}) as answer,
    ):
        await answer.content.readline()
        async with asyncio.timeout(30):
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.content.read()
    assert (await house.ask("/events", key)).status == 401


async def test_keys_are_made_shown_and_taken_back_over_http(house: House) -> None:
    made = await house.ask("/api/keys", method="POST", json={"name": "notes", "scopes": ["chat"], "seconds": 60})
    assert made.status == 201
    assert made.headers["cache-control"] == "no-store"
    key = made.body["key"]
    assert (await house.ask(key=key)).status == 200
    listed = await house.ask("/api/keys")
    (shown,) = listed.body["keys"]
    assert (shown["name"], shown["scopes"]) == ("notes", ["chat"])
    assert shown["expires"] == shown["created"] + 60
    assert shown["used"] >= shown["created"]
    assert key not in str(listed.body)
    for name, scopes, status in (
        ("notes", ["chat"], 409),
        ("a b", ["chat"], 400),
        ("x", ["moon"], 400),
        ("x", [], 400),
    ):
        refused = await house.ask("/api/keys", method="POST", json={"name": name, "scopes": scopes})
        assert refused.status == status
    assert (await house.ask("/api/keys", key)).status == 403
    assert (await house.ask("/api/keys/notes", method="DELETE")).status == 200
    assert (await house.ask("/api/keys/notes", method="DELETE")).status == 404
    assert (await house.ask(key=key)).status == 401


# -- wrong keys --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_nobody_waits")
async def test_t5_twenty_wrong_keys_make_an_address_wait_and_others_notice_nothing(house: House) -> None:
    key = await house.keys.create("notes", [Scope.CHAT])
    for number in range(20):
        assert (await house.ask(key=f"wrong{number}", source="127.0.0.2")).status == 401
    for shown in ("wrong", key, ""):
        refused = await house.ask(key=shown, source="127.0.0.2")
        assert (refused.status, refused.code) == (429, "backed_off")
        assert int(refused.headers["retry-after"]) >= 1
    assert (await house.ask(key=key, source="127.0.0.3")).status == 200
    assert (await house.ask(key="wrong", source="127.0.0.3")).status == 401


@pytest.mark.usefixtures("_nobody_waits")
async def test_t5_the_owner_on_this_machine_gets_in_all_the_same(house: House) -> None:
    for number in range(21):
        await house.ask(key=f"wrong{number}")
    assert (await house.ask(key="")).status == 429
    assert (await house.ask()).status == 200
    passed_on = await house.ask(headers={"X-Forwarded-For": "198.51.100.7"})
    assert passed_on.status == 429


async def test_who_shows_no_key_is_not_made_to_wait(house: House) -> None:
    for _ in range(40):
        assert (await house.ask(key="")).status == 401
    assert (await house.ask("/healthz", "")).status == 200


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_nobody_waits")
async def test_a_key_may_ask_so_often_and_another_is_not_held_up(home: Path) -> None:
    limits = {"minute": 1, "burst": 2, "scopes": {Scope.HOME: 0}}
    async with housed(home, limits=_limits(**limits)) as house:
        keys = [await house.keys.create(name, [Scope.ADMIN]) for name in ("a", "b")]
        assert [(await house.ask(key=keys[0])).status for _ in range(3)] == [200, 200, 429]
        refused = await house.ask(key=keys[0])
        assert refused.code == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert (await house.ask(key=keys[1])).status == 200
        assert (await house.ask("/api/keys", keys[0])).status == 200, "another scope has a bucket of its own"
        assert [(await house.ask()).status for _ in range(20)] == [200] * 20, "the owner is not limited here"
        passed_on = [(await house.ask(headers={"Via": "1.1 proxy"})).status for _ in range(3)]
        assert passed_on == [200, 200, 429], "but from afar"


def _limits(**settings: Any) -> Any:
    return type(HttpConfig().limits)(**settings)


# -- pages of other sites ----------------------------------------------------------------------------------------------


async def test_t4_a_site_on_the_list_may_ask_and_read(home: Path) -> None:
    async with housed(home, origins=[SITE]) as house:
        wanted = {
            "Origin": SITE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
            "Access-Control-Request-Private-Network": "true",
        }
        leave = await house.ask("/chat", "", method="OPTIONS", headers=wanted)
        assert leave.status == 204
        assert leave.headers["access-control-allow-origin"] == SITE
        assert leave.headers["access-control-allow-methods"] == "POST"
        assert leave.headers["access-control-allow-headers"] == "authorization, content-type"
        assert leave.headers["access-control-allow-private-network"] == "true"
        assert "access-control-allow-credentials" not in leave.headers
        answer = await house.ask("/chat", method="POST", json={"a": 1}, headers={"Origin": SITE})
        assert answer.body == {"took": {"a": 1}}
        assert answer.headers["access-control-allow-origin"] == SITE
        assert answer.headers["access-control-expose-headers"] == "Retry-After, X-Request-Id"
        assert answer.headers["vary"] == "Origin"
        refused = await house.ask("/chat", "", headers={"Origin": SITE})
        assert refused.status == 401, "the site may ask, but it needs a key as anybody does"
        assert refused.headers["access-control-allow-origin"] == SITE
        assert (await house.ask("/nothing", headers={"Origin": SITE})).headers["access-control-allow-origin"] == SITE


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://chat.example",
        "https://chat.example:444",
        "https://chat.example.evil",
        "null",
        "*",
    ],
)
async def test_t4_no_other_site_may(home: Path, origin: str) -> None:
    async with housed(home, origins=[SITE]) as house:
        wanted = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for method, headers in (("OPTIONS", wanted), ("GET", {"Origin": origin})):
            answer = await house.ask("/chat", method=method, headers=headers)
            assert (answer.status, answer.code) == (403, "foreign_origin")
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_t4_without_a_list_no_answer_speaks_of_origins(house: House) -> None:
    answer = await house.ask("/chat")
    assert not [name for name in answer.headers if name.startswith("access-control") or name == "vary"]


@pytest.mark.parametrize(
    "origin", ["*", "https://*.example", "https://a.example/", "https://a.example/x", "a.example", ""]
)
def test_t4_a_list_of_anything_is_an_error(tmp_path: Path, origin: str) -> None:
    from assistant import ConfigError
    from assistant.config import load

    file = tmp_path / "assistant.yaml"
    file.write_text(f"http: {{origins: ['{origin}']}}")
    with pytest.raises(ConfigError, match=r"http\.origins"):
        load(file, {})


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_t4_a_page_must_send_json(home: Path, kind: str) -> None:
    async with housed(home, origins=[SITE]) as house:
        for browser in (
            {"Origin": SITE},
            {"Sec-Fetch-Site": "same-origin"},
            {"Origin": f"http://127.0.0.1:{house.port}"},
        ):
            answer = await house.ask("/chat", method="POST", data=b'{"a": 1}', headers={"Content-Type": kind} | browser)
            assert (answer.status, answer.code) == (415, "not_json")
            answer = await house.ask("/chat", method="POST", json={"a": 1}, headers=browser)
            assert answer.status == 200
        plain = await house.ask("/chat", method="POST", data=b'{"a": 1}', headers={"Content-Type": kind})
        assert plain.status == 200, "other programs need not say what it is"


# -- what is told ------------------------------------------------------------------------------------------------------


async def test_the_audit_log_tells_of_keys_and_not_of_content(house: House) -> None:
    key = (await house.ask("/api/keys", method="POST", json={"name": "notes", "scopes": ["chat"]})).body["key"]
    for _ in range(3):
        await house.ask("/chat?secret=flowerpot", key, source="127.0.0.5")
    await house.ask("/events", key, source="127.0.0.5")
    for wrong in ("flowerpot", "flowerpot2"):
        await house.ask("/nothing/flowerpot", wrong, source="127.0.0.6")
    await house.ask("/api/keys/notes", method="DELETE")
    await house.ask("/api/keys/flow%0Aerpot", method="DELETE")
    told = await house.told()
    first = {"key": "owner", "address": "127.0.0.1"}
    assert told == [
        {"event": "key-used", **first, "scope": "admin", "route": "POST /api/keys"},
        {"event": "key-created", "key": "notes", "scopes": "chat", "by": "owner"},
        {"event": "administered", "key": "owner", "route": "POST /api/keys", "what": "", "outcome": "ok"},
        {"event": "key-used", "key": "notes", "address": "127.0.0.5", "scope": "chat", "route": "GET /chat"},
        {
            "event": "key-refused",
            "key": "notes",
            "address": "127.0.0.5",
            "route": "GET /events",
            "reason": "scope",
        },
        {"event": "key-refused", "address": "127.0.0.6", "route": "nothing that there is", "reason": "wrong"},
        {"event": "key-revoked", "key": "notes", "by": "owner"},
        {"event": "administered", "key": "owner", "route": "DELETE /api/keys/{name}", "what": "notes", "outcome": "ok"},
        {
            "event": "administered",
            "key": "owner",
            "route": "DELETE /api/keys/{name}",
            "what": "flow\nerpot",
            "outcome": "refused",
        },
    ]
    await house.ask("/model", method="DELETE", json={"model": "whisper-base"})
    assert (await house.told())[-1] == {
        "event": "administered",
        "key": "owner",
        "route": "DELETE /model",
        "what": "whisper-base",
        "outcome": "failed",
    }
    assert all("\n" not in record.fields for record in await house.state.audit.since())


async def test_the_audit_log_tells_of_requests_that_change_something_at_doors_that_need_not(house: House) -> None:
    guest = await house.keys.create("guest", [Scope.CHAT])
    for key, outcome in ((KEY, "ok"), (guest, "refused")):
        assert (await house.ask("/chat", key, method="POST", json={"unload": False})).status == 200
        await house.ask("/chat", key, method="POST", json={"unload": True})
        last = (await house.told())[-1]
        assert (last["event"], last["what"], last["outcome"]) == ("administered", "small", outcome)
    told = [one for one in await house.told() if one["event"] == "administered"]
    assert len(told) == 2, "who only asks is not told of"


async def test_t5_no_key_is_ever_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    key = await house.keys.create("notes", [Scope.CHAT])
    for shown in (key, KEY, "wrong-key-of-mine", *(f"wrong{n}" for n in range(25))):
        await house.ask("/chat", shown)
    kept = caplog.text + str(await house.told())
    assert "too many wrong keys from 127.0.0.1" in caplog.text
    assert not [shown for shown in (key, KEY, "wrong-key-of-mine", "wrong2") if shown in kept]


async def test_t40_a_path_writes_no_line_of_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    url = yarl.URL(f"http://127.0.0.1:{house.port}/fail/a%0Aforged%1B%5B2J", encoded=True)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session, session.get(url) as answer:
        assert answer.status == 500
    (record,) = (record for record in caplog.records if "failed" in record.message)
    assert record.message == "GET /fail/a%0Aforged%1B%5B2J failed"
