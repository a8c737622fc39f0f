"""What is counted of turns, models and what was too slow, by what happened."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from assistant import EventType, Kind
from assistant.chat import Done, TextDelta, Usage
from assistant.engines import Capabilities, EngineConfig
from assistant.errors import EngineUnavailable
from assistant.events import EventBus, TurnEvent
from assistant.metrics import Family, text
from assistant.metrics.models import of_models
from assistant.metrics.turns import Turns
from assistant.models.pool import Model, Pool
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.receipt import Action, Drafting, Receipt
from assistant.routing import Health
from assistant.testing import FakeChat, fake_spec, silence

SPOKEN = Receipt(
    "t1",
    0.0,
    "kitchen",
    "home",
    "answered",
    wake_word="hey_jarvis",
    parts={"endpoint": 0.3, "transcript": 0.2, "first_token": 0.05, "first_clause": 0.02, "first_audio": 0.06},
    drafting=Drafting(begun=2, hit=True, wasted=0.4),
    actions=(Action("a tool\nof the model's own making", "act", "ok"), Action("b", "", "refused")),
    rung="chat",
    person="Ann",
)


def values(families: list[Family]) -> dict[str, float]:
    """Return each number by its name and labels, as they are written."""
    lines = [line for line in text(families).splitlines() if not line.startswith("#")]
    return {name: float(number) for name, number in (line.rsplit(" ", 1) for line in lines)}


def test_turns_are_counted_by_their_receipts() -> None:
    turns, kept = Turns({"kitchen"}), list[Receipt]()
    receipts = [
        SPOKEN,
        replace(SPOKEN, outcome="nothing", parts={}, drafting=Drafting(begun=1, wasted=0.1), actions=(), rung=""),
        replace(SPOKEN, outcome="failed", wake_word="", parts={"endpoint": 20.0}, drafting=Drafting(begun=1)),
        Receipt("t4", 0.0, "what a plugin calls its device", "home", "answered", parts={"first_token": 0.2}),
    ]
    for receipt in receipts:
        turns.counting(kept.append)(receipt)
    assert kept == receipts
    found = values([*turns.families()])
    assert found['inglenook_turns_total{assistant="home",device="kitchen",outcome="answered"}'] == 1
    assert found['inglenook_turns_total{assistant="home",device="kitchen",outcome="failed"}'] == 1
    assert found['inglenook_turns_total{assistant="home",device="",outcome="answered"}'] == 1
    assert found['inglenook_answers_total{rung="chat"}'] == 2
    assert found['inglenook_wake_words_total{device="kitchen",word="hey_jarvis"}'] == 2
    assert found["inglenook_drafts_begun_total"] == 4
    assert found["inglenook_drafts_wasted_seconds_total"] == pytest.approx(0.5)
    assert found['inglenook_drafts_committed_total{result="hit"}'] == 1
    assert found['inglenook_drafts_committed_total{result="miss"}'] == 1
    assert found['inglenook_tool_calls_total{outcome="ok",risk="act"}'] == 2
    stage = 'inglenook_turn_stage_seconds_bucket{device="kitchen",stage="endpoint",le='
    assert [found[f'{stage}"{edge}"}}'] for edge in ("0.2", "0.3", "10", "30", "+Inf")] == [0, 1, 1, 2, 2]
    total = 'device="kitchen",stage="total"}'
    assert found[f"inglenook_turn_stage_seconds_count{{{total}"] == 1
    assert found[f"inglenook_turn_stage_seconds_sum{{{total}"] == pytest.approx(0.63)
    written = text(turns.families())
    assert not [secret for secret in ("making", "Ann", "plugin", "t1") if secret in written]


async def test_models_are_told_by_what_they_were_asked_and_how_that_went() -> None:
    awkward = 'pc/la"r\nge'
    able = Capabilities(parallel=2)
    models = {
        id_: Model(id_, fake_spec("chat", Kind.CHAT, FakeChat()), EngineConfig(), able) for id_ in ("chat", awkward)
    }
    pool, now = Pool(models, lambda config: config), [0.0]
    health = Health(clock=lambda: now[0])
    for seconds in (0.1, 0.3):
        with health.asking("chat") as asking:
            now[0] += seconds
            asking.take(TextDelta("Hello"), now[0])
            asking.take(Done("stop", Usage(30, 20, 5)), now[0])
    with pytest.raises(EngineUnavailable), health.asking(awkward):
        raise EngineUnavailable("gone")
    with health.asking("pc/withdrawn") as asking:
        asking.take(Done("stop", Usage(-5, 0, -5)), now[0])
    async with pool.lease("chat"):
        found = values([*of_models(pool, health)])
    await pool.close()
    chat, other = 'model="chat",kind="chat",provider=""', r'model="pc/la\"r\nge",kind="chat",provider="pc"'
    told = {
        "open": (1, 0),
        "lent": (1, 0),
        "places": (2, 2),
        "waiting": (0, 0),
        "resting": (0, 1),
        "replies_total": (2, 0),
        "failures_total": (0, 1),
        "first_token_seconds_count": (2, 0),
    }
    for name, numbers in told.items():
        assert [found[f"inglenook_model_{name}{{{labels}}}"] for labels in (chat, other)] == [*numbers], name
    tokens = [found[f'inglenook_model_tokens_total{{{chat},type="{k}"}}'] for k in ("prompt", "cached", "completion")]
    assert tokens == [60, 40, 10]
    assert found[f"inglenook_model_first_token_seconds_sum{{{chat}}}"] == pytest.approx(0.4)
    assert found[f'inglenook_model_first_token_seconds{{{chat},quantile="0.95"}}'] == pytest.approx(0.3)
    assert not any("withdrawn" in name for name in found)


def test_what_a_server_says_of_tokens_never_counts_down() -> None:
    health = Health(clock=lambda: 0.0)
    for usage in (Usage(10, 5, 3), Usage(-100, -1, -7)):
        with health.asking("pc/large") as asking:
            asking.take(Done("stop", usage), 0.0)
    assert health.measured("pc/large").usage == Usage(10, 5, 3)


async def test_what_was_too_slow_is_counted() -> None:
    microphone, bus = Microphone(preroll=0.1, backlog=1.0), EventBus(backlog=4)
    async with aclosing(microphone.since(0.0)) as sound, aclosing(bus.subscribe()) as events:
        microphone.publish(silence(0.1, 0.0))
        await anext(sound)
        for n in range(1, 31):
            microphone.publish(silence(0.1, n * 0.1))
        event = TurnEvent(EventType.ERROR, "", "", 0.0)
        first = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        for _ in range(11):
            bus.publish(event)
        await first
        assert 19 <= microphone.lost <= 21
        assert bus.lost == 7


def test_a_request_that_was_not_answered_has_cost_nothing() -> None:
    health = Health(clock=lambda: 0.0)
    with health.asking("chat") as asking:
        asking.take(TextDelta("Hel"), 0.0)
    assert health.measured("chat").usage == Usage() and health.measured("chat").begun == 1
