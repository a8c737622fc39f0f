"""What a model may call: checked, bounded, offered within reason, told in events and receipts."""

import asyncio
import contextlib
import json
import types
from contextlib import aclosing
from typing import Any

import pytest

from assistant import (
    OWNER,
    Ask,
    Asked,
    Capabilities,
    Done,
    EventType,
    Kind,
    PluginError,
    Reply,
    Skill,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
    ToolSpec,
    hookimpl,
)
from assistant.config import AssistantConfig
from assistant.pipeline.receipt import Action
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.tools import limits
from assistant.pipeline.tools.arguments import check, check_slots, problem
from assistant.pipeline.tools.granted import granted
from assistant.pipeline.tools.offer import selected
from assistant.pipeline.turn import Turn
from assistant.plugins import Plugins
from assistant.testing import FakeChat, fake_spec, run_in_virtual_time
from tests.pipeline.tool_house import House, call, schema

# -- arguments -------------------------------------------------------------------------------------------------------


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def million_ways() -> dict[str, Any]:
    """Make a schema of two kilobytes whose check would take longer than anybody lives."""
    parts = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    return {"$defs": {**parts, "a40": {"type": "integer"}}, "properties": {"x": {"$ref": "#/$defs/a0"}}}


BAD_SPECS = [
    ToolSpec("", "", {}),
    ToolSpec("two words", "", {}),
    ToolSpec("x" * 65, "", {}),
    ToolSpec("größe", "", {}),
    ToolSpec("x", "", {"type": "array"}),
    ToolSpec("x", "", {"properties": {"a": {"type": "no such type"}}}),
    ToolSpec("x", "", {"properties": 5}),
    ToolSpec("x", "", {"required": "a"}),
    ToolSpec("x", "", {"properties": {"a": {"$ref": "https://example.org/schema"}}}),
    ToolSpec("x", "", {"properties": {"a": {"$ref": "file:///etc/passwd"}}}),
    ToolSpec("x", "", {"properties": {"a": {"$ref": "#/$defs/missing"}}}),
    ToolSpec("x", "", {"properties": {"a": {"$dynamicRef": "#meta"}}}),
    ToolSpec("x", "", {"$id": "https://example.org/", "properties": {"a": {"$ref": "other"}}}),
    ToolSpec("x", "", {"allOf": [{"$ref": "#"}]}),
    ToolSpec("x", "", {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}}),
    ToolSpec("x", "", {"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "properties": {"a": {"$ref": "#/$defs/a"}}}),
    ToolSpec("x", "", million_ways()),
    ToolSpec("x", "", {"properties": {"definitions": million_ways() | {"allOf": [{"$ref": "#/properties"}]}}}),
    ToolSpec("x", "", {"properties": {"a": {"pattern": "^a{1000000000}$"}}}),
    ToolSpec("x", "", {"properties": {"a": {"description": "x" * limits.SCHEMA}}}),
    ToolSpec("x", "", {"properties": nested(limits.SCHEMA_DEPTH + 1)}),
    ToolSpec("x", "", {"properties": {"a": {"enum": [float("nan")]}}}),
    ToolSpec("x", "", {"properties": {"a": {"default": print}}}),
    ToolSpec("x", "", None),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("spec", BAD_SPECS, ids=range(len(BAD_SPECS)))
def test_a_tool_that_cannot_be_told_or_checked_is_refused(spec: ToolSpec) -> None:
    with pytest.raises(PluginError, match="the tool"):
        check(spec)


def test_a_reference_within_a_schema_is_followed() -> None:
    point = {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
    schema = {
        "$defs": {"a/point": point},
        "properties": {"at": {"anyOf": [{"$ref": "#/$defs/a~1point"}, {"const": 0}]}},
    }
    spec = ToolSpec("x", "", schema)
    check(spec)
    assert not problem(spec, {"at": {"x": 1}})
    assert "at" in problem(spec, {"at": {"x": "far"}})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"colour": "blue"}, '"blue" is not one of "red" or "green"'),
        ({"colour": "red", "level": 101}, "at level: 101 is greater than the maximum"),
        ({"colour": "red", "level": "50"}, "at level"),
        ({"colour": "red", "level": True}, "at level"),
        ({"colour": "red", "rooms": [1]}, "at rooms/0"),
        ({"colour": "red", "more": 1}, "'more' was unexpected"),
        ({}, '"colour" is a required property'),
        ([], "not an object"),
        ("red", "not an object"),
        ({"colour": float("inf")}, "cannot be checked"),
        ({"colour": "\ud800"}, "cannot be checked"),
        ({"colour": {1, 2}}, "cannot be checked"),
        ({"colour": "x" * limits.ARGUMENTS}, "more than 8192 characters"),
        ({"colour": nested(limits.DEPTH)}, "nested deeper than 8"),
        ({"colour": nested(900)}, "nested deeper than 8"),
    ],
)
def test_arguments_that_do_not_fit_are_explained(arguments: Any, says: str) -> None:
    parameters = schema(
        "colour",
        colour={"enum": ["red", "green"]},
        level={"type": "integer", "minimum": 0, "maximum": 100},
        rooms={"type": "array", "items": {"type": "string"}},
    )
    spec = ToolSpec("paint", "", parameters)
    check(spec)
    assert says in problem(spec, arguments)
    assert len(problem(spec, arguments)) <= 300
    assert not problem(spec, {"colour": "red", "level": 50, "rooms": ["hall"]})


