"""docs/http.md: every route, every event, and the data that the code puts into it."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from assistant import EventType
from assistant.chat import TextDelta
from assistant.http.app import make_app
from assistant.http.doors import doors
from assistant.http.metrics import Requests
from assistant.http.numbers import everything
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.receipt import Action, Drafting, Receipt
from tests.docs.markdown import headings, rows
from tests.doors import assembled
from tests.source import ROOT

PAGE = ROOT / "docs" / "http.md"
BRIDGE = "assistant_openai_bridge"
SERVER = """
providers: {pc: {type: openai, endpoint: "http://127.0.0.1:9/v1", api_key: key, models: [large]}}
"""
RECEIPT = Receipt(
    "turn",
    0.0,
    "kitchen",
    "home",
    "answered",
    wake_word="hey",
    parts={"endpoint": 0.3},
    drafting=Drafting(begun=1),
    actions=(Action("tool", "act", "ok"),),
    rung="chat",
)


async def test_every_route_is_a_heading(home: Path) -> None:
    async with assembled(home) as (loaded, assembly):
        app = make_app(loaded.config.http, assembly.events, dict, {}, doors(assembly))
    routes = {f"{route.method} {route.resource.canonical}" for route in app.router.routes() if route.resource}
    found = {line for line in headings(PAGE) if re.match(r"[A-Z]+ /", line)}
    below_names = {route for route in routes if " /models/{model}/v1/" in route}
    assert below_names and {route.replace("/models/{model}", "") for route in below_names} <= routes
    assert found == {route for route in routes - below_names if not route.startswith("HEAD ")}


def test_every_event_is_described_with_the_data_that_it_carries() -> None:
    described = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[2].split(":")[0])) for row in rows(PAGE, "Events")}
    published = published_data()
    assert described == {str(kind): published[kind] for kind in EventType if kind in published}
    unsent = [kind for kind in EventType if kind not in published]
    assert all(f"`{kind}` is a name of Home Assistant's that is not sent yet" in PAGE.read_text() for kind in unsent)


def published_data() -> dict[EventType, set[str]]:
    """Return what each event carries, from the calls of `publish` and `_publish` in the source."""
    found = defaultdict[EventType, set[str]](set)
    for file in (ROOT / "assistant").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="publish" | "_publish"),
                    args=[ast.Attribute(value=ast.Name("EventType")), *_],
                ):
                    assert isinstance(node.args[0], ast.Attribute)
                    found[EventType[node.args[0].attr]] |= {str(keyword.arg) for keyword in node.keywords}
    return found


async def test_every_number_is_described_with_its_labels(home: Path) -> None:
    described = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows(PAGE, "GET /metrics")}
    of_a_model = {"model", "kind", "provider"}
    described = {name: labels | (of_a_model if "_model_" in name else set()) for name, labels in described.items()}
    async with assembled(home, with_plugin=BRIDGE, more=SERVER) as (_, assembly):
        health = assembly.equipment.routing.health
        for model in ("chat", "pc/large"):
            with health.asking(model) as asking:
                for moment in range(1, 4):
                    asking.take(TextDelta("word"), asking.began + moment)
        assembly.turns.counting(lambda receipt: None)(RECEIPT)
        families = [*everything(assembly, {"kitchen": Microphone()}), *Requests().families()]
    assert {family.name for family in families} == set(described)
    for family in families:
        for sample in family.samples:
            assert set(sample.labels) - {"le", "quantile"} == described[family.name] - {"quantile"}, family.name
