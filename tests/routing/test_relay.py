"""A reply by as many models as it takes, with fakes in virtual time."""

import asyncio
from contextlib import aclosing

import pytest

from assistant import (
    ChatRequest,
    Done,
    EngineBusy,
    EngineError,
    EngineUnavailable,
    TextDelta,
    ToolCall,
    ToolSpec,
    UnfitRequest,
)
from assistant.routing import State
from assistant.testing import run_in_virtual_time
from tests.routing.models import ASKED, TEXT, Writer, writers

BROKEN = EngineError("it broke the connection off")


@pytest.mark.parametrize("continues", [True, False])
@pytest.mark.parametrize("fails", [BROKEN, ValueError("a bug of a plugin"), 999.0])
def test_whatever_is_cut_the_whole_text_is_heard_once(fails: Exception | float, continues: bool) -> None:
    async def main() -> None:
        for cut in range(0, len(TEXT) + 3, 3):
            first, second = Writer(fails, cut), Writer(continues=continues)
            async with writers(first=first, second=second) as both:
                assert await both.said() == TEXT, f"cut at {cut}"
                assert len(second.requests) == (cut < len(TEXT))

    run_in_virtual_time(main())


@pytest.mark.parametrize(("second", "third"), [(True, False), (False, True), (False, False), (True, True)])
def test_three_go_on_one_after_the_other(second: bool, third: bool) -> None:
    async def main() -> None:
        for cut in range(1, len(TEXT) - 30, 2):
            b, c = Writer(BROKEN, cut + 30, continues=second), Writer(continues=third)
            async with writers(every={"a": Writer(BROKEN, cut), "b": b, "c": c}) as three:
                assert await three.said() == TEXT, f"cut at {cut}"
                assert three.order() == ["c", "a", "b"]

    run_in_virtual_time(main())


def test_who_goes_on_may_write_what_is_left() -> None:
    async def main() -> None:
        second = Writer()
        async with writers(first=Writer(BROKEN, 30), second=second) as both:
            await both.said()
        assert second.requests[0].max_tokens == ASKED.max_tokens - 10

    run_in_virtual_time(main())


def test_who_waits_for_others_is_not_taken_to_hang() -> None:
    async def main() -> None:
        server, here = Writer(parallel=1, pace=0.05), Writer()
        async with writers(every={"pc/large": server, "here": here}) as both:
            await both.said()
            assert list(await asyncio.gather(both.said(), both.said())) == [TEXT] * 2
        assert len(server.requests) == 3 and not here.requests

    run_in_virtual_time(main())