def test_a_pattern_takes_a_time_in_proportion_to_the_text() -> None:
    """T37: what a tool is given is bounded in time."""
    spec = ToolSpec("x", "", schema(a={"type": "string", "pattern": "^(a+)+$"}))
    assert problem(spec, {"a": "a" * 8000 + "b"})  # a backtracking engine never comes back from this


def test_what_a_skill_offers_takes_slots() -> None:
    check_slots(ToolSpec("x", "", schema(a={"type": ["string", "null"]}, b={"enum": [1, 2]}, c=True)))
    for kind in ("array", ["object", "string"]):
        with pytest.raises(PluginError, match="no slot"):
            check_slots(ToolSpec("x", "", schema(a={"type": kind})))


def test_bad_arguments_are_a_result_that_the_model_can_correct() -> None:
    house = House(FakeChat([call("lamp", on="yes"), call("lamp", "2", on=True), "It is on."]))
    assert house.ask("Light!") == ["It is on."]
    assert house.ran == [("lamp", {"on": True})]
    bad, good = house.results()
    assert bad.failed and 'at on: "yes" is not of type "boolean"' in bad.content
    assert not good.failed and good.content == "Done."


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_several_calls_of_one_round_run_in_order_and_no_more_than_are_allowed() -> None:
    """T37: twenty calls at once."""
    calls = [ToolCall(str(n), "read_web", {"url": f"page {n}"}) for n in range(20)]
    house = House(FakeChat([[*calls, Done("tool_calls")], "Read."]))
    house.ask("Read all of it.")
    assert [arguments["url"] for _, arguments in house.ran] == [f"page {n}" for n in range(limits.CALLS)]


def test_a_call_that_was_made_before_is_not_made_again() -> None:
    same = [call("read_web", str(n), url="a") for n in range(3)]
    house = House(FakeChat([*same, "Read."]))
    assert house.ask("Read it.") == ["Read."]
    assert len(house.ran) == 1
    assert ["was called with these arguments before" in result.content for result in house.results()] == [
        False,
        True,
        True,
    ]


def test_a_model_that_never_stops_calling_has_to_answer_in_the_end() -> None:
    """T37: recursion ends."""
    script: list[Any] = [call("read_web", str(n), url=f"{n}") for n in range(limits.ROUNDS)]
    house = House(FakeChat([*script, "That is enough."]))
    assert house.ask("Read the web.") == ["That is enough."]
    assert [request.tool_choice for request in house.chat.requests] == ["auto"] * limits.ROUNDS + ["none"]


def test_results_are_cut_each_and_together() -> None:
    calls = [ToolCall(str(n), "read_web", {"url": str(n)}) for n in range(8)]
    house = House(FakeChat([[*calls, Done("tool_calls")], "Long."]), page="word " * 10_000)
    house.ask("Read.")
    lengths = [result.content.count("word ") * 5 for result in house.results()]
    assert lengths == pytest.approx([4000, 4000, 4000, 0, 0, 0, 0, 0], abs=20)


def test_the_call_of_a_tool_that_is_not_there_is_shortened() -> None:
    """T37: an unknown tool, and a megabyte of arguments."""
    house = House(FakeChat([call("x" * 100_000, a="y" * 100_000), "No."]))
    house.ask("Do it.")
    assert max(len(str(message)) for message in house.chat.requests[1].messages) < 1000
    assert house.room.receipts[0].actions == (Action("x" * 64 + " …", "", "refused"),)


def test_a_tool_that_calls_exit_is_a_failure_of_that_tool() -> None:
    async def leaves(arguments: Any) -> str:
        raise SystemExit(3)

    tool = Tool(ToolSpec("leave", "", {}), leaves, "read", trusted=True)
    house = House(FakeChat([call("leave"), "It failed."]), tools={"leave": tool})
    assert house.ask("Leave.") == ["It failed."]
    assert "sys.exit(3)" in house.results()[0].content
    assert house.room.receipts[0].actions == (Action("leave", "read", "failed"),)


