"""How soon a second turn starts, beside a turn whose system prompt was never read.

Claim: with the same system prompt of 150 tokens and more, the first token of a second turn takes at most 0.2 of the
time of a cold one. Each round has a system prompt of its own, so its first turn is cold; then come the second turn of
that conversation, and the first of another with the same prompt. Medians of the rounds' ratios.
"""

import argparse
import asyncio
import statistics
import time
from contextlib import aclosing
from typing import Any

from assistant_llama_cpp import LlamaConfig, open_llama

from assistant import ChatMessage, ChatRequest, Done, Sampling, TextDelta, Usage, usable_cores
from assistant.testing import model_path

RULES = """is the name of this house. You are its voice assistant. You speak to the people who live here and to their
guests. Answer in one or two short sentences, in plain words, without lists, headings or symbols, because your words are
read aloud. If you do not know something, say so and do not guess. Times are given as people say them. Numbers below ten
are written as words. Be friendly, but do not flatter and do not repeat the question. The house has a kitchen, a hall, a
living room, two bedrooms, a bath and a garden. There are lamps in every room, blinds in the living room and the
bedrooms, a heating that is set room by room, and a speaker in the kitchen. Never claim to have switched something on or
off unless a tool has told you that it was done. If somebody asks for something dangerous, refuse and say why."""


async def first_token(chat: Any, messages: tuple[ChatMessage, ...], conversation: str) -> tuple[float, str, Usage]:
    """Return the seconds to the first words, the reply and what it cost."""
    request = ChatRequest(messages, conversation=conversation, sampling=Sampling(temperature=0), max_tokens=16)
    began, first, text = time.perf_counter(), 0.0, ""
    async with aclosing(chat.reply(request)) as reply:
        async for delta in reply:
            first = first or time.perf_counter() - began
            if isinstance(delta, TextDelta):
                text += delta.text
            elif isinstance(delta, Done):
                return first, text, delta.usage
    raise AssertionError("the reply has no end")


async def measure(path: str, threads: int, rounds: int) -> None:
    """Hold the turns and print the medians."""
    cold: list[float] = []
    second: list[float] = []
    other: list[float] = []
    async with open_llama(LlamaConfig(model=path, threads=threads)) as chat:
        for n in range(rounds + 1):
            system = ChatMessage.of("system", f"Inglenook {n} {RULES}")
            asked = (system, ChatMessage.of("user", "What is the capital of France?"))
            cold_time, text, usage = await first_token(chat, asked, f"kitchen {n}")
            talk = (*asked, ChatMessage.of("assistant", text), ChatMessage.of("user", "And the one of Italy?"))
            second_time, _, warm = await first_token(chat, talk, f"kitchen {n}")
            asked = (system, ChatMessage.of("user", "Name a colour of the rainbow."))
            other_time, _, shared = await first_token(chat, asked, f"hall {n}")
            if n == 0:  # the first round is for the machine to warm up
                print(
                    f"tokens (of these cached): cold {usage.prompt_tokens} ({usage.cached_tokens}), second turn "
                    f"{warm.prompt_tokens} ({warm.cached_tokens}), other conversation "
                    f"{shared.prompt_tokens} ({shared.cached_tokens}); {threads} threads"
                )
                continue
            cold.append(cold_time)
            second.append(second_time)
            other.append(other_time)
    print(f"cold:                first token after {statistics.median(cold):.3f} s")
    for name, times in (("second turn:       ", second), ("other conversation:", other)):
        ratio = statistics.median(warm / first for warm, first in zip(times, cold, strict=True))
        kept = "kept" if ratio <= 0.2 else "BROKEN"
        print(f"{name} first token after {statistics.median(times):.3f} s, ratio {ratio:.3f} of at most 0.2: {kept}")


def main() -> None:
    """Read the arguments and measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("model", nargs="?", help="a GGUF file; without it the default model")
    arguments.add_argument("--threads", type=int, default=usable_cores())
    arguments.add_argument("--rounds", type=int, default=9)
    given = arguments.parse_args()
    asyncio.run(measure(given.model or model_path("smollm2-135m"), given.threads, given.rounds))


if __name__ == "__main__":
    main()
