"""The examples of docs/http.md, run as they stand but for the address of the door, in a home where its key is."""

import asyncio
import sys
from pathlib import Path

from tests.docs.markdown import Block, blocks
from tests.source import ROOT

__all__ = ["PAGE", "begin", "examples", "run"]

PAGE = ROOT / "docs" / "http.md"


def examples() -> list[Block]:
    """Return every example that can be run."""
    return [block for block in blocks(PAGE) if block.language in ("python", "bash")]


async def begin(example: Block, url: str, key: str, home: Path) -> asyncio.subprocess.Process:
    """Begin an example at the door *url*, with *home* for its home and as the folder where it is."""
    file = home / ".local/state/inglenook/api-key"
    file.parent.mkdir(parents=True)
    file.write_text(f"{key}\n")
    text = example.text.replace("http://127.0.0.1:8420", url)
    command = ["bash", "-c", text] if example.language == "bash" else [sys.executable, "-c", text]
    environment = {"HOME": str(home), "KEY": key, "PATH": "/usr/bin:/bin"}
    return await asyncio.create_subprocess_exec(*command, cwd=home, env=environment, stdout=asyncio.subprocess.PIPE)


async def run(example: Block, url: str, key: str, home: Path) -> str:
    """Return what an example shows."""
    process = await begin(example, url, key, home)
    shown, _ = await process.communicate()
    assert process.returncode == 0
    return shown.decode()
