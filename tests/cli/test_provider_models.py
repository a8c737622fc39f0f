"""`assistant providers loaded`, `load`, `unload` and `pull`, with an Ollama of its own pages."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import pytest

from assistant.testing import page, scripted_server
from tests.running import CONFIG, Home

MEMORY = b'{"models": [{"name": "small:1b", "model": "small:1b", "size": 1}]}'
PULLED = (
    b'{"status": "pulling manifest"}\n'
    b'{"status": "pulling abc", "digest": "sha256:abc", "total": 2000, "completed": 40}\n'
    b'{"status": "pulling abc", "digest": "sha256:abc", "total": 2000, "completed": 2000}\n'
    b'{"status": "success"}\n'
)


def answer(path: str) -> Sequence[Any]:
    match path:
        case "/api/ps":
            return page("200 OK", MEMORY)
        case "/api/pull":
            return page("200 OK", PULLED, "application/x-ndjson")
    return page("200 OK", b'{"model": "small:1b", "message": {"role": "assistant", "content": ""}, "done": true}')


async def test_models_of_a_server_are_loaded_unloaded_and_downloaded(house: Home) -> None:
    async with scripted_server(answer) as server:
        house.write(f"{CONFIG}providers: {{pc: {{type: ollama, endpoint: 'http://127.0.0.1:{server.port}'}}}}\n")

        async def run(*words: str) -> Any:
            return await asyncio.to_thread(partial(house.run, "providers", *words))

        assert "pc/small:1b" in (await run("loaded", "pc")).stdout
        assert (await run("load", "pc/small:1b")).returncode == 0
        assert (await run("unload", "pc/small:1b")).returncode == 0
        said = (await run("pull", "pc/small:1b")).stdout
    bodies = [msgspec.json.decode(heard.body) for heard in server.heard[1:]]
    assert [body["model"] for body in bodies] == ["small:1b"] * 3
    assert "keep_alive" not in bodies[0] and bodies[1]["keep_alive"] == 0
    assert said.splitlines() == [
        "pulling manifest",
        "pulling abc: 0 % of 2.0 kB",
        "pulling abc: 100 % of 2.0 kB",
        "success",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("load", "cloud/small"), "cannot be told what to load"),
        (("pull", "cloud/small"), "cannot be told to download"),
        (("loaded", "pcc"), "there is no provider 'pcc'"),
        (("load", "pc"), "pc/MODEL is wanted"),
        (("load", "cold/small"), "switched off"),
    ],
)
def test_what_cannot_be_done_is_said(house: Home, words: tuple[str, str], told: str) -> None:
    house.write(
        CONFIG
        + "providers: {pc: {type: ollama}, cloud: {type: openai, endpoint: 'http://127.0.0.1:9/v1'},"
        + " cold: {type: ollama, enabled: false}}\n"
    )
    done = house.run("providers", *words)
    assert done.returncode != 0 and told in done.stderr
