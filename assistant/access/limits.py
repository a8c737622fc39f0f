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

    def take(self, scope: Scope, whose: Sequence[str]) -> int:
        """Take a token of each bucket: of a key and of an address, say. Return 0.

        Where one is empty take none, and return the whole seconds until there is one again.
        """
        minute = self._config.scopes.get(scope, self._config.minute)
        if not minute:
            return 0
        now, rate = self._clock(), minute / 60
        found = {(name, scope): self._level((name, scope), now, rate) for name in whose}
        if (least := min(found.values(), default=1.0)) < 1:
            return max(1, math.ceil((1 - least) / rate))
        for bucket, level in found.items():
            self._buckets.pop(bucket, None)
            if len(self._buckets) >= _BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            self._buckets[bucket] = (level - 1, now)
        return 0

    def _level(self, bucket: Bucket, now: float, rate: float) -> float:
        level, at = self._buckets.get(bucket, (float(self._config.burst), now))
        return min(float(self._config.burst), level + (now - at) * rate)
