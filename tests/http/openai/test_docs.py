"""The examples of docs/http.md, executed as they stand, with the address and the home of the test."""

import json
from pathlib import Path

import pytest

from tests.docs.examples import examples, run
from tests.docs.markdown import Block
from tests.http.openai.conftest import KEY, Served

EXAMPLES = [
    block
    for block in examples()
    if "8420/v1" in block.text
    and "input_audio" not in block.text  # tests/e2e/test_openai_audio.py has voices
    and not {"audio", "realtime"} & set(block.heading.split("/"))
]
OUTPUTS = {
    "OpenAI": "By Rayleigh.",
    "POST /v1/chat/completions": '{"books": 3}',
    "POST /v1/responses": "By Rayleigh.",
    "POST /v1/embeddings": "0.60\n",
}
"""What each example shows, by its heading, with engines that have their answers from here."""


def test_every_example_is_known() -> None:
    assert {block.heading for block in EXAMPLES} == set(OUTPUTS)


@pytest.mark.once
@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: f"{block.heading}, {block.language}")
async def test_an_example_works(door: Served, block: Block, tmp_path: Path) -> None:
    door.chat.script = [OUTPUTS[block.heading]]
    door.embed.places = {"It is warm.": (1.0, 0.0), "It is hot.": (0.6, 0.8)}
    shown = await run(block, door.url, KEY, tmp_path)
    if block.language == "bash":
        assert json.loads(shown)["choices"][0]["message"]["content"] == OUTPUTS[block.heading]
    else:
        assert shown.strip() == OUTPUTS[block.heading].strip()
