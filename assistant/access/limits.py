"""How often somebody may ask: token buckets, which fill while nobody asks."""

import math
from collections.abc import Callable, Sequence

from assistant.access.caller import Scope
from assistant.config.doors import LimitsConfig

__all__ = ["Limits"]

_BUCKETS = 4096
"""Buckets that are remembered; the one that was asked longest ago is forgotten first, and by then mostly full."""

Bucket = tuple[str, Scope]
"""Whose bucket it is, and for what."""


class Limits:
    """The buckets."""

    def __init__(self, config: LimitsConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._buckets: dict[Bucket, tuple[float, float]] = {}

    def take(self, scope: Scope, whose: Sequence[str], count: int = 1, *, beside: int = 0) -> int:
        """Take *count* tokens of each bucket: of a key and of an address, say. Return 0.

        Where one has fewer take none, and return the whole seconds until it has them, and those *beside* them that
        have been taken for the same thing before. More than a full bucket holds count as so many.
        """
        minute = self._config.scopes.get(scope, self._config.minute)
        if not minute or not whose:
            return 0
        count = max(0, min(count, self._config.burst - beside))
        now, rate = self._clock(), minute / 60
        found = {(name, scope): self._level((name, scope), now, rate) for name in whose}
        if (least := min(found.values())) < count:
            return max(1, math.ceil((count + beside - least) / rate))
        for bucket, level in found.items():
            self._buckets.pop(bucket, None)
            if len(self._buckets) >= _BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            self._buckets[bucket] = (level - count, now)
        return 0

    def _level(self, bucket: Bucket, now: float, rate: float) -> float:
        level, at = self._buckets.get(bucket, (float(self._config.burst), now))
        return min(float(self._config.burst), level + (now - at) * rate)
