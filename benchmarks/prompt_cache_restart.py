"""How soon the first turn after a restart starts, with the system prompt on the disk and without.

Claim: with a system prompt of 200 tokens and more, the first token after a restart takes at most 0.25 of the time that
it takes where the prompt must be read. Each round opens the engine twice, in changing order: once with `disk_cache: 0`,
once with the file that the first start left, as the daemon's `warm` leaves it. The same question follows, at once, and
must get the same reply. Medians of the rounds' ratios; opening is not counted, it takes as long for both.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from assistant_llama_cpp import LlamaConfig, open_llama
from prefix_cache import RULES

from assistant import ChatMessage, ChatRequest, Done, Sampling, TextDelta, Usage, cache_folder
from assistant.testing import model_path

SYSTEM = ChatMessage.of("system", f"Inglenook {RULES}")
QUESTION = ChatRequest(
    (SYSTEM, ChatMessage.of("user", "What is the capital of France?")),
    conversation="kitchen",
    sampling=Sampling(temperature=0),
    max_tokens=16,
)


async def start(path: str, threads: int, megabytes: int, *, warm: bool = False) -> tuple[float, str, Usage]:
    """Open the engine and ask; return the seconds to the first words, the reply and what it cost."""
    async with open_llama(LlamaConfig(model=path, threads=threads, disk_cache=megabytes)) as chat:
        began, first, text = time.perf_counter(), 0.0, ""
        if warm:
            await chat.warm(ChatRequest((SYSTEM,)))
            print(f"warming a new prompt: {time.perf_counter() - began:.3f} s")
        async with aclosing(chat.reply(QUESTION)) as reply:
            async for delta in reply:
                first = first or time.perf_counter() - began
                if isinstance(delta, TextDelta):
                    text += delta.text
                elif isinstance(delta, Done):
                    return first, text, delta.usage
    raise AssertionError("the reply has no end")


async def measure(path: str, threads: int, rounds: int) -> None:
    """Start it over and over, and print the medians."""
    await start(path, threads, 256, warm=True)
    (file,) = (cache_folder() / "llama-cpp").iterdir()
    print(f"on the disk: {file.stat().st_size / 1e6:.1f} MB")
    unread: list[float] = []
    saved: list[float] = []
    texts: set[str] = set()
    for n in range(rounds):
        for megabytes in (0, 256) if n % 2 else (256, 0):
            seconds, text, usage = await start(path, threads, megabytes)
            (saved if megabytes else unread).append(seconds)
            texts.add(text)
            if n == 0:
                name = "saved" if megabytes else "unread"
                print(f"{name}: {usage.prompt_tokens} tokens, {usage.cached_tokens} of them cached: {text!r}")
    print(f"the same text: {'yes' if len(texts) == 1 else 'no'}")
    ratio = statistics.median(warm / cold for warm, cold in zip(saved, unread, strict=True))
    for name, times in (("prompt to be read:", unread), ("prompt on the disk:", saved)):
        print(f"{name:19} first token after {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f})")
    print(f"ratio {ratio:.3f} of at most 0.25, {threads} threads: {'kept' if ratio <= 0.25 else 'BROKEN'}")


def main() -> None:
    """Read the arguments and measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("model", nargs="?", help="a GGUF file; without it the default model")
    arguments.add_argument("--threads", type=int, default=0, help="0 lets the engine choose")
    arguments.add_argument("--rounds", type=int, default=9)
    given = arguments.parse_args()
    path = given.model or model_path("smollm2-135m")
    with tempfile.TemporaryDirectory() as home:
        os.environ["INGLENOOK_HOME"] = str(Path(home))  # away from what this machine has saved
        asyncio.run(measure(path, given.threads, given.rounds))


if __name__ == "__main__":
    main()
