"""What turns did is in the audit log by its name, and nothing of what was said (T40)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant import Tool, ToolSpec
from assistant.access.audit import Audit
from assistant.access.deeds import Witness
from assistant.entities import Entity
from assistant.home.ledger import Entry, NoLedger
from assistant.state import State
from tests.doors import assembled

SECRET = "flowerpot"


async def told(state: State) -> list[dict[str, Any]]:
    """Return what the log tells, without numbers, times and digests."""
    hidden = {"id", "at", "digest", "turn"}
    return [{n: v for n, v in record.shown().items() if n not in hidden} for record in await state.audit.since()]


async def test_t40_a_tool_is_told_by_its_name_without_what_it_was_given_or_said(home: Path) -> None:
    async def run(arguments: Mapping[str, Any]) -> str:
        return f"wrote down: {arguments['text']}"

    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    async with assembled(home) as (_, assembly):
        assembly.add_tools([Tool(ToolSpec("note_down", SECRET, text), run, risk="act")])
        assert SECRET in await assembly.call_tool("note_down", {"text": SECRET}, risks={"act"})
        (tool,) = await told(assembly.state)
        (record,) = await assembly.state.audit.since()
    assert tool == {
        "event": "tool",
        "tool": "note_down",
        "risk": "act",
        "outcome": "ok",
        "confirmed": "no",
        "device": "local",
    }
    assert SECRET not in str(record)


async def test_t40_acts_in_the_house_are_counted_and_not_named(tmp_path: Path) -> None:
    async with State(tmp_path / "assistant.db") as state:
        witness = Witness(NoLedger(), Audit(state.audit))
        lamps = [Entity(f"light.{SECRET}{number}", SECRET, state="off") for number in range(3)]
        witness.keep([Entry("turn", 1.0, "room", "light.turn_on", lamp, lamp) for lamp in lamps])
        assert await told(state) == [{"event": "act", "service": "light.turn_on", "things": 3, "device": "room"}]
        assert SECRET not in str(await state.audit.since())
