"""While one stalls in mid-reply the next is asked, too, and who has the next words first goes on; in virtual time."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from assistant import ChatRequest, EngineError, TextDelta, ToolCall, ToolSpec
from assistant.routing import State
from assistant.testing import VirtualTimeLoop, run_in_virtual_time
from tests.routing.models import ASKED, TEXT, Writer, Writers, writers

HANGS = 999.0
PACE = 0.01
"""Seconds to the first words of a writer, and to each of the others."""
LAMP = (ToolSpec("lamp", "Switch the lamp.", {}),)
TOOLS = replace(ASKED, tools=LAMP)


class Asked:
    """What came of one reply."""

    def __init__(self) -> None:
        self.text = ""
        self.gap = 0.0
        """Longest seconds between two of its words."""
        self.steps: list[tuple[str, str]] = []
        self.prepared: list[str] = []


async def ask(
    some: Writers, request: ChatRequest = ASKED, settled: bool = False, each: Callable[[], object] = lambda: None
) -> Asked:
    loop, relay, asked, at = asyncio.get_running_loop(), some.relay(request), Asked(), list[float]()
    if settled:
        relay.settle()

    async def prepare(model: str) -> ChatRequest:
        await asyncio.sleep(0)
        asked.prepared.append(model)
        return request

    async with aclosing(relay.reply(prepare)) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                assert delta.text, "a sign of life is not passed on"
                asked.text += delta.text
                at.append(loop.time())
                each()
    asked.gap = max(after - before for before, after in itertools.pairwise(at))
    asked.steps = [(step.model, step.outcome) for step in relay.steps]
    return asked


@asynccontextmanager
async def known(request: ChatRequest = ASKED, **some: Any) -> AsyncGenerator[Writers, None]:
    """Put writers in a pool, the first of another machine, which has answered before and is known to be quick."""
    first = some.pop("first")
    first.local = False
    stalls = first.fails, first.pauses
    async with writers(every={"pc/large": first, **some}) as opened:
        for id_ in some:
            await opened.pool.open(id_)
        first.fails, first.pauses = None, {}
        for _ in range(3):
            assert (await ask(opened, request)).text == TEXT
        first.fails, first.pauses = stalls
        first.requests.clear()
        yield opened


@pytest.mark.parametrize("continues", [True, False])
@pytest.mark.parametrize(("request_", "tells"), [(ASKED, False), (TOOLS, True)], ids=["plain", "with tools"])
def test_who_hangs_is_gone_on_with_soon(request_: ChatRequest, tells: bool, continues: bool) -> None:
    async def main() -> None:
        for cut in range(3, len(TEXT), 3):
            first, second = Writer(HANGS, cut, tells_calls=tells), Writer(continues=continues)
            async with known(request_, first=first, here=second) as both:
                asked = await ask(both, request_)
                assert asked.text == TEXT, f"cut at {cut}"
                own = PACE if continues else 4 * PACE  # it repeats two words
                assert asked.gap < 0.3 + own, f"cut at {cut}"
                assert asked.steps == [("pc/large", "stalled"), ("here", "answered")]
                assert (len(first.requests), len(second.requests)) == (1, 1) and not first.at_work
                assert both.routing.health.state("pc/large") is State.OPEN  # the next reply need not find out again

    run_in_virtual_time(main())


def test_whoever_has_the_next_words_first_goes_on_and_no_word_comes_twice() -> None:
    async def main() -> None:
        won = set()
        for pause, slow, continues in itertools.product([0.2, 0.3, 0.35, 0.4, 0.45, 0.6], [0.01, 0.1, 0.2], [0, 1]):
            for at in (3, 30, 33, 36, 60):
                first, second = Writer(pauses={at: pause}), Writer(continues=bool(continues), pace=slow)
                async with known(first=first, here=second) as both:
                    asked = await ask(both)
                    assert asked.text == TEXT, f"{pause} s at {at}"
                    await asyncio.sleep(2)
                    assert not (first.at_work or second.at_work)
                    won.add(tuple(outcome for _, outcome in asked.steps))
                    state = both.routing.health.state("pc/large")
                    assert (state is State.CLOSED) == (asked.steps[0][1] == "answered")
        assert won == {("answered", "not asked"), ("answered", "not needed"), ("stalled", "answered")}

    run_in_virtual_time(main())


def test_who_goes_on_by_itself_is_who_answers() -> None:
    async def main() -> None:
        second, at_work = Writer(pace=0.5), list[int]()
        async with known(first=Writer(pauses={30: 0.4}), here=second) as both:
            asked = await ask(both, each=lambda: at_work.append(second.at_work))
            assert second.requests and at_work[-1] == 0  # it is not left at the end only
            assert asked.prepared == ["pc/large", "here", "pc/large"] and asked.text == TEXT
            assert asked.gap == pytest.approx(0.4 + PACE, abs=0.005)

    run_in_virtual_time(main())


def test_it_is_done_once_for_a_reply() -> None:
    async def main() -> None:
        second = Writer(pace=0.5)
        async with known(first=Writer(pauses={30: 0.4, 60: 0.4}), here=second) as both:
            asked = await ask(both)
            assert asked.text == TEXT and len(second.requests) == 1

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    ("pause", "steps"),
    [
        (0.6, [("pc/large", "answered"), ("here", "engine_error"), ("third", "not asked")]),
        (HANGS, [("pc/large", "engine_timeout"), ("here", "engine_error"), ("third", "answered")]),
    ],
)
def test_where_the_second_fails_the_first_is_waited_for_as_ever(pause: float, steps: list[tuple[str, str]]) -> None:
    async def main() -> None:
        second, first = Writer(EngineError("it broke")), Writer(pauses={30: pause})
        async with known(first=first, here=second, third=Writer()) as three:
            asked = await ask(three)
            assert (asked.text, asked.steps) == (TEXT, steps)
            assert asked.gap < 1.1

    run_in_virtual_time(main())


def test_where_the_second_fails_and_nobody_else_is_there_the_first_has_all_the_time() -> None:
    async def main() -> None:
        async with known(first=Writer(pauses={30: 4.0}), here=Writer(EngineError("it broke"))) as both:
            assert (await ask(both)).text == TEXT

    run_in_virtual_time(main())


def test_who_fails_while_the_second_reads_does_not_cost_it_its_time() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        first, second = Writer(), Writer(pauses={32: 2.0})  # it goes on before the blank
        async with known(first=first, here=second) as both:
            first.fails, first.at, first.pauses = EngineError("it broke"), 33, {33: 0.5}
            began = loop.time()
            asked = await ask(both)
            assert asked.text == TEXT and len(second.requests) == 1
            assert asked.steps == [("pc/large", "engine_error"), ("here", "answered")]
            assert loop.time() - began == pytest.approx(0.25 + 2.0 + len(TEXT) / 3 * PACE, abs=0.1)

    run_in_virtual_time(main())


def refused() -> dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Return what makes that nobody is asked beside one that pauses: of the first, of the second, of the request."""
    return {
        "it works on this machine": ({"local": True}, {}, {}),
        "the second costs money": ({}, {"price": 2.0}, {}),
        "the second is at work": ({}, {"parallel": 1}, {"busy": True}),
        "the second failed lately": ({}, {}, {"failed": True}),
        "the second is not loaded": ({}, {}, {"unloaded": True}),
        "it may be calling a tool": ({}, {}, {"request": TOOLS}),
        "a form is kept to": ({}, {}, {"request": replace(ASKED, schema={"type": "object"})}),
        "a tool was run": ({}, {}, {"settled": True}),
        "its pauses are usual": ({}, {}, {"usual": {9: 0.45}}),
    }


