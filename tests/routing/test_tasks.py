"""Who is good at a task is asked first: one that a request, an assistant or an alias names, or that parts tell."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from assistant import Candidate, Capabilities, ChatMessage, ChatRequest, Image, ImagePart, ToolSpec
from assistant.config import AssistantConfig
from assistant.config.doors import AliasConfig
from assistant.routing import Health, Route, Routing
from tests.http.conftest import KEY
from tests.http.rest.house import House, living
from tests.routing.models import TEXT, Writer
from tests.routing.test_turns import answer, room_of

SEES = frozenset({"text", "image"})
ALL = [
    Candidate("plain", Capabilities(inputs=SEES, rank=9000)),
    *(Candidate(task, Capabilities(inputs=SEES, good_at=(task,))) for task in ("chat", "code", "tools", "vision")),
]
PLAIN = ChatRequest((ChatMessage.of("user", "Write a program."),))
PICTURE = ChatRequest((ChatMessage("user", (ImagePart(Image(b"", "image/png")),)), *PLAIN.messages))
TOOLS = replace(PLAIN, tools=(ToolSpec("lamp", "Switch the lamp.", {}),))


@pytest.mark.parametrize(
    ("request_", "configured", "named", "wanted"),
    [
        (PLAIN, "", "", "chat"),
        (PICTURE, "", "", "vision"),
        (TOOLS, "", "", "tools"),
        (replace(TOOLS, tool_choice="none"), "", "", "chat"),
        (replace(TOOLS, messages=PICTURE.messages), "", "", "vision"),
        (PICTURE, "code", "", "code"),
        (PLAIN, "code", "tools", "tools"),
        (PLAIN, "poetry", "", "plain"),
    ],
)
def test_what_is_named_counts_then_what_is_configured_then_what_the_request_holds(
    request_: ChatRequest, configured: str, named: str, wanted: str
) -> None:
    tiers = [(one.id,) for one in ALL]
    for section in (
        AssistantConfig(chat=[*map(list, tiers)], task=configured),
        AliasConfig(model="x", task=configured),
    ):
        route = replace(Route.of(section), tiers=tuple(tiers))
        decision = Routing(Health(lambda: 0.0)).decide(route, ALL, request_, task=named)
        assert decision.asked[0].model == wanted
        if wanted != "plain":
            assert decision.asked[0].why == f"it is good at {wanted}"
        harder = Routing(Health(lambda: 0.0)).decide(route, ALL, request_, task=named, ablest=True)
        assert harder.models[0] == "plain"  # whoever is told to think harder asks the biggest


def test_an_assistant_asks_who_is_good_at_its_task() -> None:
    first, coder = Writer(), Writer(good_at=("code",))
    room = room_of(first=first, coder=coder)
    room.config = structs.replace(room.config, task="code")
    assert answer(room) == TEXT and not first.requests and len(coder.requests) == 1
    assert next((step.model, step.why) for step in room.receipts[0].route) == ("coder", "it is good at code")


async def test_a_program_names_its_task_in_the_head_or_by_an_alias(home: Path) -> None:
    aliases = "aliases: {any: {model: [chat, large]}, coder: {model: [chat, large], task: code}}\n"
    async with living(home, aliases) as house:
        assert await _asked(house, "any") == "small"
        assert await _asked(house, "any", task="code") == "large"
        assert await _asked(house, "any", task="code", stream=True) == "large"
        assert await _asked(house, "any", task="poetry") == "small"
        assert await _asked(house, "coder") == "large"
        assert await _asked(house, "coder", task="chat") == "small"
        assert await _asked(house, "chat", task="code") == "small"  # it names one model


async def _asked(house: House, model: str, task: str = "", stream: bool = False) -> str:
    head = {"Authorization": f"Bearer {KEY}"} | ({"X-Inglenook-Task": task} if task else {})
    body = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "stream": stream}
    async with house.session.post("/v1/chat/completions", json=body, headers=head) as reply:
        assert reply.status == 200
        if stream:
            return "large" if '"content":"large"' in (await reply.text()).replace(" ", "") else "another"
        return str((await reply.json())["choices"][0]["message"]["content"])
