"""What a chat model is told of the house is data: a name or a state cannot leave its line."""

import pytest

from assistant import Entity
from assistant.home import Home
from assistant.pipeline.house_facts import line
from assistant.pipeline.tools.fence import FENCE
from tests.pipeline.injections import TEXTS


@pytest.mark.parametrize("text", [pytest.param(text, id=str(n)) for n, text in enumerate(TEXTS)])
def test_a_thing_is_one_line_whatever_it_is_called(text: str) -> None:
    told = line(Entity("sensor.mail", f"Mail {text}", state=text), Home())
    assert len(told.splitlines()) == 1 and told != FENCE and len(told) < 300
    assert not [mark for mark in ("<|", "<tool", "</tool", "[INST]", "<<SYS") if mark in told]
