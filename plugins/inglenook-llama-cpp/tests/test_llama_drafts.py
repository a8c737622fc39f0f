"""Drafts of one turn: at each pause a reply is begun, and thrown away when the person goes on."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from assistant_llama_cpp import LlamaConfig, open_llama
from assistant_llama_cpp.sequences import common_prefix

from assistant import ChatMessage, ChatRequest, Done, Priority, Sampling, TextDelta, ToolSpec, Usage

TIMER = ToolSpec("set_timer", "Set a timer.", {"type": "object", "properties": {"minutes": {"type": "integer"}}})
BEFORE = (
    ChatMessage.of("system", "You are a helpful voice assistant. Answer in one short sentence."),
    ChatMessage.of("user", "What is the capital of Italy?"),
    ChatMessage.of("assistant", "The capital of Italy is Rome."),
)
QUESTION = "And can you also tell me what the capital of France is, please?"


def asked(text: str = "", **options: Any) -> ChatRequest:
    messages = (*BEFORE, ChatMessage.of("user", text)) if text else BEFORE
    wanted: dict[str, Any] = {"conversation": "kitchen", "tools": (TIMER,), "max_tokens": 16} | options
    return ChatRequest(messages, sampling=Sampling(temperature=0, repeat_penalty=1), **wanted)


@asynccontextmanager
async def opened(model: str, **options: Any) -> AsyncIterator[Any]:
    wanted: dict[str, Any] = {"model": model, "threads": 1, "context": 2048, "batch": 32, "disk_cache": 0} | options
    async with open_llama(LlamaConfig(**wanted)) as chat:
        yield chat


async def draft(chat: Any, text: str, deltas: int) -> Usage | None:
    """Begin a reply and leave it after so many deltas; return what it cost if it came to its end."""
    async with aclosing(chat.reply(asked(text))) as reply:
        async for delta in reply:
            deltas -= 1
            if isinstance(delta, Done):
                return delta.usage
            if deltas <= 0:
                return None
    return None


async def whole(chat: Any, text: str, **options: Any) -> tuple[str, Usage]:
    words = ""
    async with aclosing(chat.reply(asked(text, **options))) as reply:
        async for delta in reply:
            if isinstance(delta, TextDelta):
                words += delta.text
            elif isinstance(delta, Done):
                return words, delta.usage
    raise AssertionError("the reply has no end")


@pytest.fixture
async def cold(model: str) -> str:
    """What is answered where nothing was read before."""
    async with opened(model) as chat:
        text, usage = await whole(chat, QUESTION)
    assert usage.cached_tokens == 0 and "Paris" in text
    return text


async def test_each_draft_reads_only_what_is_new(model: str, cold: str) -> None:
    """The text grows, is corrected and is cut; of the prompt before, all that still holds is kept."""
    drafts = [
        ("And can", 1),
        ("And can you also", 3),
        ("And can you all so tell me", 2),
        ("And can you also tell me what the", 40),
        ("And can you also tell me what the capital of France is, please? No.", 1),
    ]
    async with opened(model) as chat:
        await chat.warm(asked())
        before = (await chat._preparer.warm(asked())).tokens
        for text, deltas in [*drafts, (QUESTION, 99)]:
            prompt = (await chat._preparer.reply(asked(text))).tokens
            last = text is QUESTION
            words, usage = await whole(chat, text) if last else ("", await draft(chat, text, deltas))
            kept = common_prefix(before, prompt)
            if usage:
                assert kept <= usage.cached_tokens < len(prompt)
            before = prompt
        assert words == cold
        assert {len(s.tokens) > 0 for s in chat._worker._stepper.cache.sequences[1:]} == {False}, (
            "one sequence is enough"
        )


async def test_drafts_that_are_cancelled_anywhere_do_no_harm(model: str, cold: str) -> None:
    """Before a slot, while the prompt is read, in mid-reply, while the next one has begun, beside another device."""
    for seed in range(6):
        chosen = random.Random(seed)
        words = QUESTION.split()
        async with opened(model, slots=2, conversations=1) as chat:
            started = []
            for n in sorted(chosen.sample(range(1, len(words)), 5)):
                said = " ".join(words[:n]) if chosen.random() < 0.8 else " ".join([*words[: n - 1], "ehm"])
                work: list[Any] = [draft(chat, said, chosen.randint(1, 9))]
                if chosen.random() < 0.5:
                    work.append(chat.warm(asked(priority=Priority.BACKGROUND)))
                if chosen.random() < 0.3:
                    work.append(whole(chat, said, conversation="hall", max_tokens=3))
                tasks = [asyncio.create_task(one) for one in work]
                await asyncio.sleep(chosen.choice([0, 0, 0.002, 0.02, 0.1]))
                if chosen.random() < 0.6:
                    for task in tasks:
                        task.cancel()
                started += tasks
            for task in started:
                task.cancel()
            assert (await whole(chat, QUESTION))[0] == cold, f"seed {seed}"
            await asyncio.gather(*started, return_exceptions=True)
            assert (await whole(chat, QUESTION))[0] == cold, f"seed {seed}, at rest"
            failed = [task.exception() for task in started if not task.cancelled() and task.exception()]
            assert not failed
