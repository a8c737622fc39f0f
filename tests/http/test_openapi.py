"""The description of the doors: whole, valid, and true."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import pytest
from aiohttp import web

import assistant.http
from assistant.access.owner import api_key
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.http.openapi import described
from tests.doors import assembled

FILES = """
import io, wave
import schemathesis
from hypothesis import strategies
from schemathesis.transport.serialization import Binary

sound = io.BytesIO()
with wave.open(sound, "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(16_000), file.writeframes(bytes(16_000))
files = strategies.just(sound.getvalue()) | strategies.binary()
schemathesis.openapi.format("binary", files.map(Binary))
"""
"""Tells schemathesis of the files that it sends: every other one is a recording, so that it is not turned away."""


@pytest.fixture
async def told(home: Path) -> Any:
    """What a program is told that has no key."""
    async with assembled(home) as (loaded, assembly):
        app = make_app(loaded.config.http, assembly.events, dict, {}, doors(assembly))
        async with serve(app, loaded.config.http) as port, aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/openapi.json") as answer:
                body = await answer.json()
            async with session.get(f"http://127.0.0.1:{port}/docs") as answer:
                page = await answer.text()
    known = {f"{route.method} {route.resource.canonical}" for route in app.router.routes() if route.resource}
    return body, page, known


def test_every_route_is_described(told: Any) -> None:
    body, page, known = told
    paths = body["paths"]
    assert {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations} == known
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation["summary"], f"{method} {path} has no docstring"
            assert f"<code>{path}</code>" in page
            said = {code for code, answer in operation["responses"].items() if answer["description"] == "The answer"}
            assert said == {"200", "503"} if path == "/readyz" else len(said) == 1
            assert ("security" in operation) == (path not in ("/healthz", "/readyz", "/openapi.json", "/docs"))
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(ids) == len(set(ids))


def test_the_page_needs_no_network(told: Any) -> None:
    _, page, _ = told
    assert "<script" not in page
    assert "http" not in page.replace("httpx", "").split("<h2>")[0].replace("http-equiv", "")


def test_every_schema_is_one_and_every_reference_leads_somewhere(told: Any) -> None:
    body, _, _ = told
    schemas = body["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for item in value.values() for found in references(item)]
        return [found for item in value for found in references(item)] if isinstance(value, list) else []

    found = references(body)
    assert len(found) > 20
    assert {name.removeprefix("#/components/schemas/") for name in found} <= set(schemas)


def file_of(operation: Any, schemas: Any) -> str | None:
    """Return the field of the file of a described form; None where there is no form."""
    if (form := operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")) is None:
        return None
    schema = schemas[form["schema"]["$ref"].removeprefix("#/components/schemas/")]
    [file] = schema["required"]
    assert schema["properties"][file]["format"] == "binary"
    return str(file)


@pytest.fixture
async def asking(home: Path) -> AsyncGenerator[tuple[Any, aiohttp.ClientSession], None]:
    """Serve the real doors: what they say of themselves, and a program that may ask everything."""
    async with assembled(home, "{port: 0, limits: {minute: 0}}") as (loaded, assembly):
        config, every = loaded.config.http, doors(assembly)
        app = make_app(config, assembly.events, dict, {}, every, assembly.keys, assembly.audit)
        headers = {"Authorization": f"Bearer {api_key(config)}"}
        async with (
            serve(app, config) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session,
        ):
            yield described(every), session


async def test_every_answer_is_described(asking: Any) -> None:
    told, session = asking
    said = {
        f"{method} {path}": set(answer.get("content", ()))
        for path, operations in told["paths"].items()
        for method, operation in operations.items()
        for code, answer in operation["responses"].items()
        if code.startswith("2")
    }
    assert all(said.values()), f"not described: {[route for route, media in said.items() if not media]}"
    assert said["post /api/turn"] == {"text/event-stream"}
    assert {"application/json", "text/event-stream"} == said["post /v1/chat/completions"] == said["post /v1/responses"]
    for path in ("/api/version", "/", "/api/keys", "/api/devices", "/api/timers", "/api/tags", "/api/ps"):
        async with session.get(path) as answer:
            assert {answer.content_type} == said[f"get {path}"], path


async def test_every_form_that_is_read_is_described_and_no_other(asking: Any) -> None:
    told, session = asking
    schemas, read, said = told["components"]["schemas"], {}, {}
    for path, operations in told["paths"].items():
        for method in operations.keys() & {"post", "put", "patch", "delete"}:
            url, empty = re.sub(r"{\w+}", "none", path), {"data": b"--x--\r\n"}
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            async with session.request(method, url, **empty, headers=headers) as answer:
                missing = re.search(r"the form has no field `(\w+)`", await answer.text())
            read[path] = missing and missing[1]
            said[path] = file_of(operations[method], schemas)
    assert read == said
    assert set(read.values()) == {None, "file", "audio", "image"}


async def test_every_field_of_a_form_and_of_a_query_that_is_described_is_checked(asking: Any) -> None:
    told, session = asking
    schemas, nonsense, tried = told["components"]["schemas"], "x" * 5_000, set()
    for path, operations in told["paths"].items():
        url = re.sub(r"{\w+}", "none", path)
        for method, operation in operations.items():
            for key in [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]:
                async with session.request(method, url, params={key: nonsense[:1_000]}) as answer:
                    assert answer.status == 400 and key in await answer.text(), f"{method} {path} {key}"
                tried.add(key)
            if (file := file_of(operation, schemas)) is None:
                continue
            schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
            for key in schemas[schema]["properties"].keys() - {file}:
                form = aiohttp.FormData({key: nonsense})
                form.add_field(file, b"1", filename="1")
                async with session.post(url, data=form) as answer:
                    assert answer.status == 400 and key in await answer.text(), f"{path} {key}"
                tried.add(key)
    assert {"seconds", "person", "model", "temperature", "confidence", "sound"} <= tried


def test_no_answer_reads_a_query_that_its_route_does_not_tell() -> None:
    [folder] = assistant.http.__path__
    reading = {
        file.name
        for file in Path(folder).rglob("*.py")
        if re.search(r"request\.(query|query_string|url|rel_url\.query\w*)\b", file.read_text())
    }
    assert reading == {"route.py"}


def test_nothing_is_described_of_nothing() -> None:
    assert described([])["paths"] == {}


@pytest.mark.once
async def test_no_request_that_schemathesis_thinks_of_breaks_a_door(home: Path) -> None:
    async with assembled(home) as (loaded, assembly):
        sent, every = set[tuple[str, str]](), doors(assembly)
        app = make_app(loaded.config.http, assembly.events, dict, {}, every)
        app.middlewares.append(noting(sent))
        async with serve(app, loaded.config.http) as port:
            command = [sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/openapi.json"]
            command += ["--header", f"Authorization: Bearer {api_key(loaded.config.http)}", "--no-color"]
            checks = "not_a_server_error,response_schema_conformance,content_type_conformance,unsupported_method"
            command += ["--checks", checks]
            command += ["--phases", "fuzzing", "--max-examples", "8", "--seed", "1", "--warnings", "off"]
            command += ["--exclude-path", "/events", "--generation-database", "none"]
            (home / "files.py").write_text(FILES)
            known = os.environ | {"SCHEMATHESIS_HOOKS": "files"}
            process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, cwd=home, env=known)
            said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    bodies = {(route.path, media) for route in every for media in route.bodies}
    assert bodies <= sent, f"never sent: {sorted(bodies - sent)}"


def noting(sent: set[tuple[str, str]]) -> Any:
    """Return a middleware that notes where which kinds of bodies come."""

    @web.middleware
    async def middleware(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.match_info.route.resource is not None:
            sent.add((request.match_info.route.resource.canonical, request.content_type))
        answer: web.StreamResponse = await handler(request)
        return answer

    return middleware
