"""Prefixes of idle conversations are put aside and come back whole."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import pytest
from assistant_llama_cpp import LlamaConfig, open_llama
from assistant_llama_cpp.native import Model
from assistant_llama_cpp.parked import Parked, Prefix

from assistant import Chat, ChatMessage, ChatRequest, Done, Sampling, TextDelta, Usage

SYSTEM = ChatMessage.of("system", "You are a helpful voice assistant. Answer in one short sentence.")


def prefix(*tokens: int, of: str = "", size: int = 10) -> Prefix:
    return Prefix(list(tokens), of, bytes(size))


def kept(parked: Parked, prompt: list[int]) -> int:
    found = parked.find(prompt)
    return found[1] if found else 0


def test_the_longest_prefix_is_found_and_the_last_token_is_always_read() -> None:
    parked = Parked(1000, divisible=True)
    parked.keep(prefix(1, 2, 3, 4, of="a"))
    parked.keep(prefix(1, 2, 9, of="b"))
    assert kept(parked, [1, 2, 3, 4, 5]) == 4
    assert kept(parked, [1, 2, 3, 4]) == 3
    assert kept(parked, [1, 2, 7]) == 2
    assert kept(parked, [8]) == 0


def test_a_state_that_cannot_be_cut_comes_back_whole_or_not_at_all() -> None:
    parked = Parked(1000, divisible=False)
    parked.keep(prefix(1, 2, 3, of="a"))
    assert kept(parked, [1, 2, 3, 4]) == 3
    assert kept(parked, [1, 2, 4]) == 0


def test_the_memory_is_bounded_and_what_was_unused_for_longest_goes() -> None:
    parked = Parked(30, divisible=True)
    assert parked.takes(15) and not parked.takes(16) and not parked.takes(0)
    for number in (1, 2, 3):
        parked.keep(prefix(number, of=str(number)))
    assert kept(parked, [1, 0]) == 1
    parked.keep(prefix(4, of="4"))
    assert [kept(parked, [n, 0]) for n in (1, 2, 3, 4)] == [1, 0, 1, 1]
    assert not Parked(0, divisible=True).takes(1)


def test_a_conversation_is_kept_once() -> None:
    parked = Parked(20, divisible=True)
    parked.keep(prefix(7, of="other"))
    parked.keep(prefix(1, of="a"))
    parked.keep(prefix(1, 2, of="a"))
    assert kept(parked, [7, 0]) == 1
    assert kept(parked, [1, 2, 0]) == 2
    nameless = Parked(20, divisible=True)
    nameless.keep(prefix(7, of="other"))
    nameless.keep(prefix(1))
    nameless.keep(prefix(1, 2))
    assert kept(nameless, [7, 0]) == 1


# -- with the real model -------------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(model: str, memory: int) -> AsyncGenerator[Chat, None]:
    async with open_llama(LlamaConfig(model=model, threads=1, context=2048, disk_cache=0, memory_cache=memory)) as chat:
        yield chat


async def said(chat: Chat, conversation: str, *words: str) -> tuple[str, Usage]:
    """Say the last of *words* after the others, which were said and answered in turn; return the answer."""
    roles = ["user", "assistant"] * len(words)
    messages = (SYSTEM, *(ChatMessage.of(role, text) for role, text in zip(roles, words, strict=False)))  # type: ignore[arg-type]
    request = ChatRequest(messages, conversation=conversation, max_tokens=12, sampling=Sampling(temperature=0))
    text, usage = "", Usage()
    async with aclosing(chat.reply(request)) as reply:
        async for delta in reply:
            if isinstance(delta, TextDelta):
                text += delta.text
            elif isinstance(delta, Done):
                usage = delta.usage
    await asyncio.sleep(0.3)  # nobody asks anything
    return text, usage


@pytest.mark.parametrize("names", [("a", "b", "c"), ("", "", "")])
async def test_conversations_go_on_where_they_were(model: str, names: tuple[str, ...]) -> None:
    questions = ("What is the capital of Italy?", "Who wrote Hamlet?", "How many legs has a spider?")
    async with opened(model, 64) as chat, opened(model, 0) as other:
        first = [(await said(chat, name, question))[0] for name, question in zip(names, questions, strict=True)]
        for name, question, answer in zip(names, questions, first, strict=True):
            again = (question, answer, "And what else is known of it?")
            text, usage = await said(chat, name, *again)
            fresh, alone = await said(other, "", *again)
            assert text == fresh
            assert usage.prompt_tokens == alone.prompt_tokens
            assert usage.prompt_tokens - usage.cached_tokens < 25, "only what is new is read"


async def test_who_only_begins_alike_takes_only_that(model: str) -> None:
    async with opened(model, 64) as chat, opened(model, 0) as other:
        for question in ("What is the capital of Italy?", "Who wrote Hamlet?", "What is the capital of Spain?"):
            text, usage = await said(chat, question, question)
            assert text == (await said(other, "", question))[0]
        assert usage.cached_tokens >= 15


@pytest.mark.parametrize(("memory", "restores"), [(64, True), (0, False)])
async def test_what_is_idle_is_put_aside_and_taken_back(
    model: str, memory: int, restores: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored, restore = list[int](), Model.restore

    def restoring(self: Model, sequence: int, state: bytes) -> bool:
        restored.append(len(state))
        return restore(self, sequence, state)

    monkeypatch.setattr(Model, "restore", restoring)
    async with opened(model, memory) as chat:
        for name in ("a", "b", "a"):
            await said(chat, name, f"My name is {name}. Who am I?")
    assert bool(restored) is restores
