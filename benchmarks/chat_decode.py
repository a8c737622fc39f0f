"""How fast a reply is written, beside the least loop that can be written around llama.cpp.

Claim: the engine decodes at no less than 0.95 of a bare loop in the same process, on the same model and threads. Both
write the same greedy reply; the time runs from the first token to the last. The two take turns, the order changes each
round, and the ratio is the median of the rounds' ratios, so that a busy machine slows both alike.
"""

import argparse
import asyncio
import ctypes
import statistics
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

import llama_cpp
from assistant_llama_cpp import LlamaConfig, open_llama

from assistant import ChatMessage, ChatRequest, Done, Sampling
from assistant.testing import model_path

QUESTION = "Write a long story about a dragon that learns to cook. Tell every detail."
PROMPT = f"<|im_start|>system\nYou are a storyteller.<|im_end|>\n<|im_start|>user\n{QUESTION}<|im_end|>\n"
REQUEST = ChatRequest(
    (ChatMessage.of("system", "You are a storyteller."), ChatMessage.of("user", QUESTION)),
    conversation="story",  # so that the cache holds one reply, as that of the bare loop does
    sampling=Sampling(temperature=0, repeat_penalty=1),
)


@contextmanager
def bare_loop(path: str, threads: int, tokens: int) -> Iterator[Any]:
    """Load the model by itself; yield a function that writes a reply and returns its tokens a second and its text."""
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.no_perf = 2048, 128, True
    params.n_threads = params.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(model, params)
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    text = f"{PROMPT}<|im_start|>assistant\n".encode()
    prompt = (llama_cpp.llama_token * len(text))()
    count = llama_cpp.llama_tokenize(vocabulary, text, len(text), prompt, len(text), False, True)
    sampler = llama_cpp.llama_sampler_init_greedy()
    buffer = ctypes.create_string_buffer(64)

    def write() -> tuple[float, str]:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), False)
        llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(prompt, count))
        written, start = bytearray(), 0.0
        for _ in range(tokens):
            token = llama_cpp.llama_sampler_sample(sampler, context, -1)
            start = start or time.perf_counter()
            size = llama_cpp.llama_token_to_piece(vocabulary, token, buffer, 64, 0, False)
            written += buffer.raw[:size]
            llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one((llama_cpp.llama_token * 1)(token), 1))
        return tokens / (time.perf_counter() - start), written.decode(errors="replace")

    yield write
    llama_cpp.llama_sampler_free(sampler)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)


async def engine_writes(chat: Any, tokens: int) -> tuple[float, str]:
    """Return the tokens a second of the engine, and the text."""
    request = replace(REQUEST, max_tokens=tokens)
    start, text = 0.0, ""
    async with aclosing(chat.reply(request)) as reply:
        async for delta in reply:
            start = start or time.perf_counter()
            if isinstance(delta, Done):
                return (delta.usage.completion_tokens - 1) / (time.perf_counter() - start), text
            text += delta.text
    raise AssertionError("the reply has no end")


async def measure(path: str, threads: int, tokens: int, rounds: int) -> None:
    """Let the two take turns, and print the medians."""
    bare: list[float] = []
    ours: list[float] = []
    config = LlamaConfig(model=path, threads=threads, context=2048)
    async with open_llama(config) as chat:
        with bare_loop(path, threads, tokens) as write:
            _, expected = write()
            _, text = await engine_writes(chat, tokens)
            print(f"the same text: {'yes' if text == expected else 'no'} ({tokens} tokens, {threads} threads)")
            for n in range(rounds):
                if n % 2:
                    ours.append((await engine_writes(chat, tokens))[0])
                bare.append(write()[0])
                if not n % 2:
                    ours.append((await engine_writes(chat, tokens))[0])
    ratio = statistics.median(our / peer for our, peer in zip(ours, bare, strict=True))
    print(f"bare loop: median {statistics.median(bare):.1f} tok/s ({min(bare):.1f} to {max(bare):.1f})")
    print(f"engine:    median {statistics.median(ours):.1f} tok/s ({min(ours):.1f} to {max(ours):.1f})")
    print(f"ratio: {ratio:.3f} of at least 0.95: {'kept' if ratio >= 0.95 else 'BROKEN'}")


def main() -> None:
    """Read the arguments and measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("model", nargs="?", help="a GGUF file; without it the default model")
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--tokens", type=int, default=128)
    arguments.add_argument("--rounds", type=int, default=11)
    given = arguments.parse_args()
    path = given.model or model_path("smollm2-135m")
    asyncio.run(measure(path, given.threads, given.tokens, given.rounds))


if __name__ == "__main__":
    main()
