"""The examples of docs/http.md, executed as they stand, with the address and the home of the test."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import Block, blocks
from tests.http.openai.conftest import KEY, Served
from tests.source import ROOT

EXAMPLES = [
    block
    for block in blocks(ROOT / "docs" / "http.md")
    if block.language in ("python", "bash")
    and "8420/v1" in block.text
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
    key = tmp_path / ".local/state/inglenook/api-key"
    key.parent.mkdir(parents=True)
    key.write_text(f"{KEY}\n")
    text = block.text.replace("http://127.0.0.1:8420", door.url)
    command = ["bash", "-c", text] if block.language == "bash" else [sys.executable, "-c", text]
    process = await asyncio.create_subprocess_exec(
        *command, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, stdout=asyncio.subprocess.PIPE
    )
    shown, _ = await process.communicate()
    assert process.returncode == 0
    if block.language == "bash":
        assert json.loads(shown)["choices"][0]["message"]["content"] == OUTPUTS[block.heading]
    else:
        assert shown.decode().strip() == OUTPUTS[block.heading].strip()