@pytest.mark.parametrize("why", refused())
def test_nobody_is_asked_where(why: str) -> None:
    its, others, how = refused()[why]

    async def main() -> None:
        first, second = Writer(), Writer(**others)
        async with known(first=first, here=second) as both:
            await both.said()
            request = how.get("request", ASKED)
            first.local = its.get("local", False)
            both.pool.offer(replace(both.pool.model("pc/large"), capabilities=first.capabilities))
            if how.get("failed"):
                both.routing.health.measured("here").breaker.failed(asyncio.get_running_loop().time())
            if how.get("unloaded"):
                await both.pool.unload("here")
            if usual := how.get("usual"):
                first.pauses = usual
                second.pace = HANGS  # so that it comes to its end
                await both.said()
                second.requests.clear()
            first.pauses = {30: 0.8}
            if how.get("busy"):
                with both.routing.health.asking("here"):
                    asked = await ask(both, request, how.get("settled", False))
            else:
                asked = await ask(both, request, how.get("settled", False))
            assert asked.text == TEXT and not second.requests and asked.steps[0] == ("pc/large", "answered")

    run_in_virtual_time(main())


def test_the_same_pause_of_which_nothing_of_that_is_true_has_the_second_asked() -> None:
    async def main() -> None:
        second = Writer()
        async with known(first=Writer(pauses={30: 0.8}), here=second) as both:
            assert (await ask(both)).steps[0] == ("pc/large", "stalled") and len(second.requests) == 1

    run_in_virtual_time(main())


def test_while_a_call_is_written_nobody_is_asked_and_the_call_is_made() -> None:
    async def main() -> None:
        call, second = ToolCall("1", "lamp", {}), Writer()
        first = Writer(calls=(call,), signs=20, tells_calls=True)
        async with known(TOOLS, first=first, here=second) as both:
            assert call in await both.deltas(TOOLS) and not second.requests

    run_in_virtual_time(main())


@pytest.mark.parametrize(("tells", "first"), [(True, "here"), (False, "pc/large")])
def test_a_server_that_tells_nothing_of_a_call_has_the_time_of_one_for_its_first_words(tells: bool, first: str) -> None:
    async def main() -> None:
        quick = Writer(tells_calls=tells)
        async with known(TOOLS, first=quick, here=Writer()) as both:
            quick.pauses = {0: 0.45}  # the tokens of a call take about so long
            asked = await ask(both, TOOLS)
            assert asked.text == TEXT and (first, "answered") in asked.steps

    run_in_virtual_time(main())


def test_a_machine_that_is_late_itself_tells_nothing_of_a_server() -> None:
    async def main() -> None:
        loop, second = asyncio.get_running_loop(), Writer()
        assert isinstance(loop, VirtualTimeLoop)
        async with known(first=Writer(pauses={30: 0.3}), here=second) as both:
            began = 11 * PACE

            def busy() -> None:
                loop._now += 1.0

            loop.call_later(began + 0.1, busy)
            assert (await ask(both)).text == TEXT and not second.requests

    run_in_virtual_time(main())


def test_who_leaves_leaves_both() -> None:
    async def main() -> None:
        first, second = Writer(HANGS, 30), Writer(pace=1.0)
        async with known(first=first, here=second) as both:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.8):
                    await ask(both)
            assert len(second.requests) == 1 and not (first.at_work or second.at_work)

    run_in_virtual_time(main())
