"""The example of docs/http.md, executed as it stands, with the address and the home of the test."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import blocks
from tests.http.realtime.conftest import KEY, Served
from tests.source import ROOT


@pytest.mark.once
async def test_the_example_works(door: Served, tmp_path: Path) -> None:
    (example,) = (block for block in blocks(ROOT / "docs" / "http.md") if "realtime.connect" in block.text)
    door.chat.script = ["By Rayleigh."]
    key = tmp_path / ".local/state/inglenook/api-key"
    key.parent.mkdir(parents=True)
    key.write_text(f"{KEY}\n")
    async with door.opened():
        text = example.text.replace("http://127.0.0.1:8420", door.url)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", text, env={"HOME": str(tmp_path)}, stdout=asyncio.subprocess.PIPE
        )
        shown, _ = await process.communicate()
    assert (process.returncode, shown.decode()) == (0, "By Rayleigh.")
    assert door.chat.requests[0].messages[-1].text == "Why is the sky blue?"
