"""How often somebody may ask: a burst, then a steady rate, for each key, address and scope alone."""

from assistant.access import Scope
from assistant.access.limits import Limits
from assistant.config import Config
from assistant.config.doors import LimitsConfig


class Clock:
    """Seconds that a test lets pass."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_one_a_second() -> None:
    limits = Limits(Config().http.limits, clock := Clock())
    assert [limits.take(Scope.CHAT, ["key a"]) for _ in range(31)] == [0] * 30 + [1]
    for _ in range(5):
        clock.now += 1
        assert [limits.take(Scope.CHAT, ["key a"]) for _ in range(2)] == [0, 1]
    clock.now += 3600
    assert [limits.take(Scope.CHAT, ["key a"]) for _ in range(31)] == [0] * 30 + [1]


def test_several_at_once_are_taken_together_or_not_at_all() -> None:
    limits = Limits(LimitsConfig(minute=60, burst=10, scopes={Scope.HOME: 0}), clock := Clock())
    assert limits.take(Scope.CHAT, ["key a"], 7) == 0
    assert limits.take(Scope.CHAT, ["key a", "192.0.2.1"], 4) == 1
    assert limits.take(Scope.CHAT, ["key a"], 4, beside=2) == 3, "those beside them have to be there again, too"
    assert limits.take(Scope.CHAT, ["192.0.2.1"], 10) == 0, "what was refused has taken nothing"
    clock.now += 1
    assert limits.take(Scope.CHAT, ["key a"], 4) == 0
    assert limits.take(Scope.CHAT, ["key a"], 11) == 10
    clock.now += 10
    assert limits.take(Scope.CHAT, ["key a"], 1) == limits.take(Scope.CHAT, ["key a"], 99, beside=1) == 0
    assert limits.take(Scope.CHAT, ["key a"], 99, beside=1) == 10, "it has taken all there were"
    assert limits.take(Scope.HOME, ["key a"], 11) == limits.take(Scope.CHAT, [], 11) == 0


def test_keys_addresses_and_scopes_have_buckets_of_their_own() -> None:
    limits = Limits(LimitsConfig(minute=60, burst=1), Clock())
    assert limits.take(Scope.CHAT, ["key a", "192.0.2.1"]) == 0
    assert limits.take(Scope.CHAT, ["key a", "192.0.2.2"]) == 1
    assert limits.take(Scope.CHAT, ["key b", "192.0.2.1"]) == 1
    assert limits.take(Scope.AUDIO, ["key a", "192.0.2.1"]) == 0
    assert limits.take(Scope.CHAT, ["key b", "192.0.2.2"]) == 0, "what was refused has taken nothing"


def test_a_scope_may_have_another_rate_or_none() -> None:
    limits = Limits(LimitsConfig(minute=60, burst=1, scopes={Scope.AUDIO: 6, Scope.HOME: 0}), Clock())
    assert [limits.take(Scope.AUDIO, ["key a"]) for _ in range(2)] == [0, 10]
    assert [limits.take(Scope.HOME, ["key a"]) for _ in range(1000)] == [0] * 1000


def test_many_addresses_take_bounded_memory() -> None:
    limits = Limits(Config().http.limits, Clock())
    for number in range(20_000):
        assert limits.take(Scope.CHAT, [f"address {number}"]) == 0
    assert len(limits._buckets) == 4096
