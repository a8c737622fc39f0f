"""A circuit breaker, second by second."""

import pytest

from assistant.routing import Breaker, State

CLOSED, OPEN, HALF_OPEN = State.CLOSED, State.OPEN, State.HALF_OPEN


def breaker(draw: float = 0.5) -> Breaker:
    return Breaker(lambda: draw)


def test_a_failure_opens_it_for_five_seconds_and_the_next_for_twice_as_long() -> None:
    one, now, pauses = breaker(), 100.0, []
    for _ in range(9):
        one.failed(now)
        opened = now
        while one.state(now) is OPEN:
            now += 0.5
        pauses.append(now - opened)
        assert one.state(now) is HALF_OPEN
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(("draw", "opens_at"), [(0.0, 4.0), (1.0, 6.0)])
def test_the_time_is_longer_or_shorter_by_chance(draw: float, opens_at: float) -> None:
    one = breaker(draw)
    one.failed(0.0)
    assert one.state(opens_at - 0.01) is OPEN and one.state(opens_at) is HALF_OPEN


def test_what_was_begun_before_and_fails_while_it_is_open_counts_once() -> None:
    one = breaker()
    for at in range(5):
        one.failed(float(at))
    assert one.state(5.0) is HALF_OPEN


def test_one_may_try_and_closes_it() -> None:
    one = breaker()
    one.failed(0.0)
    assert not one.begin(1.0)  # asked although it is open: nobody else was there
    assert one.begin(6.0) and one.state(6.0) is OPEN and not one.begin(6.0)
    one.end_trial()
    assert one.state(6.0) is HALF_OPEN  # the trial was left before anything came of it
    one.succeeded()
    assert one.state(6.0) is CLOSED
    one.failed(7.0)
    assert one.state(12.0) is HALF_OPEN  # from five seconds again


def test_a_sign_of_life_shortens_the_wait() -> None:
    one = breaker()
    one.failed(0.0)
    one.may_be_tried(1.0)
    assert one.state(1.0) is HALF_OPEN
