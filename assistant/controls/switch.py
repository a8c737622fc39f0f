"""Something that is on or off, and can be waited for."""

import asyncio

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
        self.captures = 0
        """How many listen to the device's source now: 0 where it is closed."""
        self.turn = ""
        """The turn in which it was set last; empty where it was not in a turn."""
        self.off.set()

    def set(self, on: bool, turn: str = "") -> None:
        """Turn it on or off; who waits for that wakes up."""
        self.turn = turn
        (self.on if on else self.off).set()
        (self.off if on else self.on).clear()