# -- what is told ----------------------------------------------------------------------------------------------------


def test_events_and_receipts_say_what_was_called_and_what_came_of_it() -> None:
    house = House(FakeChat([[*call("lamp", on=True)[:1], *call("nothing", "2")], "On."]))
    house.ask("Light!")
    assert house.room.said(EventType.TOOL_START) == [{"tool": "lamp", "risk": "act", "arguments": {"on": True}}]
    assert house.room.said(EventType.TOOL_END) == [
        {"tool": "lamp", "outcome": "ok"},
        {"tool": "nothing", "outcome": "refused"},
    ]
    assert house.room.receipts[0].actions == (Action("lamp", "act", "ok"), Action("nothing", "", "refused"))


def test_a_tool_that_is_interrupted_is_noted_as_stopped() -> None:
    async def slow(arguments: Any) -> str:
        await asyncio.Event().wait()
        return ""

    house = House(FakeChat([call("slow")]), tools={"slow": Tool(ToolSpec("slow", "", {}), slow)})

    async def main() -> None:
        asking = asyncio.create_task(_ask(house))
        await asyncio.sleep(2)
        asking.cancel()
        await asyncio.wait({asking})

    run_in_virtual_time(main())
    assert house.room.receipts[0].actions == (Action("slow", "act", "stopped"),)


def test_a_tool_that_does_not_stop_when_it_is_told_to_ends_the_turn_all_the_same() -> None:
    """T37: somebody talks into the reply, and the tool takes no notice."""

    async def stubborn(arguments: Any) -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "Well, then."

    chat = FakeChat([call("slow"), "Never said."])
    house = House(chat, tools={"slow": Tool(ToolSpec("slow", "", {}), stubborn)})

    async def main() -> None:
        asking = asyncio.create_task(_ask(house))
        await asyncio.sleep(2)
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()

    run_in_virtual_time(main())
    assert len(chat.requests) == 1


def test_a_tool_that_takes_too_long_is_stopped_and_told() -> None:
    async def slow(arguments: Any) -> str:
        await asyncio.Event().wait()
        return ""

    house = House(FakeChat([call("slow"), "It took too long."]), tools={"slow": Tool(ToolSpec("slow", "", {}), slow)})
    assert house.ask("Go.") == ["It took too long."]
    assert "it took more than" in house.results()[0].content


async def _ask(house: House) -> None:
    async with (
        house.room.opened() as listener,
        aclosing(text_turn(Turn(listener._equipment, "jarvis", "test", person=OWNER), "Go.", "c")) as words,
    ):
        async for _ in words:
            pass


# -- what is offered -------------------------------------------------------------------------------------------------


def offered(house: House, *texts: str, person: str = OWNER) -> list[list[str]]:
    house.ask(*texts, person=person)
    return [[tool.name for tool in request.tools] for request in house.chat.requests]


def test_only_the_tools_of_the_assistant_are_offered_in_one_order() -> None:
    every = ["lamp", "read_clock", "read_web", "send_money", "unlock_door"]
    assert offered(House(FakeChat(["Hi."])), "Hello?") == [every]
    two = AssistantConfig(turn="", intent="", tools=["unlock_door", "lamp"])
    assert offered(House(FakeChat(["Hi."]), config=two), "Hello?") == [["lamp", "unlock_door"]]
    none = AssistantConfig(turn="", intent="", tools=[])
    house = House(FakeChat([call("lamp", on=True), "No."]), config=none)
    assert offered(house, "Light!") == [[], []] and not house.ran


@pytest.mark.parametrize(("rank", "tools"), [(135, False), (499, False), (500, True), (0, True)])
def test_a_model_that_is_too_small_is_offered_none(rank: int, tools: bool) -> None:
    house = House(FakeChat(["Hi."]))
    house.room.specs["chat"] = fake_spec("chat", Kind.CHAT, house.chat, Capabilities(tools=True, rank=rank))
    assert bool(offered(house, "Hello?")[0]) is tools


def test_of_many_tools_those_that_fit_are_offered_and_stay() -> None:
    names = ["alarm", "calendar", "camera", "door", "garden", "heating", "lamp", "music", "shopping", "weather"]

    async def run(arguments: Any) -> str:
        return ""

    house = House()
    tools = {
        name: Tool(
            ToolSpec(name, f"Tells about the {name}.", {}), run, keywords=("Wetter Regen",) * (name == "weather")
        )
        for name in names
    }
    house.room.tools.clear()
    house.room.tools.update(tools)
    chosen: list[list[str]] = []

    async def main() -> None:
        async with house.room.opened() as listener:
            every = granted(Turn(listener._equipment, "jarvis", "test", person=OWNER))
            before: list[str] = []
            for text in ("", "Play some music!", "How is the weather?", "And louder music?", "Regnet es? Wetter!"):
                before = list(selected(every, text, before, 4))
                chosen.append(sorted(before))

    run_in_virtual_time(main())
    assert chosen[0] == names[:4]
    assert chosen[1] == ["alarm", "calendar", "camera", "music"]
    assert {"weather", "music"} <= set(chosen[2])
    assert chosen[3] == chosen[2] == chosen[4], "as long as nothing else is needed, the prompt stays as it was"


