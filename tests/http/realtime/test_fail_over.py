"""Which chat models answer in a live conversation: those of the assistant, one after the other."""

import pytest

from assistant import EngineError, Kind
from assistant.config import AssistantConfig
from assistant.testing import fake_spec
from tests.http.realtime.conftest import Served, talking
from tests.routing.models import TEXT, Writer


@pytest.mark.parametrize("strategy", ["order", "private"])
async def test_where_a_model_of_the_assistant_fails_the_next_goes_on(door: Served, strategy: str) -> None:
    away, first, second = Writer(local=False), Writer(EngineError("gone"), 33), Writer(continues=False)
    every = {"first": first, "second": second} | ({"away": away} if strategy == "private" else {})
    door.specs = {id_: fake_spec(id_, Kind.CHAT, one, one.capabilities) for id_, one in every.items()}
    order = ["away", "first", "second"] if strategy == "private" else ["first", "second"]
    door.assistant = AssistantConfig(turn="", intent="", chat=order, strategy=strategy)  # type: ignore[arg-type]
    async with door.opened() as client, talking(client, "jarvis", output_modalities=["text"]) as talk:
        await talk.say("Tell me about Rome.")
        await talk.connection.response.create()
        response = await talk.answer()
    assert response.output[0].content[0].text == TEXT
    assert len(first.requests) == len(second.requests) == 1 and not away.requests
