"""A system in a process of its own: it is told what is said to it, and tells what came of it.

    python -m voice.child SETTINGS

Settings, requests (standard input) and results (standard output) are JSON, one a line. What libraries print goes to
standard error.
"""

import asyncio
import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from voice.settings import Converse, Settings
from voice.sound import RATE, read
from voice.stage import Stage, Take

_BREAK = 1.0
"""Seconds between two utterances, in which a system can put its things in order."""
_LEAVING = 40.0
"""Seconds that a turn may take to end once its answer was heard, or none came."""


async def _one(stage: Stage, converse: Converse, file: str, last: float) -> dict[str, Any]:
    """Say one utterance at one device; return what was seen until its answer sounded or none could come."""
    samples = read(Path(file))
    take = stage.play(samples, last)
    turn = asyncio.ensure_future(converse(stage))
    await take.begun.wait()
    heard = asyncio.create_task(take.over.wait())
    left = len(samples) / RATE - take.now
    await asyncio.wait({turn, heard}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(max(0.0, last - take.now))  # a turn that was cut off: the person talks to the end
    if turn.done() and (error := turn.exception()) is not None:
        take.error = f"{type(error).__name__}: {error}"
    seen = _seen(take)
    stage.quiet()
    heard.cancel()
    turn.cancel()
    await asyncio.wait({turn}, timeout=_LEAVING)
    return {**seen, "receipt": take.receipt}


def _seen(take: Take) -> dict[str, Any]:
    return {
        "ends": list(take.ends),
        "resumed": list(take.resumed),
        "sounds": list(take.sounds),
        "transcripts": list(take.transcripts),
        "reply": take.reply,
        "error": take.error,
    }


def _resident(process: int) -> int:
    """Return the resident bytes of a process and of those that it started."""
    total = 0
    with suppress(OSError):  # one may end while it is looked at
        status = Path(f"/proc/{process}/status").read_text().splitlines()
        total = sum(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
        children = Path(f"/proc/{process}/task").glob("*/children")
        total += sum(_resident(int(child)) for file in children for child in file.read_text().split())
    return total


async def _serve(settings: Settings, tell: Any) -> None:
    stages: Sequence[Stage] = [Stage(device) for device in range(settings.devices)]
    began = time.monotonic()
    system = importlib.import_module(f"voice.systems.{_module(settings.system)}")
    async with system.opened(settings, stages) as converse:
        tell({"loaded": time.monotonic() - began})
        while line := await asyncio.to_thread(sys.stdin.readline):
            said = json.loads(line)
            await asyncio.sleep(_BREAK)
            turns = (_one(stage, converse, *what) for stage, what in zip(stages, said, strict=True))
            takes = await asyncio.gather(*turns)
            tell({"takes": takes, "resident": _resident(os.getpid())})


def _module(system: str) -> str:
    return system.partition("_")[0] if system.startswith(("pipecat", "inglenook")) else system


def main() -> None:
    """Serve until standard input ends."""
    results = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def tell(what: dict[str, Any]) -> None:
        results.write(json.dumps(what) + "\n")

    asyncio.run(_serve(Settings(**json.loads(sys.argv[1])), tell))


if __name__ == "__main__":
    main()