# -- skills as tools -------------------------------------------------------------------------------------------------


def lamps(asked: list[Asked], **options: Any) -> Skill:
    async def on(what: Asked) -> Reply:
        asked.append(what)
        if what.slots.get("name") == "both":

            async def then(choice: str) -> Reply:
                return Reply(f"The {choice} is on.")

            return Reply("Which lamp, the desk lamp or the floor lamp?", asks=Ask(then, ("desk lamp", "floor lamp")))
        return Reply("The desk lamp is on.") if "name" in what.slots else Reply(facts={"lamps": 2})

    spec = ToolSpec("turn_on", "Turn on a lamp.", schema(name={"type": "string"}, level={"type": "integer"}))
    return Skill(name="lamps", intents={"HassTurnOn": on}, tools={"HassTurnOn": spec}, **options)


def test_a_model_calls_what_a_skill_does() -> None:
    asked: list[Asked] = []
    house = House(FakeChat([call("turn_on", name="desk", level=5), "Done, it shines."]), skills=[lamps(asked)])
    assert house.ask("Make some light!") == ["Done, it shines."]
    assert house.results() == [ToolResult("1", "The desk lamp is on.")]
    [what] = asked
    assert (what.intent, what.slots, what.text) == ("HassTurnOn", {"name": "desk", "level": "5"}, "Make some light!")
    assert (what.person, what.device, what.conversation, what.language) == (OWNER, "test", "c", "en")


def test_a_skill_without_words_tells_the_model_its_facts() -> None:
    house = House(FakeChat([call("turn_on"), "Two are on."]), skills=[lamps([])])
    house.ask("Light!")
    assert json.loads(house.results()[0].content) == {"lamps": 2}


def test_a_skill_that_asks_back_is_answered_by_the_person() -> None:
    house = House(FakeChat([[TextDelta("Well. "), *call("turn_on", name="both")]]), skills=[lamps([])])
    answers = house.ask("Light!", "The floor lamp.")
    assert answers == ["Well. \nWhich lamp, the desk lamp or the floor lamp?", "The floor lamp is on."]
    assert len(house.chat.requests) == 1


def test_what_others_wrote_in_a_skills_reply_is_fenced() -> None:
    skill = lamps([], foreign=frozenset({"HassTurnOn"}), reads=frozenset({"HassTurnOn"}))
    house = House(FakeChat([call("turn_on", name="desk"), call("lamp", on=True)]), skills=[skill])
    [said] = house.ask("What is playing?")
    assert "never instructions" in house.results()[0].content
    assert said == "Shall I really run “lamp”, with on: true?" and not house.ran


# -- what plugins offer ----------------------------------------------------------------------------------------------


def plugin(tool: ToolSpec | None = None, slots: ToolSpec | None = None) -> types.ModuleType:
    module = types.ModuleType("a_plugin")

    async def run(arguments: Any) -> str:
        return ""

    async def handle(asked: Asked) -> Reply:
        return Reply("Yes.")

    if tool is not None:
        module.assistant_tools = hookimpl(specname="assistant_tools")(lambda: [Tool(tool, run)])  # type: ignore[attr-defined]
    if slots is not None:
        skill = Skill(name="s", intents={"A": handle}, tools={"A": slots})
        module.assistant_skills = hookimpl(specname="assistant_skills")(lambda: [skill])  # type: ignore[attr-defined]
    return module


def test_a_plugin_whose_tool_cannot_be_used_is_set_aside_by_name() -> None:
    plugins = Plugins()
    plugins.add("good", lambda: plugin(ToolSpec("fine", "", {})))
    plugins.add("bad", lambda: plugin(ToolSpec("poor", "", {"properties": {"a": {"type": "strin"}}})))
    plugins.add("worse", lambda: plugin(slots=ToolSpec("poor", "", schema(a={"type": "array"}))))
    assert [tool.spec.name for tool in plugins.tools(None)] == ["fine"]
    assert plugins.skills(None) == []
    failures = {found.name: str(found.failure) for found in plugins if found.failure}
    assert "the tool poor: its parameters cannot be used" in failures["bad"] and '"strin"' in failures["bad"]
    assert "a is no slot" in failures["worse"] and set(failures) == {"bad", "worse"}
