"""When a reader learns of what the thread that owns the model has written."""

import pytest
from assistant_llama_cpp import job
from assistant_llama_cpp.job import Outbox

from assistant import ChatDelta, Done, TextDelta, ToolCall


def due(outbox: Outbox) -> bool:
    return outbox.due


async def test_a_program_learns_of_its_first_words_at_once_and_then_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "_BEAT", 1000.0)
    outbox = Outbox(lambda: None)
    outbox.put(TextDelta("Good "))
    assert due(outbox)
    outbox.tell()
    outbox.put(TextDelta("day."))
    assert not due(outbox)
    assert [await outbox.get(), await outbox.get()] == [TextDelta("Good "), TextDelta("day.")], "nothing is held back"


@pytest.mark.parametrize("last", [Done("stop"), ToolCall("c1", "switch_lamp", {})])
async def test_what_is_no_word_is_told_at_once(monkeypatch: pytest.MonkeyPatch, last: ChatDelta) -> None:
    monkeypatch.setattr(job, "_BEAT", 1000.0)
    outbox = Outbox(lambda: None)
    outbox.tell()
    outbox.put(TextDelta("Good day."))
    assert not due(outbox)
    outbox.put(last)
    assert due(outbox)


async def test_whoever_speaks_learns_of_each_word_at_once() -> None:
    outbox = Outbox(lambda: None, aloud=True)
    for word in ("Good ", "day."):
        outbox.put(TextDelta(word))
        assert due(outbox)
        outbox.tell()
