"""Who is let in: keys, host names, origins (T1 to T5 of the list of attacks)."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from assistant import ConfigError
from assistant.access.owner import api_key, same_key
from assistant.config import HttpConfig
from assistant.http.guard import check_bind, is_loopback
from tests.http.conftest import KEY, Door

BEARER = f"Authorization: Bearer {KEY}\r\n"


def get(path: str, *headers: str, host: str | None = "localhost", version: str = "1.1") -> bytes:
    """Write a request; the headers are sent as they are."""
    lines = [f"GET {path} HTTP/{version}", *([f"Host: {host}"] if host is not None else []), *headers, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


# -- keys ------------------------------------------------------------------------------------------------------------


async def test_t2_every_route_needs_the_key_but_the_public_ones(door: Door, stranger: aiohttp.ClientSession) -> None:
    paths = {resource.canonical for resource in door.app.router.resources() if resource.canonical}
    routes = [(route.method, route.resource.canonical) for route in door.app.router.routes() if route.resource]
    assert {("GET", "/events"), ("GET", "/healthz"), ("POST", "/plugins/mine/echo")} <= set(routes)
    assert "/plugins/mine" in paths
    for method, path in routes:
        async with stranger.request(method, path) as answer:
            assert (answer.status != 401) == (path in ("/healthz", "/readyz", "/openapi.json", "/docs")), (
                f"{method} {path}"
            )


@pytest.mark.parametrize("path", ["/nothing", "/plugins/", "/plugins/mine/nothing", "/events/", "//events", "/EVENTS"])
async def test_what_there_is_cannot_be_told_without_the_key(door: Door, path: str) -> None:
    assert await door.status(get(path)) == 401
    assert await door.status(get(path, BEARER.strip())) == 404


@pytest.mark.parametrize(
    "path",
    ["/healthz/../events", "/healthz/%2e%2e/events", "/%65vents", "/events?x=/healthz", "/events;/healthz", "/events#"],
)
async def test_a_path_in_disguise_needs_the_key(door: Door, path: str) -> None:
    assert await door.status(get(path)) in (400, 401)


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer ",
        "Authorization: Bearer",
        "Authorization: ",
        f"Authorization: {KEY}",
        f"Authorization: Basic {KEY}",
        f"Authorization: Bearer {KEY}x",
        f"Authorization: Bearer {KEY[:-1]}",
        f"Authorization: Bearer {KEY.upper()}",
        "Authorization: Bearer ä",
        "Authorization: Bearer \udcff\udcfe",
        "Authorization: Bearer " + "x" * 7000,
        f"X-Api-Key: {KEY}",
        f"Cookie: key={KEY}",
    ],
)
async def test_t5_a_wrong_key_is_refused_alike(door: Door, header: str) -> None:
    assert await door.status(get("/events", header)) == 401


async def test_t5_a_key_in_the_address_is_refused(door: Door, stranger: aiohttp.ClientSession) -> None:
    for name in ("key", "api_key", "token", "access_token"):
        async with stranger.get("/nothing", params={name: KEY}) as answer:
            assert answer.status == 401


async def test_who_is_refused_learns_how_to_knock(stranger: aiohttp.ClientSession) -> None:
    async with stranger.get("/events") as answer:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert (await answer.json())["error"]["code"] == "no_key"
    async with stranger.get("/events", headers={"Authorization": "Bearer wrong"}) as answer:
        assert "nobody here has this key" in await answer.text()


async def test_the_scheme_is_written_in_any_case(door: Door) -> None:
    assert await door.status(get("/nothing", f"authorization: bEARER   {KEY} ")) == 404


def test_t5_keys_are_compared_by_their_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert same_key("right", "right")
    assert not same_key("a much longer key than that", "right")
    right = hashlib.sha256(b"right").digest()
    assert compared == [(right, right), (hashlib.sha256(b"a much longer key than that").digest(), right)]


def test_no_key_is_the_key_of_nothing() -> None:
    assert not same_key("", "")


def test_the_key_is_made_anew_where_its_file_is_empty(home: Path) -> None:
    file = home / "state" / "api-key"
    first = api_key(HttpConfig())
    assert len(first) >= 32
    assert api_key(HttpConfig()) == first
    file.write_text("\n")
    second = api_key(HttpConfig())
    assert second not in ("", first)
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == ["api-key"]


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST", "localhost."])
def test_t1_loopback_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    check_bind(HttpConfig(host=host))


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.2", "example.org", "localhost.example.org", "127.1.evil"]
)
def test_t1_anything_else_needs_one(host: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.key") as error:
        check_bind(HttpConfig(host=host))
    assert error.value.exit_code == 78
    check_bind(HttpConfig(host=host, key=KEY))


# -- hosts: DNS rebinding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8420",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:8420",
        "[::1]",
        "[::1]:8420",
        "192.168.1.5:80",
        "[fe80::1%eth0]:80",
        "kitchen.example",
        "KITCHEN.example.:8420",
    ],
)
async def test_t3_an_address_or_a_known_name_is_a_host(door: Door, host: str) -> None:
    assert await door.status(get("/healthz", host=host)) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8420",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example#localhost",
        "evil.example/localhost",
        "evil.example?localhost",
        "evil.example\\localhost",
        "evil.example localhost",
        "localhost:80@evil.example",
        "127.0.0.1.evil.example",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "[::1",
        "::1]",
        "[::1]evil.example",
        "[evil.example]",
        "[]",
        ":",
        "",
        "..",
        "-",
        "lоcalhost",
        "localhost℀",
        "\udcff",
        "x" * 5000,
        "kitchen",
        "sub.kitchen.example",
    ],
)
async def test_t3_any_other_host_is_refused_before_the_key(door: Door, host: str) -> None:
    for path in ("/healthz", "/events"):
        assert await door.status(get(path, host=host)) in (400, 421)


async def test_a_request_without_a_host_is_refused(door: Door) -> None:
    assert await door.status(get("/healthz", host=None)) in (400, 421)
    assert await door.status(get("/healthz", host=None, version="1.0")) == 421


async def test_two_hosts_are_no_host(door: Door) -> None:
    assert await door.status(get("/healthz", "Host: evil.example")) in (400, 421)
    assert await door.status(get("/healthz", "Host: localhost", host="evil.example")) in (400, 421)


async def test_t3_an_upgrade_does_not_go_round_the_guard(door: Door) -> None:
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
    assert await door.status(get("/events", *upgrade, host="evil.example")) == 421
    assert await door.status(get("/events", *upgrade)) == 401


# -- origins: other sites in a browser -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://localhost:1",
        "http://127.0.0.1",
        "http://localhost@evil.example",
        "null",
        "file://",
        "chrome-extension://abc",
        "",
        "http://[::1",
        "localhost",
    ],
)
async def test_t4_another_site_is_refused_even_with_the_key(door: Door, origin: str) -> None:
    for path in ("/healthz", "/nothing"):
        assert await door.status(get(path, f"Origin: {origin}", BEARER.strip())) == 403


async def test_this_site_is_let_in(door: Door) -> None:
    assert await door.status(get("/healthz", "Origin: http://localhost:8420", host="localhost:8420")) == 200


async def test_t4_a_preflight_of_another_site_gets_no_leave(stranger: aiohttp.ClientSession) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with stranger.options("/plugins/mine/echo", headers=headers) as answer:
        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


# -- what is answered ------------------------------------------------------------------------------------------------


async def test_an_unknown_path_is_a_404_in_json(client: aiohttp.ClientSession) -> None:
    async with client.get("/nothing") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/json"
        assert (await answer.json())["error"]["code"] == "not_found"


async def test_a_wrong_method_names_the_right_ones(client: aiohttp.ClientSession) -> None:
    async with client.post("/healthz") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET"
        assert (await answer.json())["error"]["code"] == "method_not_allowed"


async def test_a_fault_is_logged_and_not_shown(client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture) -> None:
    async with client.get("/plugins/mine/fail") as answer:
        assert answer.status == 500
        assert "secret" not in await answer.text()
    assert "a secret of the plugin" in caplog.text


async def test_a_body_is_bounded(client: aiohttp.ClientSession, door: Door) -> None:
    async with client.post("/plugins/mine/echo", data=b"x" * 1_000_000) as answer:
        assert await answer.json() == {"size": 1_000_000}
    async with client.post("/plugins/mine/echo", data=b"x" * 1_000_001) as answer:
        assert answer.status == 413
        assert (await answer.json())["error"]["code"] == "request_entity_too_large"

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 10_000

    async with client.post("/plugins/mine/echo", data=chunks()) as answer:
        assert answer.status == 413


async def test_healthz_and_readyz(door: Door, stranger: aiohttp.ClientSession) -> None:
    async with stranger.get("/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "alive"})
    async with stranger.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ready", "not_open": {}})
    door.closed = {"model chat": "opening"}
    async with stranger.get("/readyz") as answer:
        assert answer.status == 503
        assert await answer.json() == {"status": "not ready", "not_open": {"model chat": "opening"}}
