"""The description of the doors: whole, valid, and true."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import pytest

from assistant.access.owner import api_key
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.http.openapi import described
from tests.doors import assembled


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


def test_nothing_is_described_of_nothing() -> None:
    assert described([])["paths"] == {}


@pytest.mark.once
async def test_no_request_that_schemathesis_thinks_of_breaks_a_door(home: Path) -> None:
    async with assembled(home) as (loaded, assembly):
        app = make_app(loaded.config.http, assembly.events, dict, {}, doors(assembly))
        async with serve(app, loaded.config.http) as port:
            command = [sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/openapi.json"]
            command += ["--header", f"Authorization: Bearer {api_key(loaded.config.http)}", "--no-color"]
            command += ["--checks", "not_a_server_error,response_schema_conformance,unsupported_method"]
            command += ["--phases", "fuzzing", "--max-examples", "8", "--seed", "1", "--warnings", "off"]
            command += ["--exclude-path", "/events", "--generation-database", "none"]
            process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, cwd=home)
            said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
