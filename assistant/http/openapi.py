"""`/openapi.json` and `/docs`: what can be asked here, made from the routes and the structs that check their bodies.

Format: https://spec.openapis.org/oas/v3.1.1. Anybody may read it: it tells of the program, and nothing of this house.
"""

import html
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from assistant.engines import API
from assistant.http.route import Answer, FileForm, JsonObject, Route

__all__ = ["described", "routes"]

_REFERENCE = "#/components/schemas/{name}"
_ERROR = {
    "description": "What went wrong, and what to do",
    "content": {"application/json": {"schema": {"type": "object", "required": ["error"]}}},
}
_FILE = Annotated[str, Meta(extra_json_schema={"format": "binary", "contentMediaType": "application/octet-stream"})]
"""A file of a form, in the words of OpenAPI 3.0, by which programs know it, and of 3.1."""
_STATUSES = {"400": "given", "401": "key", "403": "key", "429": "key"}
"""Refusals that a route may answer with, and what it must have for that."""


def routes(every: Callable[[], Iterable[Route]]) -> list[Route]:
    """Return the routes; *every* gives all that are described, these included."""

    @cache
    def description() -> tuple[bytes, str]:
        told = described(list(every()))
        return msgspec.json.encode(told), _page(told)

    async def openapi(request: web.Request) -> web.Response:
        """Describe every route, in OpenAPI 3.1."""
        return web.Response(body=description()[0], content_type="application/json")

    async def docs(request: web.Request) -> web.Response:
        """Describe every route, as a page that needs no network."""
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return web.Response(text=description()[1], content_type="text/html", headers=policy)

    return [
        Route("GET", "/openapi.json", openapi, None, gives=JsonObject),
        Route("GET", "/docs", docs, None, media=("text/html",)),
    ]


def described(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the description of *routes*."""
    types = {kind: kind for route in routes for kind in (route.takes, route.gives) if kind is not None}
    types |= {field.type: field.type for route in routes for field in _parameters(route)}
    types |= {route.form: _whole(route.form) for route in routes if route.form is not None}
    schemas, components = msgspec.json.schema_components(types.values(), ref_template=_REFERENCE)
    schema = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inglenook", "version": str(API), "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schema: dict[Any, Any]) -> dict[str, Any]:
    summary, _, more = inspect.cleandoc(_documentation(route.answer)).partition("\n\n")
    name = re.sub(r"\W", "_", f"{route.method.lower()}{route.path}")
    answer: dict[str, Any] = {"description": "The answer"}
    given = {} if route.gives is None else {"application/json": {"schema": schema[route.gives]}}
    if told := given | {media: {} for media in route.media}:
        answer["content"] = told
    content = {media: {"schema": schema[kind]} for media, kind in route.bodies.items()}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)", route.path)
    ]
    parameters += [
        {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema[field.type]}
        for field in _parameters(route)
    ]
    has = {"given": bool(content) or route.query is not None, "key": route.scope is not None}
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": " ".join(summary.split()),
        "responses": {
            **{str(int(status)): answer for status in (route.status, *route.otherwise)},
            **{code: _ERROR for code, what in _STATUSES.items() if has[what]},
            "default": _ERROR,
        },
    }
    if more:
        operation["description"] = more
    if parameters:
        operation["parameters"] = parameters
    if content:
        operation["requestBody"] = {"required": True, "content": content}
    if route.scope is not None:
        operation |= {"security": [{"key": []}], "x-scope": str(route.scope)}
    return operation


def _parameters(route: Route) -> Sequence[msgspec.structs.FieldInfo]:
    return () if route.query is None else msgspec.structs.fields(route.query)


def _whole(form: FileForm[Any]) -> Any:
    """Return the struct of a form with its file among the fields."""
    struct = form.fields
    return msgspec.defstruct(
        struct.__name__, [(form.file, _FILE)], bases=(struct,), namespace={"__doc__": struct.__doc__}, kw_only=True
    )


def _documentation(answer: Answer) -> str:
    return (answer.func if isinstance(answer, partial) else answer).__doc__ or ""


def _page(told: dict[str, Any]) -> str:
    """Return the description as a page without scripts."""
    rows = [
        f"<tr><td><code>{method.upper()}</code><td><code>{html.escape(path)}</code>"
        f"<td>{html.escape(operation['summary'])}<td>{operation.get('x-scope', 'none')}"
        for path, operations in sorted(told["paths"].items())
        for method, operation in operations.items()
    ]
    bodies = [
        f"<details id='{name}'><summary><code>{name}</code></summary>"
        f"<pre>{html.escape(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())}</pre></details>"
        for name, schema in sorted(told["components"]["schemas"].items())
    ]
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Inglenook</title>"
        "<style>body{font:16px system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}"
        "td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}pre{overflow:auto}</style>"
        "<h1>Inglenook</h1><p>Machines read <a href='/openapi.json'>/openapi.json</a>. Every request but those of scope"
        " <i>none</i> carries <code>Authorization: Bearer KEY</code>.</p>"
        f"<table><tr><th>Method<th>Path<th>What it does<th>Scope{''.join(rows)}</table>"
        f"<h2>Bodies</h2>{''.join(bodies)}</html>"
    )
