"""The receipt of a turn: parts that sum to what the person felt."""

import itertools

import pytest

from assistant.pipeline.receipt import STAGES, Receipt, Timeline


class Clock:
    """A clock that is set by hand."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def receipt(timeline: Timeline) -> Receipt:
    return Receipt("t", 0.0, "room", "jarvis", "answered", parts=timeline.parts())


def test_the_parts_are_what_each_stage_took_after_the_one_before(clock: Clock) -> None:
    timeline = Timeline(clock)
    timeline.start(100.0)
    for stage, at in zip(STAGES, (100.7, 101.2, 101.5, 101.5, 102.0), strict=True):
        timeline.mark(stage, at)
    assert list(timeline.parts()) == list(STAGES)
    assert list(timeline.parts().values()) == pytest.approx([0.7, 0.5, 0.3, 0.0, 0.5])
    assert receipt(timeline).voice_to_voice == pytest.approx(2.0)


def test_a_stage_counts_when_it_is_first_reached(clock: Clock) -> None:
    timeline = Timeline(clock)
    timeline.start()
    clock.now += 1
    timeline.mark("first_token")
    clock.now += 1
    timeline.mark("first_token")
    assert timeline.parts() == {"first_token": 1.0}


def test_a_new_start_forgets_what_was_reached(clock: Clock) -> None:
    timeline = Timeline(clock)
    timeline.mark("endpoint", 60)
    timeline.start(70)
    timeline.mark("transcript", 71)
    assert timeline.parts() == {"transcript": 1.0}


@pytest.mark.parametrize("order", list(itertools.permutations([101.0, 102.0, 103.0])))
def test_the_parts_sum_to_the_whole_in_whatever_order_stages_are_reached(
    clock: Clock, order: tuple[float, float, float]
) -> None:
    timeline = Timeline(clock)
    timeline.start(100.0)
    for stage, at in zip(("endpoint", "transcript", "first_audio"), order, strict=True):
        timeline.mark(stage, at)
    parts = timeline.parts()
    assert all(seconds >= 0 for seconds in parts.values())
    assert sum(parts.values()) == pytest.approx(max(order) - 100.0)


def test_nothing_reached_is_nothing_waited_for(clock: Clock) -> None:
    assert receipt(Timeline(clock)).voice_to_voice == 0
