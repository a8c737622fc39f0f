"""Something that is on or off, and can be waited for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Switch"]


class Switch:
    """The mute of one device."""

    def __init__(self, name: str) -> None:
        self.name = name
        """Whose it is."""
        self.on = asyncio.Event()
        """Set while it is on."""
        self.off = asyncio.Event()
        """Set while it is off."""
        self.closed = asyncio.Event()
        """Set while nobody captures from the device's source."""
        self.turn = ""
        """The turn in which it was set last; empty where it was not in a turn."""
        self._captures = 0
        self.off.set()
        self.closed.set()

    def set(self, on: bool, turn: str = "") -> None:
        """Turn it on or off; who waits for that wakes up."""
        self.turn = turn
        (self.on if on else self.off).set()
        (self.off if on else self.on).clear()

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Note that somebody captures from the source for as long as the context is open."""
        self._captures += 1
        self.closed.clear()
        try:
            yield
        finally:
            self._captures -= 1
            if not self._captures:
                self.closed.set()
