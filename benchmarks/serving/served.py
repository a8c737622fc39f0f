"""Be a server: the daemon, its engine by itself, or the least loop around llama.cpp.

python benchmarks/serving/served.py daemon|engine|bare MODEL PORT THREADS
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

__all__ = ["CONTEXT", "KEY", "SLOTS"]

CONTEXT, SLOTS = 8192, 4
KEY = "the key of the benchmark"
CONFIG: dict[str, Any] = {
    "models": {"wake": None, "vad": None, "microphone": None, "speaker": None},
    "devices": None,
    "aliases": {"model": {"model": "chat"}},
    "log": {"level": "warning"},
}
"""What the daemon is set to beside the address and the chat model."""

Write = Callable[[Any], AsyncGenerator[str | int, None]]
"""Yields the pieces of a reply, and where these are not its tokens how many those are."""


async def serve(port: int, write: Write) -> None:
    """Speak what a client of the OpenAI protocol reads of a stream, until the process is ended."""
    from aiohttp import web

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "model"}]})

    async def complete(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        asked = await request.json()
        await response.prepare(request)
        async with aclosing(write(asked)) as texts:
            async for text in texts:
                chunk: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": text}}]}
                if isinstance(text, int):
                    chunk = {"choices": [], "usage": {"completion_tokens": text}}
                await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.add_routes([web.get("/v1/models", models), web.post("/v1/chat/completions", complete)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def become_daemon(model: str, port: int) -> None:
    """Go on as the daemon."""
    chat = {"engine": "llama-cpp", "model": model, "context": CONTEXT, "slots": SLOTS, "repeat_penalty": 1.0}
    http = {"port": port, "key": KEY, "limits": {"minute": 0}}
    config = CONFIG | {"http": http, "models": CONFIG["models"] | {"chat": chat}}
    file = Path(os.environ["INGLENOOK_HOME"], "assistant.yaml")
    file.write_text(json.dumps(config))  # which is YAML
    os.execv(sys.executable, [sys.executable, "-m", "assistant", "--config", str(file), "run"])


async def serve_engine(model: str, port: int) -> None:
    """Serve the engine, and tell each of its tokens."""
    from assistant_llama_cpp import LlamaConfig, job, open_llama

    from assistant import ChatMessage, ChatRequest, Done, Priority, Sampling, TextDelta

    job._BEAT = 0.0
    async with open_llama(LlamaConfig(model=model, context=CONTEXT, slots=SLOTS)) as chat:

        async def write(asked: Any) -> AsyncGenerator[str | int, None]:
            request = ChatRequest(
                tuple(ChatMessage.of(message["role"], message["content"]) for message in asked["messages"]),
                sampling=Sampling(temperature=0, repeat_penalty=1),
                max_tokens=asked["max_tokens"],
                priority=Priority.API,
            )
            async with aclosing(chat.reply(request)) as reply:
                async for delta in reply:
                    if isinstance(delta, TextDelta):
                        yield delta.text
                    elif isinstance(delta, Done):
                        yield delta.usage.completion_tokens

        await serve(port, write)


async def serve_bare(path: str, port: int, threads: int) -> None:
    """Serve the least loop that can be written around llama.cpp: one client, nothing kept."""
    import ctypes

    import llama_cpp

    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.no_perf, params.n_threads, params.n_threads_batch = CONTEXT, True, threads, threads
    context = llama_cpp.llama_init_from_model(model, params)
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    sampler = llama_cpp.llama_sampler_init_greedy()
    buffer = ctypes.create_string_buffer(64)

    def decode(tokens: Sequence[int]) -> int:
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(tokens)))
        return int(llama_cpp.llama_sampler_sample(sampler, context, -1))

    async def write(asked: Any) -> AsyncGenerator[str | int, None]:
        said = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in asked["messages"])
        text = f"{said}<|im_start|>assistant\n".encode()
        prompt = (llama_cpp.llama_token * len(text))()
        count = llama_cpp.llama_tokenize(vocabulary, text, len(text), prompt, len(text), False, True)
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), False)
        token = decode(prompt[:count])
        for _ in range(asked["max_tokens"]):
            size = llama_cpp.llama_token_to_piece(vocabulary, token, buffer, 64, 0, False)
            if llama_cpp.llama_vocab_is_eog(vocabulary, token):
                return
            yield buffer.raw[:size].decode(errors="replace")
            token = decode([token])

    await serve(port, write)


def main() -> None:
    """Be the one that the first argument names."""
    what, model, port, threads = sys.argv[1:]
    match what:
        case "daemon":
            become_daemon(model, int(port))
        case "engine":
            asyncio.run(serve_engine(model, int(port)))
        case "bare":
            asyncio.run(serve_bare(model, int(port), int(threads)))


if __name__ == "__main__":
    main()