def test_one_that_is_slow_is_waited_for_where_all_others_sleep() -> None:
    async def main() -> None:
        asleep = Writer(EngineUnavailable("refused"))
        async with writers(every={"pc/large": Writer(3.0), "attic/large": asleep}) as both:
            both.routing.health.is_silent("attic", "it sleeps")
            assert await both.said() == TEXT
        assert not asleep.requests

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    ("fails", "seconds"),
    [(BROKEN, 0.05), (999.0, 2.3), (EngineUnavailable("refused"), 0.05), (EngineBusy("503"), 0.05)],
)
def test_before_the_first_word_the_next_is_asked_soon_and_in_time_if_the_usual_time_is_known(
    fails: Exception | float, seconds: float
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        first = Writer(fails)
        async with writers(every={"pc/large": first, "here": Writer()}) as both:
            began = loop.time()
            assert await both.said() == TEXT
            assert loop.time() - began < seconds + len(TEXT) / 3 * 0.011
            first.fails = None
            await asyncio.sleep(600)
            assert await both.said() == TEXT and both.order()[0] == "pc/large"
            first.fails = fails
            began = loop.time()
            assert await both.said() == TEXT
            assert loop.time() - began < min(seconds, 0.5) + len(TEXT) / 3 * 0.011

    run_in_virtual_time(main())


def test_a_dead_one_costs_nobody_its_time_twice_and_is_back_when_it_is() -> None:
    async def main() -> None:
        first = Writer(999.0)
        async with writers(first=first, second=Writer()) as both:
            await both.said()
            assert both.order() == ["second", "first"]
            await both.said()
            assert len(first.requests) == 1
            await asyncio.sleep(6)
            assert both.routing.health.state("first") is State.HALF_OPEN
            both_at_once = list(await asyncio.gather(both.said(), both.said(), both.said()))
            assert both_at_once == [TEXT] * 3 and len(first.requests) == 2  # one tries, the others need not wait
            await asyncio.sleep(6)
            assert both.routing.health.state("first") is State.OPEN  # for twice as long
            await asyncio.sleep(5)
            first.fails = None
            assert both.order()[0] == "first"
            assert await both.said() == TEXT and len(first.requests) == 3
            assert both.routing.health.state("first") is State.CLOSED

    run_in_virtual_time(main())


def test_the_last_hope_is_asked_although_it_failed() -> None:
    async def main() -> None:
        first, second = Writer(BROKEN), Writer(BROKEN)
        async with writers(first=first, second=second) as both:
            with pytest.raises(EngineError, match="broke"):
                await both.said()
            first.fails = None
            assert await both.said() == TEXT

    run_in_virtual_time(main())


def test_what_is_the_requests_fault_opens_nothing() -> None:
    async def main() -> None:
        async with writers(first=Writer(UnfitRequest("too long")), second=Writer()) as both:
            assert await both.said() == TEXT
            assert both.order() == ["first", "second"]

    run_in_virtual_time(main())


def test_what_is_held_to_a_form_is_not_gone_on_with_but_begun_anew_where_nothing_was_said() -> None:
    async def main() -> None:
        form = ChatRequest(ASKED.messages, schema={"type": "object"})
        async with writers(first=Writer(BROKEN, 30), second=Writer()) as both:
            with pytest.raises(EngineError):
                await both.said(form)
        async with writers(first=Writer(BROKEN), second=Writer()) as both:
            assert await both.said(form) == TEXT

    run_in_virtual_time(main())


def test_the_calls_of_one_that_fails_are_not_made() -> None:
    async def main() -> None:
        lost, made = ToolCall("1", "lamp", {}), ToolCall("2", "lamp", {})
        async with writers(first=Writer(BROKEN, 30, calls=(lost,)), second=Writer(calls=(made,))) as both:
            deltas = await both.deltas()
            assert [delta for delta in deltas if not isinstance(delta, TextDelta)] == [made, Done("stop")]

    run_in_virtual_time(main())


def test_whoever_settles_lets_nobody_go_on() -> None:
    async def main() -> None:
        second = Writer()
        async with writers(first=Writer(BROKEN, 30), second=second) as both:
            relay = both.relay()
            relay.settle()

            async def prepare(model: str) -> ChatRequest:
                return ASKED

            with pytest.raises(EngineError):
                async with aclosing(relay.reply(prepare)) as deltas:
                    async for _ in deltas:
                        pass
            assert not second.requests

    run_in_virtual_time(main())


def test_leaving_is_no_failure_and_ends_a_trial() -> None:
    async def main() -> None:
        first = Writer(BROKEN)
        async with writers(first=first, second=Writer()) as both:
            await both.said()
            await asyncio.sleep(6)
            first.fails = 60.0
            first.at = 6

            async def leave() -> None:
                async with asyncio.timeout(0.1):
                    await both.said()

            with pytest.raises(TimeoutError):
                await leave()
            assert both.routing.health.state("first") is State.CLOSED  # it had begun to write
            assert both.routing.health.measured("first").at_work == 0

    run_in_virtual_time(main())


def test_who_was_asked_and_what_came_of_it_is_told() -> None:
    async def main() -> None:
        async with writers(first=Writer(BROKEN, 30), second=Writer(), third=Writer()) as three:
            relay = three.relay()

            async def prepare(model: str) -> ChatRequest:
                return ASKED

            async with aclosing(relay.reply(prepare)) as deltas:
                [_ async for _ in deltas]
            assert [(step.model, step.outcome) for step in relay.steps] == [
                ("first", "engine_error"),
                ("second", "answered"),
                ("third", "not asked"),
            ]
            assert relay.steps[0].why == "number 1 of the list"

    run_in_virtual_time(main())


@pytest.mark.parametrize(("tools", "longest"), [((), 1.1), ((ToolSpec("lamp", "Switch the lamp.", {}),), 4.6)])
def test_a_server_that_stalls_is_left_soon_unless_it_may_be_calling_a_tool(
    tools: tuple[ToolSpec, ...], longest: float
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        first, asked = Writer(), ChatRequest(ASKED.messages, tools=tools, max_tokens=100)
        async with writers(every={"pc/large": first, "here": Writer()}) as both:
            await both.said(asked)
            first.fails, first.at = 999.0, 30
            began = loop.time()
            assert await both.said(asked) == TEXT
            assert longest - 0.1 < loop.time() - began - len(TEXT) / 3 * 0.01 < longest

    run_in_virtual_time(main())
