"""Whoever shows too many wrong keys waits, and nobody else (T5)."""

from assistant.access.backoff import Backoff


class Clock:
    """Seconds that a test lets pass."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def after(wrong: int) -> tuple[Backoff, Clock]:
    """Return what knows of an address with so many wrong keys."""
    backoff = Backoff(clock := Clock())
    for _ in range(wrong):
        backoff.wrong("192.0.2.1")
    return backoff, clock


def test_t5_twenty_wrong_keys_make_an_address_wait_and_no_other() -> None:
    backoff, _ = after(19)
    assert backoff.wait("192.0.2.1") == 0
    assert backoff.wrong("192.0.2.1")
    assert backoff.wait("192.0.2.1") == 1
    assert backoff.wait("192.0.2.2") == 0


def test_t5_each_further_one_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    backoff, clock = after(20)
    waits = []
    for _ in range(14):
        waits.append(wait := backoff.wait("192.0.2.1"))
        clock.now += wait
        assert backoff.wait("192.0.2.1") == 0
        assert backoff.wrong("192.0.2.1")
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_what_is_tried_while_it_waits_is_not_counted() -> None:
    backoff, clock = after(20)
    for _ in range(1000):
        assert not backoff.wrong("192.0.2.1")
    clock.now += 1
    assert backoff.wrong("192.0.2.1")
    assert backoff.wait("192.0.2.1") == 2


def test_an_hour_without_wrong_keys_forgives() -> None:
    backoff, clock = after(40)
    clock.now += 3700
    assert not backoff.wrong("192.0.2.1")
    for _ in range(18):
        assert not backoff.wrong("192.0.2.1")
    assert backoff.wrong("192.0.2.1")


def test_t5_a_crowd_of_addresses_takes_bounded_memory() -> None:
    backoff, _ = after(20)
    for number in range(20_000):
        backoff.wrong(f"2001:db8:0:{number:x}::/64")
    assert len(backoff._records) == 4096
