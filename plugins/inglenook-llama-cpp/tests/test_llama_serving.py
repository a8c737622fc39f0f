"""Several requests at once with the real model: nobody's tokens change, nobody waits for what is less urgent.

Greedy, one thread. How tokens are grouped into steps may change the last bits of a logit, so replies are compared over
their first tokens, where the model is sure of itself.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import llama_cpp
import pytest
from assistant_llama_cpp import LlamaConfig, describe_llama, open_llama

from assistant import ChatDelta, ChatMessage, ChatRequest, Done, Priority, Sampling, TextDelta

SYSTEM = ChatMessage.of("system", "You are a helpful voice assistant. Answer in one short sentence.")
COUNTRIES = ("France", "Spain", "Japan", "Kenya", "Italy", "Peru")
LONG = " ".join(f"Line {n} tells of the house by the sea and of those who lived there." for n in range(24))


@asynccontextmanager
async def opened(model: str, **options: Any) -> AsyncIterator[Any]:
    wanted: dict[str, Any] = {"model": model, "threads": 1, "context": 2048, "disk_cache": 0} | options
    async with open_llama(LlamaConfig(**wanted)) as chat:
        yield chat


def ask(text: str, **options: Any) -> ChatRequest:
    wanted: dict[str, Any] = {"max_tokens": 12, "priority": Priority.API} | options
    return ChatRequest(
        (SYSTEM, ChatMessage.of("user", text)), sampling=Sampling(temperature=0, repeat_penalty=1), **wanted
    )


def endless(tokens: int = 400, **options: Any) -> ChatRequest:
    """A reply that goes on until it is stopped or has so many tokens."""
    return ask("Go on.", grammar='root ::= ([a-z]+ " ")+', max_tokens=tokens, **options)


async def text_of(deltas: AsyncGenerator[ChatDelta, None]) -> tuple[str, Done]:
    words = ""
    async with aclosing(deltas):
        async for delta in deltas:
            if isinstance(delta, Done):
                return words, delta
            assert isinstance(delta, TextDelta)
            words += delta.text
    raise AssertionError("the reply has no end")


async def say(chat: Any, request: ChatRequest) -> tuple[str, Done]:
    return await text_of(chat.reply(request))


def jobs(chat: Any) -> list[Any]:
    """Those that have a place."""
    return list(chat._worker._scheduler.active)


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nothing tells the loop of it
            await asyncio.sleep(0.002)


async def test_requests_that_join_and_leave_say_what_they_say_alone(model: str) -> None:
    requests = [ask(f"What is the capital of {country}?") for country in COUNTRIES]
    async with opened(model, slots=1, conversations=0) as chat:
        alone = [(await say(chat, request))[0] for request in requests]

    async def joining(chat: Any, n: int) -> str:
        await until(lambda: chat._worker._arrivals > n)  # one after the other, in the midst of those before
        return (await say(chat, requests[n]))[0]

    async with opened(model, slots=3) as chat, asyncio.TaskGroup() as group:
        story = chat.reply(endless())
        await anext(story)
        told = [group.create_task(joining(chat, n)) for n in range(len(requests))]
        await asyncio.wait(told)
        await story.aclose()
    assert [task.result() for task in told] == alone
    assert all(len(text) > 10 for text in alone)


async def test_t6_a_voice_does_not_wait_for_programs(model: str) -> None:
    """All places are taken; one of the programs gives way, and goes on as if nothing had been."""
    async with opened(model, slots=2, queue=2) as chat:
        quiet = [(await say(chat, endless(60, stop=(stop,))))[0] for stop in ("never1", "never2")]
    async with opened(model, slots=2, queue=2) as chat:
        programs = [asyncio.create_task(say(chat, endless(60, stop=(stop,)))) for stop in ("never1", "never2")]
        await until(lambda: len(jobs(chat)) == 2 and all(job.written > 3 for job in jobs(chat)))
        text, done = await say(chat, ask("What is the capital of France?", priority=Priority.VOICE))
        assert "Paris" in text and not any(program.done() for program in programs)
        assert done.usage.cached_tokens > 10, "the system prompt is copied from a reply that is being written"
        told = [await program for program in programs]
    assert [text for text, _ in told] == quiet
    assert all(done.usage.completion_tokens == 60 for _, done in told)


async def test_t6_a_voice_is_not_refused_where_programs_are(model: str) -> None:
    async with opened(model, slots=1, queue=0) as chat, aclosing(chat.reply(endless())) as story:
        await anext(story)
        assert (await say(chat, ask("Name a colour.", priority=Priority.VOICE, max_tokens=4)))[0]
        await anext(story)
    able = describe_llama(LlamaConfig(model=model, slots=3, queue=5))
    assert (able.parallel, able.preempts) == (3, True), "who waits does so where it is seen; a voice does not wait"


async def test_a_step_has_the_cores_that_are_free(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(model, threads=0) as chat:
        assert (await say(chat, ask("What is the capital of France?")))[0]
        model_ = chat._worker._model
        monkeypatch.setattr(model_._others, "_cores", 8)
        monkeypatch.setattr(model_, "_most_threads", 8)
        given: list[int] = []
        monkeypatch.setattr(llama_cpp, "llama_set_n_threads", lambda _, one, several: given.append(one))

        def threads(tokens: int, others: int, *, aloud: bool = False) -> int:
            monkeypatch.setattr(model_._others, "running", lambda looks: others)
            monkeypatch.setattr(model_, "_threads", 0)  # they are set where they change
            model_.load([(1, n, 0, True) for n in range(tokens)], aloud=aloud)
            assert model_._threads == given[-1]
            return given[-1]

        asked = [(1, 0), (3, 0), (64, 0), (64, 5), (1, 7), (1, 9)]
        assert [threads(*step) for step in asked] == [2, 4, 8, 3, 1, 1]
        assert threads(1, 0, aloud=True) == 1, "whoever speaks wants a core, too"
        monkeypatch.setattr(model_, "_small", False)
        assert [threads(*step) for step in asked] == [8, 8, 8, 3, 1, 1]
        assert threads(1, 0, aloud=True) == 8


async def test_a_prompt_is_left_within_a_step(model: str) -> None:
    async with opened(model, batch=16) as chat:
        task = asyncio.create_task(say(chat, ask(LONG)))
        await until(lambda: any(len(job.sequence.tokens) > 40 for job in jobs(chat) if job.sequence))
        (job,) = jobs(chat)
        sequence = job.sequence
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not jobs(chat))
        assert job.sequence is None and not sequence.busy and job.sampler is None
        assert 40 < len(sequence.tokens) < job.prompt, "it was read to its end although nobody waited"
        _, done = await say(chat, ask(LONG))
        assert done.usage.cached_tokens >= len(sequence.tokens[: done.usage.cached_tokens]) > 40


async def test_leaving_in_the_midst_of_a_batch_changes_nothing_for_the_others(model: str) -> None:
    question = ask("What is the capital of Japan?", max_tokens=16)
    async with opened(model, slots=1) as chat:
        alone, _ = await say(chat, question)
    async with opened(model, slots=4) as chat:
        stories = [chat.reply(endless(stop=(f"never{n}",))) for n in range(3)]
        for story in stories:
            await anext(story)
        told = asyncio.create_task(say(chat, question))
        for story in stories:
            await asyncio.sleep(0.01)
            await story.aclose()
        assert (await told)[0] == alone
        await until(lambda: not jobs(chat))


async def test_replies_that_outgrow_the_context_are_continued_one_after_the_other(model: str) -> None:
    """Three replies fit by their prompts, and not by their ends: none fails, and none is cut."""
    requests = [endless(150, stop=(f"never{n}",)) for n in range(3)]
    paused: list[tuple[Any, list[int]]] = []
    async with opened(model, context=256, slots=3) as chat:
        scheduler, piece = chat._worker._scheduler, chat._worker._model.vocabulary.piece
        pause = scheduler.pause

        def counted(job: Any) -> None:
            paused.append((job, list(job.tokens)))
            pause(job)

        scheduler.pause = counted
        told = await asyncio.gather(*(say(chat, request) for request in requests))
        written = {b"".join(map(piece, job.tokens[job.prompt :])).decode() for job, _ in paused}
    assert paused, "the context was never full"
    assert all(done.usage.completion_tokens == 150 and done.reason == "length" for _, done in told)
    assert all(job.tokens[: len(before)] == before and len(job.tokens) > len(before) for job, before in paused)
    assert written <= {text for text, _ in told}, "each word is told once"


async def test_one_that_fills_its_context_harms_no_other(model: str) -> None:
    async with opened(model, context=160, slots=2) as chat:
        greedy = asyncio.create_task(say(chat, endless(4000)))
        await until(lambda: any(job.written > 20 for job in jobs(chat)))
        answers = [await say(chat, ask(f"What is the capital of {country}?")) for country in COUNTRIES[:3]]
        text, done = await greedy
    assert all(text for text, _ in answers)
    assert done.reason == "length" and done.usage.prompt_tokens + done.usage.completion_tokens == 160 and text


async def test_what_is_held_is_bounded_and_the_least_recently_used_goes_first(model: str) -> None:
    """The cells of a context are all the memory there is; what does not fit pushes out what was unused for longest."""
    async with opened(model, context=256, slots=1, conversations=5, memory_cache=0) as chat:
        cache = chat._worker._stepper.cache
        for n in range(9):
            await say(chat, ask(f"Tell me of the number {n}.", conversation=str(n), max_tokens=20))
            distinct = {tuple(s.tokens[: m + 1]) for s in cache.sequences for m in range(len(s.tokens))}
            assert len(distinct) <= 256, "more is promised than there are cells"
        kept = [int(s.conversation) for s in sorted(cache.sequences, key=lambda s: s.used) if s.tokens]
    assert kept == list(range(9 - len(kept), 9)) and len(kept) >= 2


async def test_each_reply_of_a_batch_has_its_own_grammar_sampling_and_stop(model: str) -> None:
    schema = {"type": "object", "properties": {"big": {"type": "boolean"}}, "required": ["big"]}
    wild = ChatRequest(
        (SYSTEM, ChatMessage.of("user", "Tell me something.")),
        sampling=Sampling(temperature=1.5, seed=3),
        max_tokens=12,
    )
    async with opened(model, slots=1, conversations=0) as chat:
        drawn, _ = await say(chat, wild)
    async with opened(model, slots=5) as chat:
        choice, json_text, stopped, plain, again = await asyncio.gather(
            say(chat, ask("Is the sky blue?", grammar='root ::= "yes" | "no"')),
            say(chat, ask("Is Paris big?", schema=schema, max_tokens=30)),
            say(chat, ask("What is the capital of France?", stop=("Par",))),
            say(chat, ask("What is the capital of France?")),
            say(chat, wild),
        )
    assert choice[0] in ("yes", "no")
    assert isinstance(json.loads(json_text[0])["big"], bool)
    assert "Paris" in plain[0] and stopped[0] == plain[0].partition("Par")[0] and stopped[1].reason == "stop"
    assert again[0][:12] == drawn[:12], "one's draw of luck is not another's"


async def test_a_running_reply_goes_on_while_a_long_prompt_is_read(model: str) -> None:
    """Not by the clock: between two pieces of the prompt, each of which is small, the reply gains a token."""
    async with opened(model, slots=2, batch=256) as chat, aclosing(chat.reply(endless(300))) as story:
        for _ in range(20):
            await anext(story)
        running = jobs(chat)[0]
        steps: list[tuple[int, int]] = []
        load = chat._worker._model.load

        def counted(entries: list[Any], *, aloud: bool = False) -> None:
            others = sum(entry[2] != running.sequence.id for entry in entries) if running.sequence else 0
            steps.append((len(entries) - others, others))
            load(entries, aloud=aloud)

        chat._worker._model.load = counted
        reading = asyncio.create_task(say(chat, ask(LONG, max_tokens=1)))
        async for _ in story:
            if reading.done():
                break
        await reading
        pieces = [others for own, others in steps if others]
        assert pieces[0] <= 128, "the whole batch went to the prompt"
        assert len(pieces) > 20, "pieces as large as the first"
        assert all(own == 1 for own, others in steps if others), "the reply stood still"


async def test_background_work_gives_way_to_the_same_prompt_of_a_person(model: str) -> None:
    """Warming is left where the turn comes, and the turn goes on from what was read."""
    long = (SYSTEM, ChatMessage.of("user", LONG))
    async with opened(model, slots=1, batch=16) as chat:
        warming = asyncio.create_task(
            chat.warm(ChatRequest(long, conversation="kitchen", priority=Priority.BACKGROUND))
        )
        await until(lambda: any(len(job.sequence.tokens) > 40 for job in jobs(chat) if job.sequence))
        _, done = await say(chat, ask(LONG, conversation="kitchen", priority=Priority.VOICE, max_tokens=2))
        assert done.usage.cached_tokens > 40
        await warming
