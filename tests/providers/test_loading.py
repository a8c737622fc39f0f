"""Programs that load and unload a model have the server that runs it do so."""

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from ollama import AsyncClient as AsyncOllama

from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.testing import Script, ScriptedServer, page, scripted_server
from tests.doors import assembled

KEY = "a key of the tests"
HEADERS = {"Authorization": f"Bearer {KEY}"}
PAGES = {
    "/v1/internal/model/load": page("200 OK", b'"OK"'),
    "/v1/internal/model/unload": page("200 OK", b'"OK"'),
}
BODY = b'{"model_name":"big"}'


@pytest.fixture
async def server() -> AsyncGenerator[ScriptedServer, None]:
    def answer(path: str) -> Script:
        if path == "/v1/internal/model/info":
            name = b"big" if [path for path, _ in told(running)][-1:] == ["/v1/internal/model/load"] else b"None"
            return page("200 OK", b'{"model_name": "%s", "lora_names": []}' % name)
        return PAGES.get(path, page("500 Broken"))

    async with scripted_server(answer) as running:
        yield running


@pytest.fixture
async def url(server: ScriptedServer, tmp_path: Path) -> AsyncGenerator[str, None]:
    """Run an assistant that knows a model of the server, and of one that has nothing to load."""
    text = f"type: textgen, endpoint: http://127.0.0.1:{server.port}/v1, models: [big]"
    other = f"type: openai, endpoint: http://127.0.0.1:{server.port}/v1, models: [far]"
    more = f"providers: {{pc: {{{text}}}, cloud: {{{other}}}}}\n"
    setting = f"{{port: 0, key: {KEY}}}"
    async with assembled(tmp_path, setting, more=more, with_plugin="assistant_openai_bridge") as (loaded, assembly):
        app = make_app(loaded.config.http, assembly.events, dict, {}, doors(assembly), keys=assembly.keys)
        async with serve(app, loaded.config.http) as port:
            yield f"http://127.0.0.1:{port}"


def told(server: ScriptedServer) -> list[tuple[str, bytes]]:
    """Return what the server was told to do."""
    return [(heard.path, heard.body) for heard in server.heard if heard.body]


async def test_by_the_plain_doors(url: str, server: ScriptedServer) -> None:
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for act in ("load", "unload"):
            async with session.post(f"{url}/models/pc%2Fbig/{act}") as answer:
                assert answer.status == 200, await answer.text()
    assert told(server) == [("/v1/internal/model/load", BODY), ("/v1/internal/model/unload", BODY)]


async def test_by_ollamas_doors(url: str, server: ScriptedServer) -> None:
    async with AsyncOllama(url, headers=HEADERS) as program:
        assert (await program.generate("pc/big:latest")).done_reason == "load"
        assert (await program.generate("pc/big:latest", keep_alive=0)).done_reason == "unload"
    assert told(server) == [("/v1/internal/model/load", BODY), ("/v1/internal/model/unload", BODY)]


async def test_a_model_that_is_nobodys_to_load_is_only_opened_here(url: str, server: ScriptedServer) -> None:
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for act in ("load", "unload"):
            async with session.post(f"{url}/models/cloud%2Ffar/{act}") as answer:
                assert answer.status == 200
    assert not server.heard


async def test_what_the_server_says_of_it_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = page("500 Failed", b'{"detail": "Failed to load the model."}')
    monkeypatch.setitem(PAGES, "/v1/internal/model/load", failed)
    async with aiohttp.ClientSession(headers=HEADERS) as session, session.post(f"{url}/models/pc%2Fbig/load") as answer:
        assert answer.status >= 500 and "Failed to load the model" in await answer.text()
