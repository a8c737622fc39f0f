"""Who answers: by what the request holds, by plugins, by the order of the configuration."""

import asyncio
from typing import Any

import pytest

from assistant import (
    AudioChunk,
    AudioPart,
    Candidate,
    Capabilities,
    ChatMessage,
    ChatRequest,
    EngineError,
    Image,
    ImagePart,
)
from assistant.audio import SPEECH
from assistant.config.section import Balance, Strategy
from assistant.routing import Health, Route, Routing
from assistant.testing import run_in_virtual_time
from tests.routing.models import Writer, writers

TEXT = ChatRequest((ChatMessage.of("user", "Hello?"),))
IMAGE = ChatRequest((ChatMessage("user", (ImagePart(Image(b"", "image/png")),)), *TEXT.messages))
SOUND = ChatRequest((ChatMessage("user", (AudioPart(AudioChunk(b"", SPEECH)),)),))
BOTH = ChatRequest((*IMAGE.messages, *SOUND.messages))

PLAIN = Candidate("plain", Capabilities())
SEES = Candidate("sees", Capabilities(inputs=frozenset({"text", "image"})))
ALL = Candidate("all", Capabilities(inputs=frozenset({"text", "image", "audio"})))
DEAF = Candidate("odd", Capabilities(inputs=frozenset({"audio"})))


def asked(request: ChatRequest, candidates: list[Candidate], **how: Any) -> tuple[str, ...]:
    route = Route(tuple((one.id,) for one in candidates))
    return Routing(Health(lambda: 0.0)).decide(route, candidates, request, **how).models


@pytest.mark.parametrize(
    ("request_", "candidates", "wanted"),
    [
        (TEXT, [PLAIN, SEES], "plain"),
        (TEXT, [SEES, PLAIN], "sees"),
        (TEXT, [DEAF, PLAIN], "plain"),
        (IMAGE, [PLAIN, SEES, ALL], "sees"),
        (SOUND, [PLAIN, SEES, ALL], "all"),
        (BOTH, [PLAIN, SEES, ALL], "all"),
    ],
)
def test_the_first_that_takes_what_the_request_holds_answers(
    request_: ChatRequest, candidates: list[Candidate], wanted: str
) -> None:
    assert asked(request_, candidates)[0] == wanted


def test_a_plugin_chooses_among_those_that_fit() -> None:
    offered: list[tuple[Candidate, ...]] = []

    def last(request: ChatRequest, candidates: tuple[Candidate, ...]) -> str:
        offered.append(candidates)
        return candidates[-1].id

    assert asked(IMAGE, [PLAIN, SEES, ALL], ask_plugins=last) == ("all", "sees")
    assert offered == [(SEES, ALL)]


def test_where_nobody_fits_the_error_names_what_is_missing_and_who_was_asked() -> None:
    with pytest.raises(EngineError, match="no chat model takes image, text: plain, odd cannot") as error:
        asked(IMAGE, [PLAIN, DEAF])
    assert error.value.hint


def order(writer: dict[str, Writer], route: Route | None = None, **measured: tuple[float, float]) -> list[str]:
    """Return in which order writers are asked, of which seconds to the first words and tokens a second are known."""

    async def main() -> list[str]:
        async with writers(route, writer) as several:
            for id_, (first, pace) in measured.items():
                known = several.routing.health.measured(id_)
                known.first, known.pace = first, pace
            return several.order()

    return run_in_virtual_time(main())


THREE = {"small": Writer(rank=1000), "big": Writer(rank=8000, price=2.0, local=False), "odd": Writer(price=0.5)}


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("order", ["small", "big", "odd"]),
        ("accuracy", ["big", "small", "odd"]),
        ("cost", ["small", "odd", "big"]),
        ("private", ["small", "odd"]),
        ("performance", ["big", "odd", "small"]),
    ],
)
def test_a_strategy_orders_them(strategy: Strategy, wanted: list[str]) -> None:
    route = Route((("small",), ("big",), ("odd",)), strategy)
    assert order(THREE, route, small=(0.2, 10.0), big=(0.5, 60.0), odd=(0.1, 20.0)) == wanted


def test_who_was_never_measured_is_tried_where_speed_counts() -> None:
    route = Route((("small",), ("big",), ("odd",)), "performance")
    assert order(THREE, route, small=(0.2, 10.0), big=(0.5, 60.0))[0] == "odd"


def test_a_request_that_may_be_too_long_goes_to_who_has_room_but_nobody_is_left_out() -> None:
    assert order({"short": Writer(context=101), "long": Writer(context=4096)}) == ["long", "short"]
    assert order({"short": Writer(context=101), "open": Writer()}) == ["open", "short"]
    assert order({"enough": Writer(context=105), "long": Writer(context=4096)}) == ["enough", "long"]


