"""Wrong keys: whoever shows too many waits, longer each time."""

import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Backoff"]

_FREE = 20
"""Wrong keys after which an address has to wait."""
_LONGEST = 900.0
"""Seconds of the longest wait."""
_FORGIVEN = 3600.0
"""Seconds without a wrong key after which they are forgotten."""
_ADDRESSES = 4096
"""Addresses that are remembered; the one that was wrong longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class _Record:
    """What is known of an address."""

    wrong: int
    """Wrong keys."""
    at: float
    """When the last one was shown, in seconds of the clock."""
    until: float
    """Until when it waits."""


class Backoff:
    """Who has shown wrong keys. A right key does not forgive: it may be one of a few, shown to try for another."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def wait(self, address: str) -> int:
        """Return the whole seconds for which nothing of an address is looked at; 0 where it may ask."""
        record = self._records.get(address)
        return max(0, math.ceil(record.until - self._clock())) if record else 0

    def wrong(self, address: str) -> bool:
        """Note a wrong key; tell whether the address has to wait from now on. While it waits none is counted."""
        if self.wait(address):
            return False
        now, before = self._clock(), self._records.pop(address, None)
        wrong = before.wrong + 1 if before and now - before.at < _FORGIVEN + (before.until - before.at) else 1
        wait = min(2.0 ** min(wrong - _FREE, 30), _LONGEST) if wrong >= _FREE else 0.0
        if len(self._records) >= _ADDRESSES:
            del self._records[next(iter(self._records))]
        self._records[address] = _Record(wrong, now, now + wait)
        return wait > 0
