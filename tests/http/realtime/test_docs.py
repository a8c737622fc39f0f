"""The example of docs/http.md, executed as it stands, with the address and the home of the test."""

from pathlib import Path

import pytest

from tests.docs.examples import examples, run
from tests.http.realtime.conftest import KEY, Served


@pytest.mark.once
async def test_the_example_works(door: Served, tmp_path: Path) -> None:
    (example,) = (block for block in examples() if "realtime.connect" in block.text)
    door.chat.script = ["By Rayleigh."]
    async with door.opened():
        assert await run(example, door.url, KEY, tmp_path) == "By Rayleigh."
    assert door.chat.requests[0].messages[-1].text == "Why is the sky blue?"