def test_who_is_good_at_a_task_is_asked_first_where_one_is_named() -> None:
    async def main() -> None:
        async with writers(plain=Writer(), coder=Writer(good_at=("code",))) as both:
            assert both.order() == ["plain", "coder"]
            assert both.order(task="code") == ["coder", "plain"]
            assert both.order(task="summary") == ["plain", "coder"]

    run_in_virtual_time(main())


@pytest.mark.parametrize("balance", ["least_busy", "round_robin", "weighted"])
def test_equals_share_what_comes_at_once(balance: Balance) -> None:
    route = Route((("a", "b", "c"), ("last",)), balance=balance)

    async def main() -> None:
        three = {name: Writer(parallel=8 if name == "c" else 4) for name in "abc"}
        async with writers(route, {**three, "last": Writer()}) as several:
            await asyncio.gather(*(several.said() for _ in range(16)))
        shares = [len(writer.requests) for writer in three.values()]
        assert shares == ([4, 4, 8] if balance != "round_robin" else [6, 5, 5])

    run_in_virtual_time(main())


def test_the_fastest_of_equals_is_preferred_until_it_has_much_to_do() -> None:
    route = Route((("slow", "fast"),), balance="fastest")

    async def main() -> None:
        slow, fast = Writer(pace=0.02, parallel=1), Writer(pace=0.01, parallel=1)
        async with writers(route, slow=slow, fast=fast) as both:
            await both.said()
            await both.said(ChatRequest((ChatMessage.of("user", "Another question."),), max_tokens=100))
            assert both.order(TEXT)[0] == "fast"
            with both.routing.health.asking("fast"), both.routing.health.asking("fast"):
                assert both.order(TEXT)[0] == "slow"

    run_in_virtual_time(main())


def test_a_conversation_stays_where_it_is_known_unless_others_have_less_to_do() -> None:
    route = Route((("a", "b"),), balance="round_robin")

    async def main() -> None:
        async with writers(route, a=Writer(), b=Writer()) as both:
            ours = ChatRequest(TEXT.messages, conversation="kitchen", max_tokens=100)
            await both.said(ours)
            assert both.order(ours)[0] == "a" and both.order()[0] == "b"
            longer = (*TEXT.messages, ChatMessage.of("assistant", "Hi."), ChatMessage.of("user", "And?"))
            await both.said(TEXT)  # a program's, which has no name: by its beginning
            assert both.order(ChatRequest(longer))[0] == "b"
            with both.routing.health.asking("a"):
                assert both.order(ours)[0] == "b"

    run_in_virtual_time(main())


def test_what_fails_comes_last_and_who_was_away_does_not_get_all_that_it_missed() -> None:
    route = Route((("a", "b"),), balance="weighted")

    async def main() -> None:
        a, b = Writer(EngineError("gone")), Writer()
        async with writers(route, a=a, b=b) as both:
            for _ in range(10):
                await both.said()
            assert len(a.requests) == 1 and both.order() == ["b", "a"]
            a.fails = None
            await asyncio.sleep(600)
            for _ in range(4):
                await asyncio.gather(both.said(), both.said())
            assert len(a.requests) == 5

    run_in_virtual_time(main())


def test_the_watch_says_who_is_asleep_and_who_may_be_tried() -> None:
    async def main() -> None:
        async with writers(every={"pc/large": Writer(), "here": Writer()}) as both:
            health = both.routing.health
            health.is_silent("pc", "it refused the connection")
            assert both.order() == ["here", "pc/large"]
            decision = both.routing.decide(both.route, both.candidates(), TEXT)
            assert [choice.why for choice in decision.asked] == ["number 2 of the list", "its server does not answer"]
            await asyncio.sleep(3600)
            assert both.order() == ["here", "pc/large"]  # nobody pays for finding out
            health.answers("pc")
            assert both.order() == ["pc/large", "here"]
            with health.asking("pc/large"):
                health.is_silent("pc", "it did not list its models")  # it writes, and does one thing at a time
            assert both.order() == ["pc/large", "here"]

    run_in_virtual_time(main())


def test_a_failure_has_the_server_asked_at_once() -> None:
    async def main() -> None:
        async with writers(every={"pc/large": Writer(EngineError("gone")), "here": Writer()}) as both:
            doubted: list[str] = []
            both.routing.health.on_trouble = doubted.append
            await both.said()
            assert doubted == ["pc"]

    run_in_virtual_time(main())
